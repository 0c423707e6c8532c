import { policies, toFault, unreachable, type Fault } from '#base/fault.ts';
import { backoffMs } from '#base/service.ts';
import type { Outcome, ReconcileContext, Reconciler, ResourceType } from '#arm/resource-type.ts';
import type { Resource, StatusFault } from '#arm/resource.ts';
import type { Settlement } from '#arm/store.ts';
import { heldBy } from './deletion-order.ts';

/** What one try led to. */
export type Tried =
  | { readonly kind: 'settled'; readonly settlement: Settlement; readonly trouble: Fault | undefined; readonly retryMs: number | undefined }
  | { readonly kind: 'gone' }
  /** The program stops: nothing is recorded, and the resource stays due. */
  | { readonly kind: 'stopped' };

export interface TryRequest {
  readonly self: Resource;
  /** Undefined: this program does not know it. */
  readonly type: ResourceType | undefined;
  readonly context: ReconcileContext;
  /** Types that go first: see `goesFirst`. */
  readonly first: readonly string[];
  /** How many tries failed in a row before this one, with faults that may pass. */
  readonly attempt: number;
  readonly random: number;
  readonly nowMs: () => number;
}

const heldRetryMs = 1_000;
const unknownTypeRetryMs = 600_000;
/** A reconciler that asks for less would keep the program busy with nothing else. */
const leastRetryMs = 10;

/** Tries once to make a resource true, or to take it away. Never throws, but for faults of the store. */
export async function tryOnce(request: TryRequest): Promise<Tried> {
  const { self, type, context } = request;
  if (!self.deleting) {
    if (type === undefined) return settled(request, waiting(`a program that knows the type ${self.type}`, unknownTypeRetryMs));
    if (type.reconcile === undefined) return settled(request, { kind: 'ready', outputs: self.status.outputs });
    return attempt(request, type.reconcile);
  }
  const rings = self.status.settled === self.generation && self.status.outcome === 'waiting';
  const held = await heldBy(self, context.resources, { rings, first: request.first });
  if (held !== undefined) return settled(request, waiting(`${held} to be deleted`, heldRetryMs));
  if (type?.remove === undefined) return { kind: 'gone' };
  const tried = await attempt(request, type.remove);
  return tried.kind === 'settled' && tried.settlement.status.outcome === 'ready' ? { kind: 'gone' } : tried;
}

function waiting(what: string, retryMs: number): Outcome {
  return { kind: 'waiting', for: `Waiting for ${what}.`, retryMs };
}

async function attempt(request: TryRequest, reconcile: Reconciler<Resource['properties']>): Promise<Tried> {
  const { self, context, random } = request;
  try {
    return settled(request, await reconcile(self, context));
  } catch (error) {
    if (context.signal.aborted) return { kind: 'stopped' };
    const trouble = toFault(error);
    if (policies[trouble.kind].retry !== 'backoff') return settled(request, { kind: 'failed', fault: trouble });
    const outcome: Outcome = { kind: 'waiting', for: trouble.message, retryMs: backoffMs(request.attempt, random) };
    return settled(request, outcome, trouble);
  }
}

function settled({ self, nowMs }: TryRequest, outcome: Outcome, trouble?: Fault): Tried {
  const { outputs } = self.status;
  const nothing = { waitingFor: undefined, fault: undefined };
  switch (outcome.kind) {
    case 'ready': {
      const status = { outcome: 'ready' as const, ...nothing, outputs: outcome.outputs ?? {} };
      return { kind: 'settled', settlement: { status, retryAtMs: undefined }, trouble: undefined, retryMs: undefined };
    }
    case 'waiting': {
      const retryMs = Math.max(leastRetryMs, outcome.retryMs);
      const status = {
        outcome: 'waiting' as const,
        waitingFor: outcome.for,
        fault: trouble && statusFault(trouble),
        outputs: outcome.outputs ?? outputs,
      };
      return { kind: 'settled', settlement: { status, retryAtMs: nowMs() + retryMs }, trouble, retryMs };
    }
    case 'failed': {
      const status = { outcome: 'failed' as const, ...nothing, fault: statusFault(outcome.fault), outputs: outcome.outputs ?? outputs };
      return { kind: 'settled', settlement: { status, retryAtMs: undefined }, trouble: outcome.fault, retryMs: undefined };
    }
    default:
      return unreachable(outcome);
  }
}

/** What the user sees of a fault. Of a bug only that it is one: its message may say anything. */
function statusFault({ kind, code, message, target, remedy }: Fault): StatusFault {
  if (kind !== 'bug') return { code, message, target, remedy };
  return {
    code: 'InternalError',
    message: 'The program failed at this by a mistake of its own.',
    target: undefined,
    remedy: 'Its log has the details. Send the request again once it is mended.',
  };
}
