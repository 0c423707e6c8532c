/** What JSON can say. Nulls sent by clients are dropped before anything is kept: null is absent. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [name: string]: Json;
}

/** What a client asks for, as the type's schemas read it. Written by HTTP only. */
export interface Asked<P = JsonObject> {
  readonly location: string | undefined;
  readonly tags: Readonly<Record<string, string>>;
  /** The members beside `properties`: sku, identity, kind, zones … */
  readonly envelope: JsonObject;
  readonly properties: P;
}

export interface Resource<P = JsonObject> extends Asked<P> {
  /** In the casing of its creation. */
  readonly id: string;
  /** In the type's own casing. */
  readonly type: string;
  readonly name: string;
  /** 1 for the first write, one more with each that followed. */
  readonly generation: number;
  /** Differs after every write and every change of `status`. Plain text: HTTP puts it into `W/"…"`. */
  readonly etag: string;
  /** It is to go: the loop takes it away, and then it is gone. */
  readonly deleting: boolean;
  readonly status: Status;
  /** ISO 8601, UTC. */
  readonly createdAt: string;
  readonly changedAt: string;
  /** Ids of the principals that wrote it first and last. */
  readonly createdBy: string;
  readonly changedBy: string;
}

/** What is true of a resource. Written by the reconcile loop only. */
export interface Status {
  /** The generation that this status speaks of; 0: none was tried yet. */
  readonly settled: number;
  readonly outcome: 'new' | 'ready' | 'waiting' | 'failed';
  /** Shown to the user: what is being waited for. With `waiting`. */
  readonly waitingFor: string | undefined;
  readonly fault: StatusFault | undefined;
  /** Read-only members of `properties` (addresses given, names made …), laid over what was asked when the resource is shown. */
  readonly outputs: JsonObject;
}

export interface StatusFault {
  readonly code: string;
  readonly message: string;
  readonly target: string | undefined;
  readonly remedy: string | undefined;
}

export const newStatus: Status = { settled: 0, outcome: 'new', waitingFor: undefined, fault: undefined, outputs: {} };

/** ARM's word for where a resource is. Final words: Succeeded, Failed. */
export type ProvisioningState = 'Creating' | 'Updating' | 'Deleting' | 'Succeeded' | 'Failed';

export function provisioningState({ deleting, generation, status }: Resource<unknown>): ProvisioningState {
  if (deleting) return status.outcome === 'failed' && status.settled === generation ? 'Failed' : 'Deleting';
  if (status.settled === generation && status.outcome === 'ready') return 'Succeeded';
  if (status.settled === generation && status.outcome === 'failed') return 'Failed';
  return generation === 1 ? 'Creating' : 'Updating';
}
