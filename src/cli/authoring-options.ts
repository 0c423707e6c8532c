import type { Command } from 'commander';
import { inSession, withServer, type ServerOptions } from './options.ts';
import { outputOption, type OutputFormat } from './output.ts';
import type { CliTerminal } from './terminal.ts';

interface HomeFlags extends ServerOptions {
  readonly workspace?: string;
  readonly factory?: string;
  readonly group?: string;
  readonly output: OutputFormat;
}

/** Adds `test-connection` and `egress`. */
export function addAuthoring(program: Command, terminal: CliTerminal): void {
  withHome(program.command('test-connection'))
    .description('Test the connection of a linked service, hop by hop, from where its integration runtime stands.')
    .argument('<linked-service>', 'its name')
    .option('--enable', 'enable interactive authoring first', false)
    .action(async (linkedService: string, { workspace, factory, group, enable, output, ...server }: HomeFlags & { enable: boolean }) => {
      const { testConnectionCommand } = await import('./test-connection.ts');
      const request = { linkedService, workspace, factory, group, enable, output };
      await inSession(server, terminal, (session) => testConnectionCommand(request, session));
    });
  const egress = program.command('egress').description('What leaves the managed networks of workspaces and data factories.');
  withHome(egress.command('report'))
    .description('What was refused, for whom and why; what was let out; and what enforcing would break.')
    .action(async ({ workspace, factory, group, output, ...server }: HomeFlags) => {
      const { egressCommand } = await import('./egress.ts');
      await inSession(server, terminal, (session) => egressCommand({ workspace, factory, group, output }, session));
    });
}

function withHome(command: Command): Command {
  return withServer(command)
    .option('--workspace <name>', 'the workspace that is meant')
    .option('--factory <name>', 'the data factory that is meant')
    .option('-g, --group <name>', 'its resource group')
    .addOption(outputOption(['table', 'json']));
}
