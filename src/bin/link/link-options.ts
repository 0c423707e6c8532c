import { Option, type Command } from 'commander';
import { environmentVariable } from '#base/config.ts';
import type { LinkCommand } from './link-command.ts';
import { type Terminal, wholeNumber } from '../terminal.ts';

/** Adds `isthmus link`. */
export function addLink(program: Command, terminal: Terminal): void {
  program
    .command('link')
    .description('Snapshot one database into one DuckDB file and follow its changes. Kill it anywhere, run it again: it resumes.')
    .requiredOption(
      '--from <url>',
      'the source: postgres://user@host:port/database or sqlserver://… (password: --password-file, for PostgreSQL also PGPASSWORD)',
    )
    .requiredOption('--to <file>', 'the pool: a DuckDB file, made if it is not there')
    .option('--tables <patterns>', "which tables: 'sales.order_*,!sales.order_tmp' (default: 'public.*', at SQL Server 'dbo.*')")
    .addOption(
      new Option('--capture <way>', 'SQL Server: how changes are told').choices(['change-tracking', 'cdc']).default('change-tracking'),
    )
    .option('--once', 'end when the pool holds what the source held at the start', false)
    .option('--check', 'only check the source and say what would be lost', false)
    .option('--release', 'give back the replication slot and publications at the source, and end', false)
    .option('--resync [tables]', 'empty these tables (without names: all) and copy them anew')
    .option(
      '--as-text <columns>',
      'schema.table.column, …: copy these columns as text',
      (list: string) => list.split(',').map((one) => one.trim()),
      [],
    )
    .option('--failover', 'ask for a slot that standbys keep too (PostgreSQL 17+)', false)
    .option('--memory <MB>', 'memory for the pool engine', wholeNumber, 160)
    .option('--password-file <file>', 'read the password from this file')
    .addOption(
      new Option('--on-existing <action>', 'for tables that the pool file already has')
        .choices(['drop', 'fail-if-not-empty', 'merge'])
        .default('fail-if-not-empty'),
    )
    .action(async (options: Record<string, unknown>) => {
      // The URL may hold a password, and other users can read arguments.
      process.title = 'isthmus link';
      const command = { ...options, memoryMb: options['memory'], password: environmentVariable('PGPASSWORD') } as unknown as LinkCommand;
      const { columns } = terminal.size();
      const { linkCommand } = await import('./link-command.ts');
      await linkCommand(command, { write: terminal.writeError, isTerminal: terminal.isTerminal, columns }, terminal.interrupted);
    });
}
