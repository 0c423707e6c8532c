export const linkType = 'Microsoft.Synapse/workspaces/linkConnections';

export interface TableName {
  readonly schemaName: string;
  readonly tableName: string;
}

/** A table of a link: which one, and where it goes. */
export interface LinkTable {
  readonly id?: string;
  readonly source: TableName;
  readonly target: TableName & {
    readonly distributionOptions?: { readonly type: string; readonly distributionColumn?: string };
    readonly structureOptions?: { readonly type: string };
  };
}

/** What is asked of a link connection. */
export interface LinkProperties {
  readonly sourceDatabase: { readonly linkedService: { readonly referenceName: string } };
  readonly targetDatabase: {
    readonly linkedService: { readonly referenceName: string; readonly parameters?: Readonly<Record<string, unknown>> };
    readonly typeProperties?: {
      readonly crossTableTransaction?: boolean;
      readonly dropExistingTargetTableOnStart?: boolean;
      readonly actionOnExistingTargetTable?: string;
    };
  };
  readonly compute?: { readonly dataProcessIntervalMinutes?: number; readonly coreCount?: number; readonly computeType?: string };
  readonly linkTables?: readonly LinkTable[];
  readonly isthmus?: { readonly logBudget?: { readonly mostBytes?: number; readonly whenExceeded?: string } };
}

export interface Link {
  readonly id: string;
  readonly name: string;
  readonly etag?: string;
  readonly description?: string;
  readonly properties: LinkProperties;
}

/** Why something is not as it should be. */
export interface Trouble {
  readonly code: string;
  readonly message: string;
  readonly target?: string | null;
  readonly remedy?: string | null;
}

export interface Finding extends Trouble {
  readonly severity: 'error' | 'warning' | 'info';
}

export interface LinkHappening {
  /** ISO 8601. */
  readonly at: string;
  readonly state: string;
  readonly text: string;
  readonly code: string | null;
}

/** `detailedstatus`. */
export interface LinkStatus {
  readonly id: string;
  readonly name: string;
  readonly status: string;
  readonly isApplyingChanges: boolean;
  readonly isPartiallyFailed: boolean;
  readonly startTime?: string;
  readonly stopTime?: string;
  readonly continuousRunId?: string;
  readonly error?: Trouble;
  readonly lagSeconds?: number;
  readonly isthmus: {
    readonly isolated?: boolean;
    readonly run?: { readonly number: number; readonly slot: string };
    readonly lag?: { readonly lastTransactionCommitTime?: string };
    readonly pid?: number;
    readonly log: LogHeld;
    readonly waiting?: { readonly segments: number; readonly bytes: number };
    readonly changesPerSecond?: number;
    readonly tables?: TableCounts;
    readonly position?: string;
    readonly lastHeard?: string;
    readonly nextBatch?: string;
    readonly owed: readonly string[];
    readonly findings: readonly Finding[];
    readonly events: readonly LinkHappening[];
  };
}

/** Bytes as texts of whole numbers. */
export interface LogHeld {
  readonly heldBytes?: string;
  readonly headroomBytes?: string;
  readonly warnBytes: string;
  readonly mostBytes: string;
  readonly whenExceeded: string;
}

export interface TableCounts {
  readonly count: number;
  readonly states: Readonly<Record<string, number>>;
  /** Of the tables whose number of rows is known. */
  readonly rowsCopied: number;
  readonly estimatedRows: number;
}

/** One table in `querytablestatus`. */
export interface LinkTableStatus {
  readonly id: string;
  readonly status: string;
  readonly errorCode?: string;
  readonly errorMessage?: string;
  readonly remedy?: string;
  readonly startTime?: string;
  readonly lastProcessedData?: string;
  readonly lastTransactionCommitTime?: string;
  readonly processedRows: number;
  readonly processedDataVolume: number;
  readonly isthmus: {
    readonly source: TableName;
    readonly target: TableName;
    readonly rows?: number;
    readonly rowsCopied?: number;
    readonly estimatedRows?: number;
  };
}

/** `pathProof`: what workers say that they moved, against what was counted for them. */
export interface LinkPaths {
  readonly worker: PathProof | null;
  /** Latest first. */
  readonly ended: readonly PathProof[];
  readonly total: PathTotal | null;
}

interface BothWays {
  readonly sent: number;
  readonly received: number;
}

/** One worker. What is null is not known. */
export interface PathProof {
  readonly job: string;
  /** ISO 8601. */
  readonly since: string;
  readonly at: string;
  readonly ended: boolean;
  readonly engine: 'userspace' | 'kernel';
  readonly verdict: string;
  readonly says: string;
  readonly said: BothWays | null;
  readonly counted: readonly (BothWays & { readonly endpoint: string; readonly connections: number })[] | null;
  readonly elsewhere: (BothWays & { readonly connections: number; readonly refused: number; readonly tried: number | null }) | null;
}

export interface PathTotal {
  readonly since: string;
  readonly workers: number;
  readonly verdicts: Readonly<Record<string, number>>;
  readonly said: BothWays;
  readonly counted: BothWays;
  readonly elsewhere: BothWays & { readonly connections: number; readonly refused: number };
}

/** Where a link is asked for. */
export function linkPath(plane: string, name: string): string {
  return `${plane}/linkconnections/${encodeURIComponent(name)}`;
}

/** The pool's name: as Azure's Studio writes it, or the reference itself. */
export function poolOf({ targetDatabase: { linkedService } }: Pick<LinkProperties, 'targetDatabase'>): string {
  const given = Object.entries(linkedService.parameters ?? {}).find(([key]) => key.toLowerCase() === 'dbname')?.[1];
  return typeof given === 'string' && given !== '' ? given : linkedService.referenceName;
}

export function nameOfTable({ schemaName, tableName }: TableName): string {
  return `${schemaName}.${tableName}`;
}
