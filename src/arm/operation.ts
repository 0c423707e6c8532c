import type { Json, StatusFault } from './resource.ts';

/** A piece of work that a client may ask after. Its id answers as long as it is kept: over restarts, a day after it ended at least. */
export interface Operation {
  /** A GUID. */
  readonly id: string;
  /** The resource it works on, in the casing of creation. */
  readonly resource: string;
  readonly kind: 'put' | 'delete' | 'action';
  /** It is done when the resource has settled at this generation. */
  readonly generation: number;
  readonly status: 'InProgress' | 'Succeeded' | 'Failed' | 'Canceled';
  readonly error: StatusFault | undefined;
  /** What an action answers in the end. */
  readonly result: Json | undefined;
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  readonly endedAt: string | undefined;
  /** Who may ask after it: the principal that began it. */
  readonly principal: string;
}
