import type { Command } from 'commander';
import { inSession, withServer, type ServerOptions } from './options.ts';
import { outputOption, type OutputFormat } from './output.ts';
import type { CliTerminal } from './terminal.ts';

interface ApplyFlags extends ServerOptions {
  readonly file: readonly string[];
  readonly group?: string;
  readonly location?: string;
  readonly scope?: string;
  readonly parameters: readonly string[];
  readonly output: OutputFormat;
}

/** Adds `apply`, `diff`, `delete`, `get`, `rest`, `audit`. */
export function addResources(program: Command, terminal: CliTerminal): void {
  addApply(program, terminal);
  addDelete(program, terminal);
  addGet(program, terminal);
  addRest(program, terminal);
  addAudit(program, terminal);
}

function withFiles(command: Command): Command {
  return withServer(command)
    .requiredOption('-f, --file <file...>', 'ARM templates, or resources as YAML or JSON; folders; - for standard input')
    .option('-g, --group <name>', 'the resource group')
    .option('--location <name>', 'make the group here if it is missing')
    .option('--scope <id>', 'in place of the group: an id, or /')
    .option('--parameters <value...>', "of a template: name=value, name=@FILE for a file's text, @FILE for a file of parameters", [])
    .addOption(outputOption(['table', 'json']));
}

function addApply(program: Command, terminal: CliTerminal): void {
  withFiles(program.command('apply'))
    .description('Make what the files ask for: says what will change, asks on a terminal, waits. What is so already is left alone.')
    .option('--yes', 'do not ask', false)
    .option('--what-if', 'only say what would change', false)
    .option('--rewrite', 'write also what does not differ, such as changed passwords, which cannot be compared', false)
    .action(async (flags: ApplyFlags & { yes: boolean; whatIf: boolean; rewrite: boolean }) => {
      const { applyCommand } = await import('./apply.ts');
      const { file: files, group, location, scope, parameters, yes, whatIf, rewrite, output } = flags;
      const request = { files, group, location, scope, parameters, yes, whatIf, rewrite, output };
      await inSession(flags, terminal, (session) => applyCommand(request, session));
    });
  withFiles(program.command('diff'))
    .description('Say what apply would change.')
    .action(async (flags: ApplyFlags) => {
      const { diffCommand } = await import('./apply.ts');
      const { file: files, group, location, scope, parameters, output } = flags;
      await inSession(flags, terminal, (session) => diffCommand({ files, group, location, scope, parameters, output }, session));
    });
}

function addDelete(program: Command, terminal: CliTerminal): void {
  withServer(program.command('delete'))
    .description('Delete resources, by id or by the files that asked for them.')
    .argument('[ids...]', 'whole ids')
    .option('-f, --file <file...>', 'resources as YAML or JSON; - for standard input', [])
    .option('-g, --group <name>', 'the resource group of resources in files that do not say theirs')
    .option('--yes', 'do not ask', false)
    .action(async (ids: readonly string[], flags: ServerOptions & { file: readonly string[]; group?: string; yes: boolean }) => {
      const { deleteCommand } = await import('./delete.ts');
      await inSession(flags, terminal, (session) => deleteCommand({ ids, files: flags.file, group: flags.group, yes: flags.yes }, session));
    });
}

function addGet(program: Command, terminal: CliTerminal): void {
  withServer(program.command('get'))
    .description('Show one resource, or all of a type.')
    .argument('<type>', 'groups, deployments, virtualNetworks, Microsoft.Network/virtualNetworks, or an id')
    .argument('[name]', 'its name; parent/name for a child, and for a list of children the parent')
    .option('-g, --group <name>', 'the resource group')
    .option('--scope <id>', 'in place of the group: an id, or /')
    .addOption(outputOption())
    .action(
      async (what: string, name: string | undefined, flags: ServerOptions & { group?: string; scope?: string; output: OutputFormat }) => {
        const { getCommand } = await import('./get.ts');
        const { group, scope, output } = flags;
        await inSession(flags, terminal, (session) => getCommand({ what, name, group, scope, output }, session));
      },
    );
}

function addRest(program: Command, terminal: CliTerminal): void {
  withServer(program.command('rest'))
    .description('One request as it is, for what no command does.')
    .argument('<method>', 'GET, PUT, PATCH, POST, DELETE')
    .argument('<path>', '/subscriptions/…; ?api-version=… where it matters')
    .option('--body <json>', 'JSON, @FILE, or @- for standard input')
    .option('--header <header...>', "such as 'if-match: *'", [])
    .action(async (method: string, path: string, flags: ServerOptions & { body?: string; header: readonly string[] }) => {
      const { restCommand } = await import('./rest.ts');
      await inSession(flags, terminal, (session) => restCommand({ method, path, body: flags.body, headers: flags.header }, session));
    });
}

function addAudit(program: Command, terminal: CliTerminal): void {
  withServer(program.command('audit'))
    .description('The audit log: every write, refusal and sign-in.')
    .option('--since <time>', 'from then on: 2026-11-22T06:00:00Z, or 30m, 12h, 7d')
    .option('--verify', 'see whether a record was changed, removed or moved', false)
    .addOption(outputOption(['table', 'json']))
    .action(async (flags: ServerOptions & { since?: string; verify: boolean; output: 'table' | 'json' }) => {
      const { auditCommand } = await import('./audit.ts');
      const { since, verify, output } = flags;
      await inSession(flags, terminal, (session) => auditCommand({ since, verify, output }, session));
    });
}
