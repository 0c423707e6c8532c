import type { TableState } from '#replication/segment.ts';
import { describeFault, type FaultText } from '#base/fault-text.ts';

/** What runs and how far it is; as JSON on `/status`. */
export interface UpStatus {
  readonly pid: number;
  readonly data: string;
  readonly metrics: string;
  /** Where resources are asked for, once it answers. */
  readonly arm: string | null;
  /** Where clients of SQL Server reach pools, by `workspace.pool`: `localhost,14330`. */
  readonly sql: Readonly<Record<string, string>>;
  /** Resources can be asked for, every table of every link is Replicating, and every source is followed. */
  readonly ready: boolean;
  /** What carries connections between networks, once it is known. */
  readonly engine: EngineStatus | null;
  readonly links: readonly LinkStatus[];
  /** Child processes; `trouble` where one ended by itself and is being started again. */
  readonly processes: readonly { readonly name: string; readonly running: boolean; readonly trouble: ShownFault | null }[];
  /** What is being done before there is a link to show. */
  readonly step: string | null;
}

export interface EngineStatus {
  readonly kind: 'userspace' | 'kernel';
  /** With `--engine auto`: why it is not the kernel. */
  readonly notKernel: ShownFault | null;
}

export type ShownFault = Pick<FaultText, 'code' | 'message' | 'remedy'>;

export interface LinkStatus {
  readonly name: string;
  /** Azure's word: Running, Paused … */
  readonly state: string;
  readonly following: boolean;
  /** Whether its worker is held by the operating system; null: it does not run. */
  readonly isolated: boolean | null;
  readonly lagMs: number | null;
  readonly changesPerSecond: number;
  readonly heldBytes: number | null;
  readonly waitingSegments: number;
  readonly waitingBytes: number;
  /** While tables are being copied: rows copied and about how many there are. */
  readonly copiedRows: number;
  readonly estimatedRows: number;
  readonly tables: readonly TableStatus[];
  /** What its worker found at the source, that is no trouble. */
  readonly findings: readonly (ShownFault & { readonly severity: string })[];
  readonly trouble: ShownFault | null;
}

export interface TableStatus {
  readonly table: string;
  readonly state: TableState;
  readonly rows: number;
  /** Rows that the link brought, copied and changed. */
  readonly processedRows: number;
  readonly fault: ShownFault | null;
}

/** The status as lines for a screen of that many columns and lines: when there is no room, tables are left out, and the rest says how many. */
export function statusLines(status: UpStatus, screen: { readonly columns: number; readonly rows: number }): string[] {
  const foot = [
    ...status.links.map(linkLine),
    ...sqlLines(status),
    ...troubleLines(status),
    ...(status.step === null ? [] : [status.step]),
  ].flatMap((line) => wrapped(line, screen.columns - 1));
  const room = Math.max(3, screen.rows - foot.length - 2);
  const tables = status.links.flatMap((link) => link.tables);
  const shown = tables.length <= room ? tables : tables.slice(0, room - 1);
  const lines = shown.length === 0 ? [] : tableLines(shown);
  if (shown.length < tables.length) lines.push(`… and ${tables.length - shown.length} more tables`);
  return [...lines.map((line) => (line.length < screen.columns ? line : `${line.slice(0, screen.columns - 2)}…`)), ...foot];
}

function sqlLines({ sql }: UpStatus): string[] {
  const all = Object.entries(sql).map(([pool, address]) => `${pool} at ${address}`);
  return all.length === 0 ? [] : [`SQL Server clients: ${all.join('  ')}`];
}

/** What carries connections, in one sentence. */
export function engineLine({ kind, notKernel }: EngineStatus): string {
  if (kind === 'kernel') return 'The kernel carries connections between networks.';
  const why = notKernel === null ? '' : `, since the kernel cannot here: ${describeFault(notKernel)}`;
  return `This program carries connections between networks${why}${why === '' ? '.' : ''}`;
}

/** What goes wrong, each with its remedy. */
export function troubleLines(status: UpStatus): string[] {
  const troubled = status.processes.flatMap((one) => (one.trouble === null ? [] : [`${one.name} failed: ${describeFault(one.trouble)}`]));
  const waiting = status.links.flatMap((link) => (link.trouble === null ? [] : [`${link.name} waits: ${describeFault(link.trouble)}`]));
  const failed = status.links
    .flatMap((link) => link.tables)
    .flatMap((one) => (one.fault === null ? [] : [`${one.table} ${one.state.toLowerCase()}: ${describeFault(one.fault)}`]));
  return [...waiting, ...failed, ...troubled];
}

/** Broken between words where it can be. */
function wrapped(line: string, columns: number): string[] {
  if (line.length <= columns) return [line];
  const at = line.lastIndexOf(' ', columns);
  const end = at > columns / 2 ? at : columns;
  return [line.slice(0, end), ...wrapped(`  ${line.slice(end).trimStart()}`, columns)];
}

function tableLines(tables: readonly TableStatus[]): string[] {
  const rows = tables.map((one) => [one.table, one.state, count(one.rows), count(one.processedRows)]);
  const head = ['table', 'state', 'rows', 'processed'];
  const widths = head.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i]!.length)));
  return [head, ...rows].map((row) => row.map((cell, i) => (i < 2 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join('  '));
}

/** One link in one line. */
export function linkLine(link: LinkStatus): string {
  const ready = link.tables.filter((one) => one.state === 'Replicating').length;
  const copying = ready < link.tables.length && link.estimatedRows > 0 ? [copyBar(link)] : [];
  return [
    `${link.name}: ${link.state === 'Running' ? '' : `${link.state}  `}${ready}/${link.tables.length} tables replicating`,
    ...copying,
    `${perSecond(link.changesPerSecond)} changes/s`,
    `lag ${link.lagMs === null ? '?' : duration(link.lagMs)}`,
    ...(link.heldBytes === null ? [] : [`source log held ${bytes(link.heldBytes)}`]),
    ...(link.waitingSegments === 0 ? [] : [`landing zone ${link.waitingSegments} segments, ${bytes(link.waitingBytes)}`]),
  ].join('  ');
}

function copyBar({ copiedRows, estimatedRows }: LinkStatus): string {
  const share = Math.min(1, copiedRows / estimatedRows);
  const filled = Math.round(share * 20);
  return `[${'#'.repeat(filled)}${'-'.repeat(20 - filled)}] ${Math.floor(share * 100)} %`;
}

function perSecond(value: number): string {
  return value > 0 && value < 10 ? value.toFixed(1) : count(value);
}

/** 1234567 as `1,234,567`. */
export function count(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

export function bytes(value: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let size = value;
  let unit = 0;
  while (size >= 1_000 && unit < units.length - 1) {
    size /= 1_000;
    unit++;
  }
  return `${unit === 0 || size >= 100 ? Math.round(size) : size.toFixed(1)} ${units[unit]}`;
}

export function duration(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 120_000) return `${(ms / 1_000).toFixed(1)} s`;
  return ms < 7_200_000 ? `${Math.round(ms / 60_000)} min` : `${Math.round(ms / 3_600_000)} h`;
}
