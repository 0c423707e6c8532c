import type { FaultText } from '#base/fault-text.ts';
import type { Fidelity, TablePlacement } from '#replication/schema.ts';
import type { TableState } from '#replication/segment.ts';
import type { Capture } from '#replication/sources/sqlserver/place.ts';
import type { Route } from '#replication/sources/sqlserver/routes.ts';
import type { TestStep, TlsMode } from './jobs/test-connection.ts';

/**
 * What a worker is told to do and what it tells. One job a process: the job comes over the process' channel as its first message, with the
 * secrets of this job and no other's, and the process ends with it. Everything is plain JSON: int8 and log sizes are texts.
 */
export type RuntimeJob =
  | { readonly kind: 'test-connection'; readonly store: StoreLogin; readonly timeoutMs: number }
  /** What can be chosen: every table that the login sees. */
  | { readonly kind: 'browse'; readonly store: StoreLogin; readonly timeoutMs: number }
  /** The first rows of one table, as exact texts. */
  | {
      readonly kind: 'preview';
      readonly store: StoreLogin;
      readonly table: TableName;
      readonly mostRows: number;
      readonly timeoutMs: number;
    }
  /** Whether a link of these tables could start, and what would become of each column. Changes nothing at the source. */
  | {
      readonly kind: 'check';
      readonly store: StoreLogin;
      readonly slot: string;
      readonly tables: readonly LinkTable[];
      /** SQL Server: how changes are to be told. Absent: by change tracking. */
      readonly capture?: Capture | undefined;
      readonly timeoutMs: number;
    }
  | { readonly kind: 'link'; readonly link: LinkOrder }
  /** Gives back what a link made at its source. Idempotent: what is not there, or belongs to another source, is given back. */
  | { readonly kind: 'release'; readonly store: StoreLogin; readonly slot: string; readonly timeoutMs: number };

/** The jobs of one kind. */
export type JobOf<Kind extends RuntimeJob['kind']> = Extract<RuntimeJob, { readonly kind: Kind }>;

/** A database and how to log in to it, as it crosses the channel. */
export interface StoreLogin {
  readonly kind: 'sqlserver' | 'postgresql' | 'mysql';
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  readonly password: string | null;
  readonly tls: TlsMode;
  /** The name that the certificate must hold, where it is not `host`. */
  readonly certificateName: string | null;
  /** SQL Server: TLS comes before anything else (TDS 8, `encrypt=strict`). */
  readonly tlsFirst?: boolean | undefined;
  /** SQL Server: what becomes of places that a gateway sends on to. */
  readonly routes?: readonly Route[] | undefined;
}

export interface TableName {
  readonly schema: string;
  readonly name: string;
}

/** A table of a link: which one, and where it goes. */
export interface LinkTable extends TableName {
  readonly placement: TablePlacement;
}

export interface LinkOrder {
  /** For logs and metrics. */
  readonly name: string;
  /** Names what the link makes at its source; lower-case letters, digits and underscores, with the link's own random id in it. */
  readonly slot: string;
  readonly store: StoreLogin;
  readonly tables: readonly LinkTable[];
  /** SQL Server: how changes are told. Absent: by change tracking. */
  readonly capture?: Capture | undefined;
  /** Folders of this run of the link, of this host. The landing zone's is also the pool's. */
  readonly landing: string;
  readonly spool: string;
  /** Ends when the pool's landing zone holds all that the source held when it began (interval mode). */
  readonly once: boolean;
}

/** What may be told to a link that runs. */
export type LinkMessage =
  /** The tables from now on; others go on undisturbed. */
  | { readonly kind: 'tables'; readonly tables: readonly LinkTable[] }
  /** These are copied anew, over the rows that they have. */
  | { readonly kind: 'recopy'; readonly tables: readonly TableName[] };

export type JobEvent =
  /** The worker has its job and begins. */
  | { readonly kind: 'begun' }
  | { readonly kind: 'step'; readonly step: Omit<TestStep, 'fault'> & { readonly fault: FaultText | null } }
  | { readonly kind: 'tables'; readonly tables: readonly BrowsedTable[] }
  | { readonly kind: 'rows'; readonly columns: readonly PreviewColumn[]; readonly rows: readonly (readonly (string | null)[])[] }
  /** `held`: what the source keeps of its log for the slot; null: it has none of that name, or cannot say. */
  | {
      readonly kind: 'checked';
      readonly findings: readonly JobFinding[];
      readonly tables: readonly ColumnPlan[];
      readonly held: LogHeld | null;
    }
  /** Always the whole state: only the latest counts. */
  | { readonly kind: 'link'; readonly report: LinkReport }
  /** What it moved until now: with each report of a link, when it is asked, and before the end of every job (`last`). Only the latest counts. */
  | { readonly kind: 'moved'; readonly moved: Moved; readonly last?: true | undefined }
  /** The job is done; nothing follows. */
  | { readonly kind: 'done' }
  /** The job failed for good; nothing follows. What waiting can mend a link waits out by itself, and tells as `trouble`. */
  | { readonly kind: 'failed'; readonly fault: FaultText };

/** Bytes of TCP's payload, of all connections that the job opened: to their far sides, and from them. They never go back. */
export interface Moved {
  readonly sent: number;
  readonly received: number;
}

export interface BrowsedTable extends TableName {
  /** About how many rows; null: unknown. */
  readonly estimatedRows: number | null;
  readonly hasKey: boolean;
  /** Why it cannot be chosen; null: it can. */
  readonly refusal: JobFinding | null;
}

export interface PreviewColumn {
  readonly name: string;
  readonly sourceType: string;
}

/** A finding of a check: see `Finding` of `#replication/source.ts`. */
export interface JobFinding {
  readonly severity: 'error' | 'warning' | 'info';
  readonly code: string;
  readonly message: string;
  readonly target: string | null;
  readonly remedy: string | null;
}

/** What becomes of each column of a table, said before anything starts. */
export interface ColumnPlan extends TableName {
  readonly columns: readonly PlannedColumn[];
}

export interface PlannedColumn extends PreviewColumn {
  /** `refused`: it is left out, and `reason` says why. */
  readonly fidelity: Fidelity;
  readonly reason: string | null;
}

/** Bytes of log that a source keeps for a link, and how many more it may (null: no limit is known); as texts of whole numbers. */
export interface LogHeld {
  readonly heldBytes: string;
  readonly headroomBytes: string | null;
}

export interface LinkReport {
  /** The source is connected and followed. */
  readonly following: boolean;
  readonly tables: readonly LinkTableReport[];
  readonly position: string | null;
  /** Bytes of log that the source keeps for the link, and how many more it may; as texts of whole numbers. */
  readonly heldBytes: string | null;
  readonly headroomBytes: string | null;
  readonly findings: readonly JobFinding[];
  /** Why it waits. */
  readonly trouble: FaultText | null;
  /** When the source was last heard of, milliseconds since 1970. */
  readonly heardMs: number | null;
  /** How many times it was asked to copy tables anew, and with which of them it has not durably begun. */
  readonly recopies: { readonly asked: number; readonly open: readonly TableName[] };
}

/** As the landing zone has it, which may be ahead of the pool. */
export interface LinkTableReport extends TableName {
  readonly state: TableState;
  readonly rowsCopied: number;
  /** About how many there are; null: unknown. */
  readonly estimatedRows: number | null;
  readonly fault: FaultText | null;
}
