import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { policies, toFault, type Fault } from '#base/fault.ts';
import { linkCommand, type LinkCommand } from './link/link-command.ts';

const interrupted = new AbortController();
let interrupts = 0;
for (const name of ['SIGINT', 'SIGTERM'] as const) {
  process.on(name, () => {
    // The first asks for an orderly end; a second one will not wait for it.
    if (interrupts++ > 0) process.exit(130);
    interrupted.abort();
  });
}

function wholeNumber(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError('a whole number is needed.');
  return Number(text);
}

const program = new Command('isthmus')
  .description('The private path and the link: operational databases replicated into analytical pools.')
  .version('0.1.0')
  .exitOverride()
  .configureOutput({ outputError: () => undefined });

program
  .command('link')
  .description('Snapshot one database into one DuckDB file and follow its changes. Kill it anywhere, run it again: it resumes.')
  .requiredOption('--from <url>', 'the source: postgres://user@host:port/database (password: PGPASSWORD or --password-file)')
  .requiredOption('--to <file>', 'the pool: a DuckDB file, made if it is not there')
  .option('--tables <patterns>', "which tables: 'public.*', 'sales.order_*,!sales.order_tmp'", 'public.*')
  .option('--once', 'end when the pool holds what the source held at the start', false)
  .option('--check', 'only check the source and say what would be lost', false)
  .option('--release', 'give back the replication slot and publications at the source, and end', false)
  .option('--resync [tables]', 'empty these tables (without names: all) and copy them anew')
  .option('--as-text <columns>', 'schema.table.column, …: copy these columns as text', (list: string) => list.split(',').map((one) => one.trim()), [])
  .option('--failover', 'ask for a slot that standbys keep too (PostgreSQL 17+)', false)
  .option('--memory <MB>', 'memory for the pool engine', wholeNumber, 192)
  .option('--password-file <file>', 'read the password from this file')
  .addOption(new Option('--on-existing <action>', 'for tables that the pool file already has').choices(['drop', 'fail-if-not-empty', 'merge']).default('fail-if-not-empty'))
  .action(async (options: Record<string, unknown>) => {
    // The URL may hold a password, and other users can read arguments.
    process.title = 'isthmus link';
    const command = { ...options, memoryMb: options['memory'], password: process.env['PGPASSWORD'], passwordFile: options['passwordFile'] } as unknown as LinkCommand;
    await linkCommand(command, { write: (text) => process.stderr.write(text), isTerminal: process.stderr.isTTY, columns: process.stderr.columns ?? 80 }, interrupted.signal);
  });

function fail(problem: Fault): never {
  process.stderr.write(`error ${problem.code}: ${problem.message}\n${problem.remedy ? `remedy: ${problem.remedy}\n` : ''}`);
  if (problem.kind === 'bug') process.stderr.write(`${problem.cause instanceof Error ? problem.cause.stack : problem.stack}\n`);
  process.exit(policies[problem.kind].exit);
}

try {
  await program.parseAsync();
  process.exit(0);
} catch (error) {
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) process.exit(0);
    process.stderr.write(`error BadUse: ${error.message.replace(/^error: /, '')}\nremedy: isthmus --help\n`);
    process.exit(2);
  }
  fail(toFault(error));
}
