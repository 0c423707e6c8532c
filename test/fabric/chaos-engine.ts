import { openKernelEngine } from '#fabric/kernel/engine.ts';
import type { FabricPlan } from '#fabric/plan.ts';
import { toFault } from '#base/fault.ts';

// A kernel engine in a process of its own, for tests that kill it: `chaos-engine.ts LABEL`. Asked and answering over the channel of `fork`.

export type EngineAsk =
  | { readonly kind: 'apply'; readonly number: number; readonly plan: FabricPlan; readonly watched: readonly string[] }
  | { readonly kind: 'attach'; readonly number: number; readonly segment: string; readonly pid: number };

/** By the number of what was asked; the first one, of number 0, says that the engine is open. */
export interface EngineReply {
  readonly number: number;
  /** When it was done, milliseconds since 1970. */
  readonly atMs: number;
  readonly trouble?: string | undefined;
  /** Where the watched endpoints listen. */
  readonly entries?: readonly (readonly [endpoint: string, host: string])[];
  /** Of the network that was attached. */
  readonly address?: string;
}

const engine = await openKernelEngine({ label: process.argv[2] ?? '', keeps: true, limits: { tickMs: 50 } });
process.on('message', (ask) => {
  void answer(ask as EngineAsk).catch((error: unknown) => {
    const { code, message } = toFault(error);
    tell({ number: (ask as EngineAsk).number, atMs: Date.now(), trouble: `${code}: ${message}` });
  });
});
process.on('disconnect', () => process.exit());
tell({ number: 0, atMs: Date.now() });

async function answer(ask: EngineAsk): Promise<void> {
  const { number } = ask;
  if (ask.kind === 'apply') {
    await engine.apply(ask.plan);
    const atMs = Date.now();
    const entries = ask.watched.flatMap((id) => engine.listeners(id).map(({ at }) => [id, at.host] as const));
    return tell({ number, atMs, entries });
  }
  const attached = await engine.attach?.({ segment: ask.segment, pid: ask.pid, asker: 'chaos' });
  tell({ number, atMs: Date.now(), ...(attached && { address: attached.address }) });
}

function tell(reply: EngineReply): void {
  process.send?.(reply);
}
