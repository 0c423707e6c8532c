import { Socket } from 'node:net';
import { expect } from 'vitest';
import { toFault } from '#base/fault.ts';
import type { Counter, FabricEngine, FabricEvent } from './engine.ts';
import type { HostResolver } from './resolve.ts';
import { call, sampleHost, watch, type SampleHost, type SamplePeer } from './sample-hosts.contract.ts';
import { SamplePlan, type Sample } from './sample-plan.contract.ts';

/** What the suite asks of an engine it opens. */
export interface EngineAsk {
  readonly resolver?: HostResolver;
  readonly maxConnections?: number;
  /** How exactly idle times are kept. */
  readonly tickMs?: number;
}

export type OpenEngine = (ask: EngineAsk) => Promise<FabricEngine>;

const never = new AbortController().signal;
export const soon: { readonly interval: number; readonly timeout: number } = { interval: 3, timeout: 5_000 };

/** An engine, a database behind it, and a plan that leads there. */
export interface Stage extends AsyncDisposable {
  readonly engine: FabricEngine;
  readonly host: SampleHost;
  readonly sample: SamplePlan;
  readonly events: FabricEvent[];
  apply(sample?: Sample): Promise<void>;
  /** Through the endpoint's listener. */
  call(): SamplePeer;
  /** Through the segment's dialer. */
  dial(host?: string, port?: number, segment?: string): Promise<SamplePeer>;
  /** The code with which a dial is refused; undefined: it is not. */
  refusal(host?: string, port?: number, segment?: string): Promise<string | undefined>;
}

/** Sets all up; ends with the test. */
export async function stage(
  open: OpenEngine,
  ask: EngineAsk & { readonly serve?: Parameters<typeof sampleHost>[0]; readonly at?: string } = {},
): Promise<Stage> {
  const host = await sampleHost(ask.serve, ask.at);
  const engine = await open(ask);
  const sample = new SamplePlan({ host: host.host, port: host.port });
  const events: FabricEvent[] = [];
  engine.onEvent((event) => events.push(event));
  const dial = async (to = sample.name, port = sample.port, segment = sample.segment): Promise<SamplePeer> =>
    watch(await engine.dialer(segment).dial(to, port, never));
  return {
    engine,
    host,
    sample,
    events,
    apply: (more) => engine.apply(sample.plan(more)),
    call: () => call(engine.listening(sample.endpoint, sample.port)),
    dial,
    refusal: async (...to) => {
      try {
        (await dial(...to)).stream.destroy();
        return undefined;
      } catch (error) {
        return toFault(error).code;
      }
    },
    [Symbol.asyncDispose]: async () => {
      await engine[Symbol.asyncDispose]();
      await host[Symbol.asyncDispose]();
    },
  };
}

/** Sends a text and waits until it has come back. */
export async function ask(peer: SamplePeer, text: string): Promise<void> {
  const before = peer.bytes;
  peer.stream.write(text, 'latin1');
  await expect.poll(() => peer.bytes - before, soon).toBe(text.length);
}

/** Waits for an end. */
export async function over(peer: SamplePeer | undefined, how: SamplePeer['over']): Promise<void> {
  await expect.poll(() => peer?.over, soon).toBe(how);
}

/** Ends a connection as a crash does. */
export function resetNow(peer: SamplePeer | undefined): void {
  if (peer?.stream instanceof Socket) peer.stream.resetAndDestroy();
}

/** What is counted of a thing. */
export function counterOf(engine: FabricEngine, id: string): Counter | undefined {
  return engine.counters().find((counter) => counter.id === id);
}
