import { fork, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { createServer, connect, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { RelayAnswer, RelayAsk } from './relay-side.ts';
import { runProgram, until, type Workplace } from './workplace.ts';

/** Somewhere that leads to the load's server. */
export interface Road {
  readonly host: string;
  readonly port: number;
}

/** What the relay benchmarks are made of: the load's program, its server, and the roads to it. All end with it. */
export interface RelayParts extends AsyncDisposable {
  /** Straight to the server. */
  readonly direct: Road;
  readonly ours: Road;
  /** Why HAProxy is not measured; undefined: it is. */
  readonly noHaproxy: string | undefined;
  ask(ask: RelayAsk): Promise<RelayAnswer>;
  /** HAProxy in TCP mode, one thread, as many processes one after the other as there are hops. */
  haproxy(hops: number, bufferBytes?: number): Promise<Road>;
  /** Runs the load's program against a road; answers the numbers it prints. */
  load(words: readonly (string | number)[], road: Road): Promise<readonly number[]>;
  /** Holds idle connections until disposed. */
  idle(count: number, road: Road): Promise<AsyncDisposable>;
}

export const haproxyProgram = '/usr/sbin/haproxy';

export async function openRelayParts(place: Workplace): Promise<RelayParts> {
  const program = join(place.folder, 'relay-load');
  await runProgram('cc', ['-O2', '-o', program, join(import.meta.dirname, 'relay-load.c')]);
  const children: ChildProcess[] = [];
  const direct = { host: '127.0.0.1', port: await freePort() };
  children.push(spawn(program, ['serve', String(direct.port)], { stdio: ['ignore', 'ignore', 'inherit'] }));
  await reachable(direct);
  const side = fork(join(import.meta.dirname, 'relay-side.ts'), [String(direct.port)], { execArgv: ['--expose-gc'] });
  children.push(side);
  const gone = once(side, 'exit').then(() => Promise.reject(new Error('the relay ended')));
  gone.catch(() => undefined);
  const heard = async (): Promise<RelayAnswer> => (await Promise.race([once(side, 'message'), gone]))[0] as RelayAnswer;
  const first = await heard();
  if (first.kind !== 'listening') throw new Error('the relay does not listen');
  const noHaproxy = existsSync(haproxyProgram) ? undefined : `${haproxyProgram} is not there: scripts/debian-packages.sh`;
  return {
    direct,
    ours: first,
    noHaproxy,
    ask: async (ask) => {
      side.send(ask);
      return heard();
    },
    haproxy: async (hops, bufferBytes) => {
      let to: Road = direct;
      for (let hop = 0; hop < hops; hop++) {
        const at = { host: '127.0.0.1', port: await freePort() };
        const file = join(place.folder, `haproxy-${at.port}.cfg`);
        writeFileSync(file, haproxyConfig(at, to, bufferBytes));
        children.push(spawn(haproxyProgram, ['-db', '-q', '-f', file], { stdio: ['ignore', 'ignore', 'inherit'] }));
        await reachable(at);
        to = at;
      }
      return to;
    },
    load: async (words, road) => {
      const { output } = await runProgram(program, [...words.map(String), road.host, String(road.port)]);
      return output.trim().split(' ').map(Number);
    },
    idle: async (count, road) => {
      const child = spawn(program, ['idle', String(count), road.host, String(road.port)], { stdio: ['pipe', 'pipe', 'inherit'] });
      const lines = createInterface({ input: child.stdout });
      await Promise.race([
        once(lines, 'line'),
        once(child, 'exit').then(() => Promise.reject(new Error('the idle connections were refused'))),
      ]);
      return {
        [Symbol.asyncDispose]: async () => {
          child.stdin.end();
          await once(child, 'exit');
        },
      };
    },
    [Symbol.asyncDispose]: async () => {
      for (const child of children) {
        const over = child.exitCode === null && child.signalCode === null ? once(child, 'exit') : undefined;
        child.kill('SIGKILL');
        await over;
      }
    },
  };
}

export function haproxyConfig(at: Road, to: Road, bufferBytes?: number): string {
  return `global
  nbthread 1
  maxconn 9000
${bufferBytes === undefined ? '' : `  tune.bufsize ${bufferBytes}\n`}defaults
  mode tcp
  timeout connect 5s
  timeout client 10m
  timeout server 10m
listen relay
  bind ${at.host}:${at.port}
  server target ${to.host}:${to.port}
`;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

async function reachable(road: Road): Promise<void> {
  const answers = (): Promise<boolean> =>
    new Promise((settle) => {
      const socket = connect(road);
      socket.once('connect', () => settle(true));
      socket.once('error', () => settle(false));
      socket.once('connect', () => socket.destroy());
    });
  await until(answers, 20, 10);
}
