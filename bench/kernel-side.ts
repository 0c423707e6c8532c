// The kernel engine in a process of its own, with a crowd of endpoints in front of a server. Run with the server's address and port, the port of
// one on this host's loopback, and the number of endpoints. Tells its parent when they are all in force, and then what it is asked. Takes its hub
// away when its parent is gone, however that ended.
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server } from 'node:net';
import type { FabricEngine } from '#fabric/engine.ts';
import { openKernelEngine } from '#fabric/kernel/engine.ts';
import { hubPlace, within } from '#fabric/kernel/hub-place.ts';
import { median } from './benchmark.ts';
import { Crowd, type CrowdState } from './kernel-plan.ts';
import { until } from './workplace.ts';

export type KernelAsk =
  /** Joins the network of a process to the endpoints' segment. */
  | { readonly kind: 'join'; readonly pid: number }
  | { readonly kind: 'build' }
  | { readonly kind: 'changes'; readonly turns: number }
  /** Changes an endpoint again and again, until `stop`. */
  | { readonly kind: 'begin' }
  | { readonly kind: 'stop' }
  /** How long the kernel will keep the open connections of endpoint 0. */
  | { readonly kind: 'held' }
  | { readonly kind: 'spend'; readonly seconds: number };

export type KernelAnswer =
  | {
      readonly kind: 'ready';
      readonly address: string;
      readonly entry: string;
      readonly localEntry: string;
      readonly port: number;
      readonly size: number;
    }
  | { readonly kind: 'done' }
  | { readonly kind: 'built'; readonly ms: number }
  | { readonly kind: 'changed'; readonly ms: Readonly<Record<ChangeName, number>> }
  | { readonly kind: 'stopped'; readonly changes: number; readonly longestMs: number }
  | { readonly kind: 'held'; readonly secondsLeft: readonly number[] }
  /** What this process took of a core meanwhile, in milliseconds a second, its memory, and how long its counters took. */
  | { readonly kind: 'spent'; readonly msPerSecond: number; readonly residentBytes: number; readonly countersMs: number };

/** Until the engine says it is in force; `Seen`: until a new connection tells so. `noticed`: from when a probe noticed until it is in force. */
export type ChangeName = 'approve' | 'approveSeen' | 'revoke' | 'revokeSeen' | 'drain' | 'noticed';

const [host = '', port, localPort, size] = process.argv.slice(2);
// Whoever interrupts the benchmark interrupts its whole group: this one ends by the word of its parent, in order.
process.on('SIGINT', () => undefined);
const unsteadyAt = await unsteadyPort();
const crowd = new Crowd(Number(size), {
  main: { host, port: Number(port) },
  local: { host: '127.0.0.1', port: Number(localPort) },
  unsteady: { host, port: unsteadyAt },
});
const label = randomBytes(4).toString('hex');
const engine = await openKernelEngine({ label });
let isOver = false;
process.on('disconnect', () => void end());
let stopChanging: (() => Promise<KernelAnswer>) | undefined;
await engine.apply(crowd.plan());
tell({ kind: 'ready', address: crowd.address(0), entry: entryOf(0), localEntry: entryOf(1), port: crowd.port, size: crowd.size });
process.on('message', (ask: KernelAsk) => void answer(ask).then(tell));

function tell(one: KernelAnswer): void {
  if (process.connected) process.send?.(one);
}

async function end(): Promise<void> {
  if (isOver) return;
  isOver = true;
  await stopChanging?.();
  await engine[Symbol.asyncDispose]();
  process.exit();
}

async function answer(ask: KernelAsk): Promise<KernelAnswer> {
  switch (ask.kind) {
    case 'join':
      await engine.attach?.({ segment: crowd.segment, pid: ask.pid, asker: 'bench' });
      return { kind: 'done' };
    case 'build':
      return { kind: 'built', ms: await build() };
    case 'changes':
      return { kind: 'changed', ms: await changes(ask.turns) };
    case 'begin':
      stopChanging = changeOnAndOn();
      return { kind: 'done' };
    case 'stop':
      return (await stopChanging?.()) ?? { kind: 'done' };
    case 'held':
      return { kind: 'held', secondsLeft: heldSeconds() };
    case 'spend':
      return spend(ask.seconds);
  }
}

function entryOf(endpoint: number): string {
  const at = engine.listening(crowd.endpoint(endpoint), crowd.port);
  if (at === undefined) throw new Error('an endpoint listens nowhere');
  return at.host;
}

/** Of the whole plan, in a hub of its own with nothing in it. */
async function build(): Promise<number> {
  await using fresh = await openKernelEngine({ label: randomBytes(4).toString('hex') });
  const ms = await took(() => fresh.apply(crowd.plan()));
  return ms;
}

