import { Command, CommanderError } from 'commander';
import { policies, toFault, type Fault } from '#base/fault.ts';
import { addLink } from './link/link-options.ts';
import { addSql } from './sql/sql-options.ts';
import { processTerminal } from './terminal.ts';
import { addUp } from './up/up-options.ts';

const terminal = processTerminal();

const program = new Command('isthmus')
  .description('The private path and the link: operational databases replicated into analytical pools.')
  .version('0.1.0')
  .exitOverride()
  .configureOutput({ outputError: () => undefined });

addUp(program, terminal);
addLink(program, terminal);
addSql(program, terminal);

function fail(problem: Fault): never {
  process.stderr.write(wantsJson() ? faultJson(problem) : faultLines(problem));
  if (problem.kind === 'bug') process.stderr.write(`${problem.cause instanceof Error ? problem.cause.stack : problem.stack}\n`);
  process.exit(policies[problem.kind].exit);
}

/** Whoever asked for JSON reads faults as JSON too. */
function wantsJson(): boolean {
  return /(^| )(-o ?|--(output|format)[= ])json( |$)/.test(process.argv.slice(2).join(' '));
}

function faultJson({ code, message, target, remedy }: Fault): string {
  return `${JSON.stringify({ error: { code, message, target, remedy } })}\n`;
}

function faultLines({ code, message, remedy }: Fault): string {
  return `error ${code}: ${message}\n${remedy ? `remedy: ${remedy}\n` : ''}`;
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
