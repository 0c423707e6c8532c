import type { FaultText } from '#base/fault-text.ts';
import type { TableState } from '#replication/segment.ts';

/** A SQL pool that is to run, with all the links that fill it. */
export interface PoolOrder {
  /** The pool's id, as a key. */
  readonly id: string;
  /** For logs and metrics: `workspace.pool`. */
  readonly name: string;
  /** Where its data lies, and nothing else. */
  readonly folder: string;
  readonly memoryMb: number;
  /** As clients of SQL Server name the server, and the database in it. */
  readonly serverName: string;
  readonly database: string;
  /** All of them: what the pool knows of the progress of others is forgotten; their tables stay. */
  readonly links: readonly PoolLink[];
  /** There are links whose run nobody knows at the moment: nothing is forgotten. */
  readonly keepsOthers?: boolean;
}

/** Somebody who wants to log in to a pool over TDS. Held for as long as it takes to decide, and never written down. */
export interface PoolLoginAsked {
  readonly user: string;
  readonly password: string;
  /** An access token that is shown in place of both. */
  readonly token: string | undefined;
  /** Of the client: IPv4 or IPv6. */
  readonly address: string;
  /** As the client calls itself; whatever it likes. */
  readonly application: string;
  readonly correlationId: string;
}

export type PoolLoginVerdict =
  | { readonly kind: 'accepted'; readonly user: { readonly name: string; readonly mayWrite: boolean } }
  | { readonly kind: 'refused'; readonly messages: readonly PoolLoginMessage[] };

/** As SQL Server numbers and words it. */
export interface PoolLoginMessage {
  readonly number: number;
  readonly state: number;
  readonly text: string;
}

/** Decides about a login to the pool of this id. A rejection refuses it without a reason of its own. */
export type PoolLoginDecision = (pool: string, asked: PoolLoginAsked) => Promise<PoolLoginVerdict>;

/** A run of a link, as a pool knows it. */
export interface PoolLink {
  /** Differs for each start of a link connection that copies everything anew. */
  readonly run: string;
  readonly landing: string;
  /** For logs and metrics: `workspace.link`. */
  readonly name?: string;
}

/** What a pool process tells: always the whole state. */
export interface PoolReport {
  readonly online: boolean;
  /** By `run`. */
  readonly links: ReadonlyMap<string, PoolLinkReport>;
  /** Why the pool waits, all of it. */
  readonly trouble: FaultText | undefined;
  /** Where it speaks TDS; undefined: nowhere at the moment. */
  readonly tds?: PoolAddress | undefined;
}

export interface PoolAddress {
  readonly host: string;
  readonly port: number;
}

export interface PoolLinkReport {
  readonly tables: readonly PoolTableReport[];
  /** Row changes applied by this process, and how many a second of late. */
  readonly changes: number;
  readonly changesPerSecond: number;
  /** From the commit at the source to the commit in the pool, of the last transaction. */
  readonly lagMs: number | undefined;
  /** Commit time at the source of the last transaction applied, microseconds since 1970. */
  readonly committedAtUs: bigint | undefined;
  readonly applying: boolean;
  /** In the landing zone, not yet applied. */
  readonly waitingSegments: number;
  readonly waitingBytes: number;
  /** Tables that were altered at the source and so in the pool, the latest while this process runs, in order of time. */
  readonly alterations?: readonly PoolAlteration[];
  /** Why this link's segments wait. */
  readonly trouble: FaultText | undefined;
}

/** What has become of a table's columns. */
export interface PoolAlteration {
  /** As in `PoolTableReport`. */
  readonly table: string;
  /** Milliseconds since 1970; of no other alteration of the link. */
  readonly atMs: number;
  readonly added: readonly string[];
  readonly removed: readonly string[];
  /** Under their former names. `type`: as the source spells it. */
  readonly changed: readonly { readonly name: string; readonly newName?: string; readonly type?: string }[];
  /** Its rows are copied anew. */
  readonly anew: boolean;
}

export interface PoolTableReport {
  /** The table's name of segments: `tableName(schema, name)` of the source. */
  readonly table: string;
  readonly target: { readonly schema: string; readonly name: string } | undefined;
  readonly state: TableState;
  /** Rows and bytes that the link brought, copied and changed; kept with the rows, so that they survive restarts. */
  readonly processedRows: number;
  readonly processedBytes: number;
  /** When rows of it were last committed in the pool, and when their transaction was at the source; milliseconds since 1970. */
  readonly lastProcessedMs: number | undefined;
  readonly lastCommitMs: number | undefined;
  /** About how many rows it has now. */
  readonly rows: number;
  readonly fault: Pick<FaultText, 'code' | 'message' | 'remedy'> | undefined;
}

/** Runs the processes of SQL pools. */
export interface PoolHost {
  /**
   * The pool runs, as ordered, until told otherwise; resolves once it is online with these links. Idempotent. A process that ends is started again.
   * Faults: those of opening the pool.
   */
  run(order: PoolOrder): Promise<void>;
  /** Its process ends in good order; the data stays. Idempotent. */
  stop(id: string): Promise<void>;
  /** Ends it, and its data goes. Idempotent. */
  remove(id: string, folder: string): Promise<void>;
  /** The latest it told; undefined: it does not run. */
  report(id: string): PoolReport | undefined;
  /** Who decides about logins from now on; until somebody does, nobody may log in. */
  decideLogins(decide: PoolLoginDecision): void;
  /** Told after each report. Quick, never throws. Returns what ends it. */
  onReport(listener: (id: string) => void): () => void;
}