async function took(work: () => Promise<void>): Promise<number> {
  const begunMs = performance.now();
  await work();
  return performance.now() - begunMs;
}

async function changes(turns: number): Promise<Readonly<Record<ChangeName, number>>> {
  const times: Record<ChangeName, number[]> = { approve: [], approveSeen: [], revoke: [], revokeSeen: [], drain: [], noticed: [] };
  const turn = { rejected: 5 };
  const at = entryOf(turn.rejected);
  for (let run = 0; run < turns; run++) {
    const [revoke, revokeSeen] = await change(turn, async () => !(await answers(at)));
    const [approve, approveSeen] = await change({}, () => answers(at));
    const [drain] = await change({ down: 2 }, () => answers(at));
    await change({}, () => answers(at));
    const all = { revoke, revokeSeen, approve, approveSeen, drain, noticed: await noticed() };
    for (const [name, ms] of Object.entries(all)) times[name as ChangeName].push(ms);
  }
  const medians = Object.entries(times).map(([name, all]) => [name, median(all)] as const);
  return Object.fromEntries(medians) as Record<ChangeName, number>;
}

/** How long it took to be in force, and until it was seen by one who connects from then on. */
async function change(state: CrowdState, seen: () => Promise<boolean>): Promise<readonly [applied: number, seen: number]> {
  // A compiled plan shares nothing with the one before.
  const plan = structuredClone(crowd.plan(state));
  const begunMs = performance.now();
  await engine.apply(plan);
  const appliedMs = performance.now() - begunMs;
  await until(seen, 0, 10);
  return [appliedMs, performance.now() - begunMs];
}

/** A backend's server ends: from when its probe noticed until no new connection goes there. */
async function noticed(): Promise<number> {
  const server = createServer().listen(unsteadyAt, host);
  await once(server, 'listening');
  await health('up');
  const down = health('down');
  await closed(server);
  return down;
}

function health(state: 'up' | 'down'): Promise<number> {
  return new Promise((done) => {
    const over = engine.onEvent((event) => {
      if (event.kind !== 'health' || !event.backend.endsWith('-1-1') || event.health.state !== state) return;
      over();
      done(Date.now() - event.health.sinceMs);
    });
  });
}

async function unsteadyPort(): Promise<number> {
  const server = createServer().listen(0, host);
  await once(server, 'listening');
  const { port: free } = server.address() as AddressInfo;
  await closed(server);
  return free;
}

async function closed(server: Server): Promise<void> {
  server.close();
  await once(server, 'close');
}

/** Whether a new connection comes through to the server. */
function answers(at: string): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect({ host: at, port: crowd.port, noDelay: true });
    const over = (is: boolean) => (): void => {
      socket.destroy();
      done(is);
    };
    socket.once('error', over(false));
    socket.once('data', over(true));
    socket.write('Ex');
  });
}

function changeOnAndOn(): () => Promise<KernelAnswer> {
  const times: number[] = [];
  let goesOn = true;
  const running = (async () => {
    for (let turn = 0; goesOn && !isOver; turn++) {
      const plan = crowd.plan(turn % 2 === 0 ? { rejected: 5 } : { down: 2 });
      times.push(await took(() => engine.apply(plan)));
    }
    if (!isOver) await engine.apply(crowd.plan());
  })();
  return async () => {
    goesOn = false;
    await running;
    stopChanging = undefined;
    return { kind: 'stopped', changes: times.length, longestMs: Math.max(...times) };
  };
}

function heldSeconds(): readonly number[] {
  const words = ['-L', '-p', 'tcp', '--state', 'ESTABLISHED', '--orig-dst', entryOf(0)];
  const { file, args } = within(hubPlace({ label }), 'conntrack', words);
  const listed = execFileSync(file, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  return [...listed.matchAll(/^tcp +6 (\d+)/gm)].map((match) => Number(match[1]));
}

async function spend(seconds: number): Promise<KernelAnswer> {
  globalThis.gc?.();
  const before = process.cpuUsage();
  const begunMs = performance.now();
  await new Promise((done) => setTimeout(done, seconds * 1_000));
  const { user, system } = process.cpuUsage(before);
  const msPerSecond = (user + system) / (performance.now() - begunMs);
  globalThis.gc?.();
  const residentBytes = process.memoryUsage.rss();
  return { kind: 'spent', msPerSecond, residentBytes, countersMs: await took(async () => void counted(engine)) };
}

function counted(of: FabricEngine): number {
  return of.counters().length;
}
