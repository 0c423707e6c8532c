import { Command, CommanderError } from 'commander';
import { addAuthoring } from '#cli/authoring-options.ts';
import { addIdentity } from '#cli/add-identity.ts';
import { addResources } from '#cli/add-resources.ts';
import { addEndpoint } from '#cli/endpoint-options.ts';
import { addExplain } from '#cli/explain-options.ts';
import { addLinks } from '#cli/link-options.ts';
import { policies, toFault, type Fault } from '#base/fault.ts';
import { version } from '#base/version.ts';
import { addDoctor } from './doctor/doctor-options.ts';
import { addLink } from './link/link-options.ts';
import { addSecrets } from './secrets/secrets-options.ts';
import { addSql } from './sql/sql-options.ts';
import { processTerminal, type Terminal } from './terminal.ts';
import { addDown, addUp } from './up/up-options.ts';

/** Runs what the arguments ask for, says what went wrong, and ends the process with the exit code of that. */
export async function main(): Promise<never> {
  const terminal = processTerminal();
  const args = process.argv.slice(2);
  try {
    await programOf(terminal).parseAsync(args, { from: 'user' });
    process.exit(0);
  } catch (error) {
    if (!(error instanceof CommanderError)) fail(toFault(error), terminal, args);
    if (error.exitCode === 0) process.exit(0);
    terminal.writeError(`error BadUse: ${error.message.replace(/^error: /, '')}\nremedy: isthmus --help\n`);
    process.exit(2);
  }
}

function programOf(terminal: Terminal): Command {
  const program = new Command('isthmus')
    .description('The private path and the link: operational databases replicated into analytical pools.')
    .version(version)
    .exitOverride()
    .configureOutput({ outputError: () => undefined });
  addUp(program, terminal);
  addDown(program, terminal);
  addLink(program, terminal);
  addSql(program, terminal);
  addIdentity(program, terminal);
  addResources(program, terminal);
  addSecrets(program, terminal);
  addDoctor(program, terminal);
  addEndpoint(program, terminal);
  addExplain(program, terminal);
  addAuthoring(program, terminal);
  addLinks(program, terminal);
  return program;
}

function fail(problem: Fault, terminal: Terminal, args: readonly string[]): never {
  terminal.writeError(wantsJson(args) ? faultJson(problem) : faultLines(problem));
  if (problem.kind === 'bug') terminal.writeError(`${problem.cause instanceof Error ? problem.cause.stack : problem.stack}\n`);
  process.exit(policies[problem.kind].exit);
}

/** Whoever asked for JSON reads faults as JSON too. */
export function wantsJson(args: readonly string[]): boolean {
  return args.some(
    (arg, i) => /^(-o|--output=|--format=)json$/.test(arg) || (/^(-o|--output|--format)$/.test(arg) && args[i + 1] === 'json'),
  );
}

function faultJson({ code, message, target, remedy }: Fault): string {
  return `${JSON.stringify({ error: { code, message, target, remedy } })}\n`;
}

function faultLines({ code, message, remedy }: Fault): string {
  return `error ${code}: ${message}\n${remedy ? `remedy: ${remedy}\n` : ''}`;
}
