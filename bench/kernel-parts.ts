import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { join } from 'node:path';
import { outwardAddress } from '#fabric/sample-hosts.contract.ts';
import type { KernelAnswer, KernelAsk } from './kernel-side.ts';
import { end, inNetwork, joinDirectly, openNetwork, startIn, type Network } from './networks.ts';
import { haproxyConfig, haproxyProgram, type Road } from './relay-parts.ts';
import { runProgram, until, type Workplace } from './workplace.ts';

/** Somewhere that leads to a server, from inside a network; undefined: from this host's own. */
export interface NetworkRoad extends Road {
  readonly from: Network | undefined;
}

/** A process with the kernel engine. */
export interface KernelSide extends AsyncDisposable {
  readonly ready: Extract<KernelAnswer, { kind: 'ready' }>;
  ask<A extends KernelAnswer['kind']>(ask: KernelAsk, answer: A): Promise<Extract<KernelAnswer, { kind: A }>>;
}

/** The load's program, its servers, and the networks between. All end with it, and with this process however it ends. */
export interface KernelParts extends AsyncDisposable {
  /** Why HAProxy is not measured; undefined: it is. */
  readonly noHaproxy: string | undefined;
  /** Two networks joined by one pair of interfaces. */
  direct(): Promise<NetworkRoad>;
  /** A network of its own for each of four HAProxies between the same client and server, one thread each. */
  haproxyChain(): Promise<NetworkRoad>;
  /** In front of a server of this host, with so many endpoints. */
  side(endpoints: number): Promise<KernelSide>;
  /** A network that only the engine joins to anything. */
  worker(): Promise<Network>;
  /** On this host's loopback. */
  readonly loopback: NetworkRoad;
  /** Runs the load's program against a road; answers the numbers it prints. */
  load(words: readonly (string | number)[], road: NetworkRoad): Promise<readonly number[]>;
  /** Holds idle connections until disposed. */
  idle(count: number, road: NetworkRoad): Promise<AsyncDisposable>;
}

const serverPort = 14_331;
const hops = 4;

export async function openKernelParts(place: Workplace): Promise<KernelParts> {
  const stack = new AsyncDisposableStack();
  try {
    return await openParts(place, stack);
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
}

async function openParts(place: Workplace, stack: AsyncDisposableStack): Promise<KernelParts> {
  const program = join(place.folder, 'relay-load');
  await runProgram('cc', ['-O2', '-o', program, join(import.meta.dirname, 'relay-load.c')]);
  const network = async (): Promise<Network> => stack.use(await openNetwork());
  const serve = async (at: Road, of?: Network): Promise<void> => {
    const server = startIn(of, program, ['serve', String(at.port), at.host]);
    stack.defer(() => end(server));
    await firstLine(server, 'the server does not listen');
  };
  const outward = outwardAddress();
  const [client, database] = [await network(), await network()];
  await serve({ host: outward, port: serverPort });
  await serve({ host: '127.0.0.1', port: serverPort });
  await serve({ host: '0.0.0.0', port: serverPort }, database);
  return {
    noHaproxy: existsSync(haproxyProgram) ? undefined : `${haproxyProgram} is not there: scripts/debian-packages.sh`,
    loopback: { host: '127.0.0.1', port: serverPort, from: undefined },
    direct: async () => {
      await joinDirectly(client, database, ['10.77.0.1', '10.77.0.2']);
      return { host: '10.77.0.2', port: serverPort, from: client };
    },
    haproxyChain: async () => {
      let before = client;
      for (let hop = 1; hop <= hops; hop++) {
        const here = await network();
        await joinDirectly(before, here, [`10.78.${hop}.1`, `10.78.${hop}.2`]);
        before = here;
        const file = join(place.folder, `haproxy-${hop}.cfg`);
        writeFileSync(file, haproxyConfig({ host: '0.0.0.0', port: serverPort }, { host: `10.78.${hop + 1}.2`, port: serverPort }));
        const haproxy = startIn(here, haproxyProgram, ['-db', '-q', '-f', file]);
        stack.defer(() => end(haproxy));
      }
      await joinDirectly(before, database, [`10.78.${hops + 1}.1`, `10.78.${hops + 1}.2`]);
      const road = { host: '10.78.1.2', port: serverPort, from: client };
      await until(() => answers(program, road), 20, 10);
      return road;
    },
    worker: network,
    side: async (endpoints) => {
      const side = await openSide([outward, String(serverPort), String(serverPort), String(endpoints)]);
      return stack.use(side);
    },
    load: async (words, { from, host, port }) =>
      (await inNetwork(from, program, [...words.map(String), host, String(port)])).trim().split(' ').map(Number),
    idle: async (count, { from, host, port }) => {
      const child = startIn(from, program, ['idle', String(count), host, String(port)]);
      await firstLine(child, 'the idle connections were refused');
      return { [Symbol.asyncDispose]: () => end(child) };
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

async function answers(program: string, { from, host, port }: NetworkRoad): Promise<boolean> {
  try {
    await inNetwork(from, program, ['ping', '10', host, String(port)]);
    return true;
  } catch {
    return false;
  }
}

async function firstLine(child: ChildProcess, otherwise: string): Promise<void> {
  if (child.stdout === null) throw new Error('it says nothing');
  const ended = once(child, 'exit').then(() => Promise.reject(new Error(otherwise)));
  await Promise.race([once(createInterface({ input: child.stdout }), 'line'), ended]);
}

async function openSide(args: readonly string[]): Promise<KernelSide> {
  const child = fork(join(import.meta.dirname, 'kernel-side.ts'), args, { execArgv: ['--expose-gc'] });
  const gone = once(child, 'exit').then(() => Promise.reject(new Error('the process of the kernel engine ended')));
  gone.catch(() => undefined);
  const heard = async (): Promise<KernelAnswer> => (await Promise.race([once(child, 'message'), gone]))[0] as KernelAnswer;
  const ready = await heard();
  if (ready.kind !== 'ready') throw new Error('the kernel engine is not ready');
  return {
    ready,
    ask: async (ask, kind) => {
      const answer = heard();
      child.send(ask);
      const got = await answer;
      if (got.kind !== kind) throw new Error(`the kernel engine answers ${got.kind} instead of ${kind}`);
      return got as Extract<KernelAnswer, { kind: typeof kind }>;
    },
    [Symbol.asyncDispose]: async () => {
      const over = child.exitCode === null ? once(child, 'exit') : undefined;
      if (child.connected) child.disconnect();
      await over;
    },
  };
}
