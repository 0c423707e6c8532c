import type { Command } from 'commander';
import type { LinkVerb } from './link-control.ts';
import { inSession, withServer, type ServerOptions } from './options.ts';
import { outputOption, type OutputFormat } from './output.ts';
import type { CliTerminal } from './terminal.ts';

interface LinkFlags extends ServerOptions {
  readonly workspace?: string;
  readonly output: OutputFormat;
}

/** Adds `links`. */
export function addLinks(program: Command, terminal: CliTerminal): void {
  const links = program.command('links').description('Link connections of workspaces: what they do, and what they are to do.');
  withWorkspace(links.command('list'))
    .description('All links, what each is doing, and how far behind its source it is.')
    .action(async ({ workspace, output, ...server }: LinkFlags) => {
      const { listLinksCommand } = await import('./link-view.ts');
      await inSession(server, terminal, (session) => listLinksCommand({ workspace, output }, session));
    });
  withLink(links.command('show'))
    .description('One link: its state, its tables with rows and last commit, and what is wrong with the remedy.')
    .action(async (name: string, { workspace, output, ...server }: LinkFlags) => {
      const { showLinkCommand } = await import('./link-view.ts');
      await inSession(server, terminal, (session) => showLinkCommand({ name, workspace, output }, session));
    });
  withLink(links.command('preflight'))
    .description('What would keep the link from starting, and what becomes of each column. Changes nothing at the source.')
    .action(async (name: string, { workspace, output, ...server }: LinkFlags) => {
      const { preflightCommand } = await import('./link-view.ts');
      await inSession(server, terminal, (session) => preflightCommand({ name, workspace, output }, session));
    });
  withLink(links.command('proof'))
    .description('What the workers of a link say that they moved, against what was counted for them, by endpoint and elsewhere.')
    .action(async (name: string, { workspace, output, ...server }: LinkFlags) => {
      const { linkProofCommand } = await import('./link-proof.ts');
      await inSession(server, terminal, (session) => linkProofCommand({ name, workspace, output }, session));
    });
  addControl(links, terminal, 'start', 'Copy every table, then follow its changes.');
  addControl(links, terminal, 'stop', 'End it, and give back what it keeps at its source; the next start copies everything anew.');
  addControl(links, terminal, 'pause', 'Rest, keeping its place in the log of its source.');
  addControl(links, terminal, 'resume', 'Go on from where it was paused.');
  addTables(links, terminal);
  addResync(links, terminal);
}

function addControl(links: Command, terminal: CliTerminal, verb: LinkVerb, description: string): void {
  withLink(links.command(verb))
    .description(`${description} Waits until it is so.`)
    .option('--no-wait', 'end as soon as the server has taken it')
    .action(async (name: string, { workspace, output, wait, ...server }: LinkFlags & { wait: boolean }) => {
      const { controlLinkCommand } = await import('./link-control.ts');
      await inSession(server, terminal, (session) => controlLinkCommand({ verb, wait, name, workspace, output }, session));
    });
}

interface AddFlags extends LinkFlags {
  readonly to?: string;
  readonly distribution?: string;
  readonly distributionColumn?: string;
  readonly structure?: string;
}

function addTables(links: Command, terminal: CliTerminal): void {
  withLink(links.command('add-table'))
    .description('Add tables to a link, also while it runs: they are copied, the others go on undisturbed.')
    .argument('<tables...>', 'such as public.orders')
    .option('--to <table>', 'the table in the pool (default: of the same name)')
    .option('--distribution <type>', 'Hash, Round_Robin or Replicate')
    .option('--distribution-column <name>', 'with Hash')
    .option('--structure <type>', 'ColumnStoreIndex, Heap or ClusteredIndex')
    .action(async (name: string, tables: readonly string[], flags: AddFlags) => {
      const { addTablesCommand } = await import('./link-control.ts');
      const { workspace, output, to, distribution, distributionColumn, structure, ...server } = flags;
      const request = { name, workspace, output, tables, to, distribution, distributionColumn, structure };
      await inSession(server, terminal, (session) => addTablesCommand(request, session));
    });
  withLink(links.command('remove-table'))
    .description('Take tables out of a link; what the pool has of them stays.')
    .argument('<tables...>', 'such as public.orders')
    .action(async (name: string, tables: readonly string[], { workspace, output, ...server }: LinkFlags) => {
      const { removeTablesCommand } = await import('./link-control.ts');
      await inSession(server, terminal, (session) => removeTablesCommand({ name, workspace, output, tables }, session));
    });
}

function addResync(links: Command, terminal: CliTerminal): void {
  withLink(links.command('resync'))
    .description('Copy tables anew while the link goes on; without tables, stop and start it, which copies everything.')
    .argument('[tables...]', 'such as public.orders')
    .option('--no-wait', 'do not wait until it runs again')
    .action(async (name: string, tables: readonly string[], { workspace, output, wait, ...server }: LinkFlags & { wait: boolean }) => {
      const { resyncCommand } = await import('./link-control.ts');
      await inSession(server, terminal, (session) => resyncCommand({ name, workspace, output, tables, wait }, session));
    });
}

function withLink(command: Command): Command {
  return withWorkspace(command.argument('<name>', 'of the link connection'));
}

function withWorkspace(command: Command): Command {
  return withServer(command)
    .option('--workspace <name>', 'the workspace it is in (default: all that you may read)')
    .addOption(outputOption(['table', 'json']));
}
