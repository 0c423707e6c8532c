import type { Command } from 'commander';
import type { DecisionVerb } from './endpoint.ts';
import { inSession, withServer, type ServerOptions } from './options.ts';
import { outputOption, type OutputFormat } from './output.ts';
import type { CliTerminal } from './terminal.ts';

interface EndpointFlags extends ServerOptions {
  readonly group?: string;
  readonly scope?: string;
  readonly output: OutputFormat;
}

/** Adds `endpoint list`, `approve`, `reject`, `revoke`: what the owner of a database is asked for, and decides. */
export function addEndpoint(program: Command, terminal: CliTerminal): void {
  const endpoint = program
    .command('endpoint')
    .description('Private endpoints that ask for your databases and services: who asks, and whether they may.');
  withPlace(endpoint.command('list'))
    .description('Who asks for what, those that wait for you first.')
    .action(async (flags: EndpointFlags) => {
      const { listEndpoints } = await import('./endpoint.ts');
      await inSession(flags, terminal, (session) => listEndpoints(placeOf(flags), session));
    });
  addDecision(endpoint, terminal, 'approve', 'Let it through.');
  addDecision(endpoint, terminal, 'reject', 'Refuse one that waits.');
  addDecision(endpoint, terminal, 'revoke', 'Take an approval back: its open connections are cut.');
}

function addDecision(endpoint: Command, terminal: CliTerminal, verb: DecisionVerb, description: string): void {
  withPlace(endpoint.command(verb))
    .description(description)
    .argument('<name>', 'of the private endpoint or of its connection, or the whole id of either')
    .requiredOption('--because <text>', 'why; who asked reads it, and the audit log keeps it')
    .action(async (name: string, flags: EndpointFlags & { because: string }) => {
      const { decideEndpoint } = await import('./endpoint.ts');
      await inSession(flags, terminal, (session) => decideEndpoint({ verb, name, because: flags.because, ...placeOf(flags) }, session));
    });
}

function withPlace(command: Command): Command {
  return withServer(command)
    .option('-g, --group <name>', 'the resource group of what is asked for')
    .option('--scope <id>', 'in place of the group: the id of a group, a database server or a private link service')
    .addOption(outputOption(['table', 'json']));
}

function placeOf({ group, scope, output }: EndpointFlags): { group: string | undefined; scope: string | undefined; output: OutputFormat } {
  return { group, scope, output };
}
