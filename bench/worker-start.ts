import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fault } from '#base/fault.ts';
import { silentLog } from '#base/log.ts';
import { openRuntimes } from '#bin/up/runtime-parts.ts';
import { SamplePlan } from '#fabric/sample-plan.contract.ts';
import { openUserspaceEngine } from '#fabric/userspace/engine.ts';
import type { JobOrder, RuntimeHost } from '#runtime/runtime.ts';
import { counted, type Benchmark } from './benchmark.ts';
import { scaled, until } from './workplace.ts';

const never = new AbortController().signal;

export const workerStart: Benchmark = {
  name: 'worker-start',
  about:
    'From asking for a worker to its first word, with its endpoints open: sandboxed, over a Node that only says a word; and by a spare that waits',
  run: async (place) => {
    await using engine = await openUserspaceEngine();
    const sample = new SamplePlan({ host: '127.0.0.1', port: 9 });
    await engine.apply(sample.plan());
    const common = { engine, log: silentLog };
    const none = fault('unsupported', 'NoSandboxHere', 'Not in this benchmark.');
    await using sandboxed = openRuntimes({ ...common, folder: join(place.folder, 'sandboxed'), allowUnisolated: false });
    const plainly = { folder: join(place.folder, 'plain'), allowUnisolated: true, sandbox: async () => none };
    await using plain = openRuntimes({ ...common, ...plainly });
    const order = orderOf(sample);
    // What is loaded is kept for later workers: that is the usual start.
    for (const host of [sandboxed, plain]) await begunMs(host, order);
    await warmed(sandboxed, order.segment);
    sandboxed.warm(order.segment, false);
    const [overNode, overPlain, spare]: [number[], number[], number[]] = [[], [], []];
    const starts = scaled(place, 10, 3) * place.rounds;
    for (let count = 0; count < starts; count += 1) {
      const [node, held, unheld] = [await nodeMs(), await begunMs(sandboxed, order), await begunMs(plain, order)];
      overNode.push(held - node);
      overPlain.push(held - unheld);
    }
    for (let count = 0; count < place.rounds; count += 1) {
      await warmed(sandboxed, order.segment);
      spare.push(await begunMs(sandboxed, order));
      sandboxed.warm(order.segment, false);
    }
    place.say(`${starts} starts`);
    return [
      counted('a sandboxed worker, over a plain Node start', 'ms', overNode, { atMost: 100 }),
      counted('a sandboxed worker, over the same program without sandbox', 'ms', overPlain),
      counted('a job taken by a spare worker', 'ms', spare, { atMost: 2_000 }),
    ];
  },
};

function orderOf({ segment, name: host, port }: SamplePlan): JobOrder {
  const store = { kind: 'postgresql', host, port, database: 'shop', user: 'reader', password: null, tls: 'prefer' } as const;
  const job = { kind: 'test-connection', store: { ...store, certificateName: null }, timeoutMs: 10_000 } as const;
  return { segment, name: 'benchmark', job, writable: [] };
}

async function begunMs(host: RuntimeHost, order: JobOrder): Promise<number> {
  const fromMs = performance.now();
  await using job = await host.start(order, never);
  await job.events[Symbol.asyncIterator]().next();
  return performance.now() - fromMs;
}

async function nodeMs(): Promise<number> {
  const fromMs = performance.now();
  const child = spawn(process.execPath, ['-e', 'process.stdout.write("begun")'], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  const ms = performance.now() - fromMs;
  if (child.exitCode === null) await once(child, 'exit');
  return ms;
}

/** Until a spare is ready. */
async function warmed(host: RuntimeHost, segment: string): Promise<void> {
  host.warm(segment, true);
  await until(async () => host.warmth(segment).state === 'warm', 5, 60);
}
