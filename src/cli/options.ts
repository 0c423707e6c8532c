import type { Command } from 'commander';
import type { Session, SessionOptions } from './session.ts';
import type { CliTerminal } from './terminal.ts';

export interface ServerOptions {
  readonly data?: string;
  readonly subscription?: string;
}

/** Options of every command that asks a server. */
export function withServer(command: Command): Command {
  return command
    .option('--data <folder>', 'ask the isthmus up of this data folder, as its administrator (default: who signed in, else ./.isthmus)')
    .option('--subscription <id>', 'the subscription (default: that of the sign-in, else the first)');
}

/** Runs a command with a session, which is then closed. */
export async function inSession(options: ServerOptions, terminal: CliTerminal, run: (session: Session) => Promise<void>): Promise<void> {
  const { openSession } = await import('./session.ts');
  const { data, subscription } = options;
  const given: SessionOptions = { ...(data === undefined ? {} : { data }), ...(subscription === undefined ? {} : { subscription }) };
  using session = openSession(given, terminal);
  await run(session);
}
