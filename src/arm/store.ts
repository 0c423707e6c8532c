import type { Operation } from './operation.ts';
import type { Asked, JsonObject, Resource, Status } from './resource.ts';

export interface ListQuery {
  /** Only what is this or lies in it, at any depth; empty: everything. An id, in any casing. */
  readonly within: string;
  /** Only directly in it, not deeper. A child resource lies in its parent, an outermost one in its group, subscription or extended resource. */
  readonly direct?: boolean;
  readonly type?: string;
  /** Begin after this id. Order: by key. */
  readonly after?: string;
  readonly limit?: number;
}

export interface SearchQuery {
  /** Only what is this or lies in it, at any depth; empty: everything. An id, in any casing. */
  readonly within: string;
  /** Only of these types. */
  readonly types?: readonly string[];
  /** Each of its words, parted by white space, is in the name, in the type or in the value of a tag, in any casing. */
  readonly text?: string;
}

export interface SearchPage extends SearchQuery {
  /** Begin after this id, whether it is still there or not. */
  readonly after?: string;
  readonly limit: number;
}

/** What a search finds. */
export type Found = Pick<Resource, 'id' | 'type'>;

/** Reading. Ids in any casing. What is being deleted is still there until it is gone. */
export interface ResourceReader {
  get(id: string): Promise<Resource | undefined>;
  /** Ordered by key, that is by id in lower case, compared by code point. */
  list(query: ListQuery): Promise<readonly Resource[]>;
  /** Ids of resources that refer to it or to anything in it, themselves outside of it. */
  referrers(id: string): Promise<readonly string[]>;
}

/** What a write says of itself for the audit log: see `AuditRecord` in control/audit. Never a secret. */
export interface AuditEntry {
  /** `{type}/write`, `signIn` … */
  readonly action: string;
  /** Id of what it was about. */
  readonly scope: string;
  readonly principal: string;
  readonly principalName: string;
  readonly outcome: 'succeeded' | 'refused';
  /** The fault's code where it was refused. */
  readonly code: string | undefined;
  readonly correlationId: string;
  /** Dotted names of members that changed, with the values before and after; sealed members as `***`. */
  readonly changes: readonly { readonly name: string; readonly before: string | undefined; readonly after: string | undefined }[];
}

export interface PutRequest extends Asked {
  readonly id: string;
  /** In the type's own casing. */
  readonly type: string;
  /** Ids that this resource refers to, as written. */
  readonly references: readonly string[];
  /** Id of the principal that asks. */
  readonly principal: string;
  /** True: ready as soon as it is written (a type without `reconcile`); then only its deletion makes it due. */
  readonly ready: boolean;
}

export interface Settlement {
  readonly status: Omit<Status, 'settled'>;
  readonly retryAtMs: number | undefined;
  /** As `due` gave it before the try: where it became due once more since, it stays due. */
  readonly mark?: number;
}

export interface DueResource {
  readonly id: string;
  /** Grows each time that it becomes due. */
  readonly mark: number;
}

/** One transaction: all of it, or nothing. Reads see what it wrote. */
export interface StoreTransaction extends ResourceReader {
  /**
   * Writes what is asked: generation and etag move on, the resource is due. A casing once used stays, that of what it lies in too.
   * With `ready` it is settled already, and what refers to it and what it lies in become due. Fault: `BeingDeleted` (conflict), where it or
   * what it lies in is to go.
   */
  put(request: PutRequest): Promise<Resource>;
  /** It and all that lies in it is to go, each with a new generation; due. What is being deleted already stays as it is, unless that failed. */
  markDeleting(id: string, principal: string): Promise<void>;
  /** It is gone, with its references; operations that wait for its end succeed, others that wait for it are `Canceled`. What lies in it must be gone already. What it lay in and what it referred to become due. */
  remove(id: string): Promise<void>;
  /**
   * Records what came of trying `generation`: no effect where that is no longer the resource's. Ends the operations that wait for it (`ready`
   * and `failed`). With `retryAtMs` it is due again then. Where outputs or outcome changed, or the generation is new, what refers to it and
   * what it lies in become due, unless that has failed. Changes nothing that is seen where the status is what it was.
   */
  settle(id: string, generation: number, change: Settlement): Promise<void>;
  putOperation(operation: Operation): Promise<void>;
  /** Appends to the audit log. */
  audit(entry: AuditEntry): Promise<void>;
  /** A value of the program's own, by name: keys, counters. Sealed by whoever writes it. */
  setting(name: string): Promise<JsonObject | undefined>;
  /** All whose name begins with `prefix`, by name. */
  settings(prefix: string): Promise<ReadonlyMap<string, JsonObject>>;
  putSetting(name: string, value: JsonObject | undefined): Promise<void>;
}

export interface ResourceChange {
  readonly id: string;
  readonly type: string;
  readonly kind: 'written' | 'settled' | 'removed';
}

/**
 * What holds everything that was asked for and is true. `store.contract.ts` is the suite that every implementation passes.
 * A write that was answered is durable; one that threw left nothing.
 */
export interface ResourceStore extends ResourceReader, AsyncDisposable {
  /** Runs `work` in a transaction of its own, one after the other. A throw takes everything back. */
  write<T>(work: (transaction: StoreTransaction) => Promise<T>): Promise<T>;
  /** Ordered by name in lower case, then by key, both compared by code point. */
  search(query: SearchPage): Promise<readonly Found[]>;
  /** How many of each type a search finds: the type in lower case → count. */
  countFound(query: SearchQuery): Promise<ReadonlyMap<string, number>>;
  operation(id: string): Promise<Operation | undefined>;
  setting(name: string): Promise<JsonObject | undefined>;
  /** Resources due at `nowMs`, longest due first, at most `limit`. */
  due(nowMs: number, limit: number): Promise<readonly DueResource[]>;
  /** When the next one becomes due that is not due yet at `afterMs`, in ms since 1970; undefined: none waits. */
  nextDueMs(afterMs: number): Promise<number | undefined>;
  /** Told of every change, after its commit, in order. Returns what ends it. Listeners are quick and never throw. */
  onChange(listener: (change: ResourceChange) => void): () => void;
  /** Grows with every committed write of this type; for whoever keeps something derived. */
  revision(type: string): number;
}
