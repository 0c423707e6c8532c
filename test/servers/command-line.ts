import { Command } from 'commander';
import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { startArmServer, testClient, testSubscription, testTenant, type ArmServer } from './arm-server.ts';

export interface Ran {
  readonly out: string;
  readonly err: string;
}

/** Commands in this process, against a little server of their own: as the administrator of its data folder unless one signed in. */
export interface CommandLine extends AsyncDisposable {
  readonly server: ArmServer;
  readonly folder: string;
  readonly data: string;
  /** A file in the folder. */
  file(name: string, content: string): string;
  run(...args: readonly string[]): Promise<Ran>;
  /** What `-` reads. */
  input: string;
}

interface Streams {
  readonly input: NodeJS.ReadableStream;
  readonly write: (text: string) => Promise<void>;
  readonly writeError: (text: string) => void;
  readonly isTerminal: boolean;
  readonly size: () => { readonly columns: number; readonly rows: number };
  readonly interrupted: AbortSignal;
}

type Add = (program: Command, terminal: Streams) => void;

/** `add`: the commands there are. The environment is that of the process until disposed. */
export async function startCommandLine(...add: readonly Add[]): Promise<CommandLine> {
  const server = await startArmServer();
  const folder = mkdtempSync(join(tmpdir(), 'isthmus-cli-'));
  const data = join(folder, 'data');
  const file = (name: string, content: string): string => {
    const path = join(folder, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
    return path;
  };
  file(
    'data/up.json',
    JSON.stringify({ pid: 1, url: 'x', token: 'y', arm: server.url, subscription: testSubscription, tenant: testTenant }),
  );
  file('data/identity/administrator.json', JSON.stringify({ ...testClient, tenant: testTenant }));
  const before = { ISTHMUS_HOME: process.env['ISTHMUS_HOME'], ISTHMUS_DATA: process.env['ISTHMUS_DATA'] };
  Object.assign(process.env, { ISTHMUS_HOME: join(folder, 'home'), ISTHMUS_DATA: data });
  const scene = { input: '' };
  const run = async (...args: readonly string[]): Promise<Ran> => {
    const said = { out: '', err: '' };
    const terminal: Streams = {
      input: Readable.from([scene.input]),
      write: (text) => Promise.resolve(void (said.out += text)),
      writeError: (text) => void (said.err += text),
      isTerminal: false,
      size: () => ({ columns: 100, rows: 30 }),
      interrupted: new AbortController().signal,
    };
    const program = new Command('isthmus').exitOverride().configureOutput({ outputError: () => undefined, writeErr: () => undefined });
    for (const one of add) one(program, terminal);
    await program.parseAsync(args, { from: 'user' });
    return said;
  };
  return Object.assign(scene, {
    server,
    folder,
    data,
    file,
    run,
    [Symbol.asyncDispose]: async () => {
      for (const [name, value] of Object.entries(before))
        if (value === undefined) delete process.env[name];
        else process.env[name] = value;
      await server[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true });
    },
  });
}
