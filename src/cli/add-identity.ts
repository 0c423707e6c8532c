import type { Command } from 'commander';
import { inSession, withServer, type ServerOptions } from './options.ts';
import { outputOption, type OutputFormat } from './output.ts';
import type { CliTerminal } from './terminal.ts';

interface LoginFlags extends ServerOptions {
  readonly endpoint?: string;
  readonly clientId?: string;
  readonly tenant?: string;
  readonly secretFile?: string;
  readonly ca?: string;
}

/** Adds `login`, `logout`, `account`, `token`, `studio`, `credential`. */
export function addIdentity(program: Command, terminal: CliTerminal): void {
  addSignIn(program, terminal);
  addAccount(program, terminal);
  addCredential(program, terminal);
}

function addSignIn(program: Command, terminal: CliTerminal): void {
  program
    .command('login')
    .description('Sign in as a service principal. On the machine of the server nobody needs to: commands find its administrator.')
    .option('--endpoint <url>', 'the server (default: the isthmus up of the data folder, else https://localhost:4433)')
    .option('--client-id <id>', 'client id of the service principal')
    .option('--tenant <id>', 'tenant (default: that of the server)')
    .option('--secret-file <file>', 'file that holds the secret; without it: ISTHMUS_CLIENT_SECRET, else it is asked for')
    .option('--ca <file>', "the server's ca.pem (default: that of the data folder)")
    .option('--subscription <id>', 'the subscription that commands use (default: the first)')
    .option('--data <folder>', 'the data folder of an isthmus up on this machine')
    .action(async (flags: LoginFlags) => {
      const [{ loginCommand }, { dataFolder }] = await Promise.all([import('./login.ts'), import('./identity.ts')]);
      const { endpoint, clientId, tenant, secretFile, ca, subscription, data = dataFolder() } = flags;
      await loginCommand({ endpoint, clientId, tenant, secretFile, ca, subscription, data }, terminal);
    });
  program
    .command('logout')
    .description('Forget who signed in, and all tokens.')
    .action(async () => {
      const { logoutCommand } = await import('./login.ts');
      await logoutCommand(terminal);
    });
}

function addAccount(program: Command, terminal: CliTerminal): void {
  const account = program.command('account').description('Who asks.');
  withServer(account.command('show'))
    .description('Who asks, which server, and its subscriptions.')
    .addOption(outputOption(['table', 'json']))
    .action(async (options: ServerOptions & { output: 'table' | 'json' }) => {
      const { accountCommand } = await import('./account.ts');
      await inSession(options, terminal, (session) => accountCommand(options.output, session));
    });
  withServer(program.command('token'))
    .description('Print a bearer token.')
    .option('--resource <url>', 'for whom, such as https://dev.azuresynapse.net (default: the server)')
    .action(async ({ resource, ...options }: ServerOptions & { resource?: string }) => {
      const { tokenCommand } = await import('./account.ts');
      await inSession(options, terminal, (session) => tokenCommand(resource, session));
    });
  withServer(program.command('studio'))
    .description('Print a link that signs you in to the Studio, in the browser that opens it first, within an hour.')
    .addOption(outputOption(['table', 'json']))
    .action(async (options: ServerOptions & { output: 'table' | 'json' }) => {
      const { studioCommand } = await import('./studio.ts');
      await inSession(options, terminal, (session) => studioCommand(options.output, session));
    });
}

interface CreateFlags extends ServerOptions {
  readonly role?: string;
  readonly scope?: string;
  readonly lifetime?: string;
  readonly output: OutputFormat;
}

function addCredential(program: Command, terminal: CliTerminal): void {
  const credential = program.command('credential').description('Service principals: who may sign in.');
  withServer(credential.command('create'))
    .description('Make a service principal, or one more secret for it; prints client id, secret (this once) and tenant.')
    .argument('<name>', 'its name')
    .option('--role <role>', 'a role to give it, such as Reader')
    .option('--scope <id>', 'where the role is given: an id, or / (default: the subscription)')
    .option('--lifetime <time>', 'how long the secret lasts: 90d, 12h (default: a year)')
    .addOption(outputOption())
    .action(async (name: string, options: CreateFlags) => {
      const { createCredential } = await import('./credential.ts');
      const { role, scope, lifetime, output } = options;
      await inSession(options, terminal, (session) => createCredential({ name, role, scope, lifetime, output }, session));
    });
  withServer(credential.command('grant'))
    .description('Give a role to a service principal that is there.')
    .argument('<name>', 'its name')
    .requiredOption('--role <role>', 'the role, such as Reader')
    .option('--scope <id>', 'where: an id, or / (default: the subscription)')
    .action(async (name: string, options: ServerOptions & { role: string; scope?: string }) => {
      const { grantRole } = await import('./credential.ts');
      await inSession(options, terminal, (session) => grantRole({ name, role: options.role, scope: options.scope }, session));
    });
  withServer(credential.command('list'))
    .description('All service principals.')
    .addOption(outputOption())
    .action(async (options: ServerOptions & { output: OutputFormat }) => {
      const { listCredentials } = await import('./credential.ts');
      await inSession(options, terminal, (session) => listCredentials(options.output, session));
    });
  withServer(credential.command('delete'))
    .description('Delete a service principal: nobody signs in with it any more.')
    .argument('<name>', 'its name')
    .action(async (name: string, options: ServerOptions) => {
      const { deleteCredential } = await import('./credential.ts');
      await inSession(options, terminal, (session) => deleteCredential(name, session));
    });
}
