import { randomUUID } from 'node:crypto';
import { failpoint } from '#base/failpoint.ts';
import { fault, type Fault } from '#base/fault.ts';
import type { FaultText } from '#base/fault-text.ts';
import { quoteIdentifier, quoteLiteral, type TableSchema } from '#replication/schema.ts';
import type { Footing, Position, Progress, TableProgress } from '#replication/segment.ts';
import { catalogName, type Engine } from './engine.ts';
import { ownSchema, type Target } from './names.ts';

/** The version of the pool's own tables that this code writes; older ones are brought to it when the pool is opened for writing. */
const format = 3;

/** The run of a pool that has only one link, as `isthmus link` fills it. Also the run of pools of format 1, which knew no other. */
export const onlyRun = 'link';

const own = (table: string): string => `${quoteIdentifier(catalogName)}.${quoteIdentifier(ownSchema)}.${quoteIdentifier(table)}`;

/** One row for each table of each run: `run`, `target_schema`, `target_name` … */
export const tablesOfLinks: string = own('tables');

/** Why a table is not filled. */
export type Rejection = Pick<FaultText, 'code' | 'message' | 'remedy'>;

/** What a run brought to one table, copied and changed. */
export interface Processed {
  readonly rows: number;
  readonly bytes: number;
  /** When the last of it was committed in the pool, and when the last of its transactions was at the source; milliseconds since 1970. */
  readonly atMs: number | undefined;
  readonly committedMs: number | undefined;
}

/** What the pool knows of one table of a run. */
export interface TableRecord {
  /** Undefined: it has no place in the pool, or none yet. */
  readonly target: Target | undefined;
  readonly schema: TableSchema | undefined;
  /** What the link said, also of a table that was rejected here. */
  readonly progress: TableProgress | undefined;
  /** Since the table was empty only pages have put rows in: no page carries a key that is there. */
  readonly pagesOnly: boolean;
  /** Its rows are ignored for this reason, until its copy begins anew. */
  readonly rejected: Rejection | undefined;
  readonly processed: Processed;
}

/** All that one transaction of a run leaves. Kept in the pool's schema `isthmus`, in the transaction that makes it true. */
export interface Ledger extends Footing {
  readonly run: string;
  readonly committedAt: bigint | undefined;
  readonly tables: ReadonlyMap<string, TableRecord>;
  /** Tables whose counts are noted in the row of the run: a statement for them in each commit would make it a quarter dearer. */
  readonly noted: ReadonlySet<string>;
}

export interface Identity {
  /** Random, made with the file: two pools never share it. */
  readonly linkId: string;
  /** The source's identity as text; undefined until `bind`. */
  readonly source: string | undefined;
}

const nothingProcessed: Processed = { rows: 0, bytes: 0, atMs: undefined, committedMs: undefined };

/** A table that nothing is known of. */
export const emptyRecord: TableRecord = {
  target: undefined,
  schema: undefined,
  progress: undefined,
  pagesOnly: false,
  rejected: undefined,
  processed: nothingProcessed,
};

/** Makes the pool's own tables where they are missing or of an older format. Faults: `PoolNewer`. */
export async function openLedger(engine: Engine, readOnly: boolean): Promise<void> {
  const there = await engine.rows(
    `SELECT 1 FROM duckdb_tables() WHERE database_name = ${quoteLiteral(catalogName)} AND schema_name = ${quoteLiteral(ownSchema)} AND table_name = 'meta'`,
  );
  if (there.length > 0) {
    const found = await formatOf(engine);
    if (found < format && !readOnly) await upgrade(engine, found);
    return;
  }
  if (readOnly) return;
  await engine.run(`
    BEGIN;
    CREATE SCHEMA IF NOT EXISTS ${quoteIdentifier(catalogName)}.${quoteIdentifier(ownSchema)};
    CREATE TABLE ${own('meta')} (format INTEGER, link_id VARCHAR, source VARCHAR, created TIMESTAMP WITH TIME ZONE);
    CREATE TABLE ${own('link')} (run VARCHAR, number BIGINT, position VARCHAR, committed_at TIMESTAMP WITH TIME ZONE, applied_at TIMESTAMP WITH TIME ZONE, noted VARCHAR, epoch VARCHAR);
    CREATE TABLE ${own('tables')} (run VARCHAR, table_name VARCHAR, target_schema VARCHAR, target_name VARCHAR, pages_only BOOLEAN, shape VARCHAR, progress VARCHAR, rejected VARCHAR);
    ${makeCounts};
    CREATE TABLE ${own('upkeep')} (done_at TIMESTAMP WITH TIME ZONE, what VARCHAR);
    INSERT INTO ${own('meta')} VALUES (${format}, ${quoteLiteral(randomUUID())}, NULL, now());
    COMMIT`);
}

/** Times in milliseconds since 1970. Apart from `tables`, whose rows are long and seldom change. */
const makeCounts = `CREATE TABLE ${own('counts')} (run VARCHAR, table_name VARCHAR, processed_rows BIGINT, processed_bytes BIGINT, processed_ms BIGINT, committed_ms BIGINT)`;

async function formatOf(engine: Engine): Promise<number> {
  const found = (await engine.rows(`SELECT format FROM ${own('meta')}`))[0]?.[0];
  if (typeof found !== 'number') throw damaged(engine, 'The pool file lacks its own record of what it is.');
  if (found > format)
    throw fault('conflict', 'PoolNewer', `The pool file has format ${found}; this version reads up to ${format}.`, {
      target: engine.path,
      remedy: 'Upgrade Isthmus to at least the version that wrote the file.',
    });
  return found;
}

/** Who wrote what an earlier format applied is not known, until the next transaction. */
async function upgrade(engine: Engine, found: number): Promise<void> {
  const steps = [
    ...(found < 2 ? [toFormat2()] : []),
    `ALTER TABLE ${own('link')} ADD COLUMN epoch VARCHAR`,
    `UPDATE ${own('meta')} SET format = ${format}`,
  ];
  await engine.run(`BEGIN; ${steps.join(';\n')}`);
  await failpoint('pool.upgrade.before');
  await engine.run('COMMIT');
}

/** Format 1 knew one link only: what it wrote is that of `onlyRun`. */
function toFormat2(): string {
  const run = `${quoteLiteral(onlyRun)} AS run`;
  return `
    CREATE TABLE ${own('link of 2')} AS SELECT ${run}, *, CAST(NULL AS VARCHAR) AS noted FROM ${own('link')} WHERE number > 0;
    DROP TABLE ${own('link')};
    ALTER TABLE ${own('link of 2')} RENAME TO link;
    CREATE TABLE ${own('tables of 2')} AS SELECT ${run}, *, CAST(NULL AS VARCHAR) AS rejected FROM ${own('tables')};
    DROP TABLE ${own('tables')};
    ALTER TABLE ${own('tables of 2')} RENAME TO tables;
    ${makeCounts}`;
}

function damaged(engine: Engine, what: string): Fault {
  return fault('corrupt', 'PoolCorrupt', what, {
    target: engine.path,
    remedy: 'Move the file away and start the link anew: the tables are copied again.',
  });
}

export async function readIdentity(engine: Engine): Promise<Identity> {
  const [row] = await engine.rows(`SELECT link_id, source FROM ${own('meta')}`);
  return { linkId: String(row?.[0]), source: typeof row?.[1] === 'string' ? row[1] : undefined };
}

export async function writeSource(engine: Engine, source: string): Promise<void> {
  await engine.run(`UPDATE ${own('meta')} SET source = ${quoteLiteral(source)}`);
}

/** Every run that left anything. */
export async function readRuns(engine: Engine): Promise<readonly string[]> {
  return (await engine.rows(`SELECT run FROM ${own('link')} UNION SELECT run FROM ${own('tables')} ORDER BY run`)).map(([run]) =>
    String(run),
  );
}

/** A run that left nothing is at number 0. */
export async function readLedger(engine: Engine, run: string): Promise<Ledger> {
  const ofRun = `run = ${quoteLiteral(run)}`;
  const [link] = await engine.rows(`SELECT number, position, epoch_us(committed_at), noted, epoch FROM ${own('link')} WHERE ${ofRun}`);
  const tables = new Map<string, TableRecord>();
  const found = await engine.rows(
    `SELECT table_name, target_schema, target_name, pages_only, shape, progress, rejected, processed_rows, processed_bytes, processed_ms, committed_ms
     FROM ${own('tables')} LEFT JOIN (SELECT * FROM ${own('counts')} WHERE ${ofRun}) USING (table_name) WHERE ${own('tables')}.${ofRun}`,
  );
  for (const row of found) {
    tables.set(String(row[0]), {
      target: typeof row[2] === 'string' ? { schema: String(row[1]), name: row[2] } : undefined,
      pagesOnly: row[3] === true,
      schema: typeof row[4] === 'string' ? (JSON.parse(row[4]) as TableSchema) : undefined,
      progress: typeof row[5] === 'string' ? parseProgress(row[5]) : undefined,
      rejected: typeof row[6] === 'string' ? parseRejection(row[6]) : undefined,
      processed: { rows: Number(row[7] ?? 0), bytes: Number(row[8] ?? 0), atMs: numberOf(row[9]), committedMs: numberOf(row[10]) },
    });
  }
  const noted = typeof link?.[3] === 'string' ? (JSON.parse(link[3]) as Record<string, Processed>) : {};
  for (const [table, processed] of Object.entries(noted)) {
    const known = tables.get(table);
    const { rows, bytes, atMs, committedMs } = processed;
    if (known) tables.set(table, { ...known, processed: { rows, bytes, atMs, committedMs } });
  }
  if (!link && tables.size > 0) throw damaged(engine, 'The pool file lacks its record of progress.');
  return {
    run,
    number: Number(link?.[0] ?? 0),
    position: typeof link?.[1] === 'string' ? (link[1] as Position) : undefined,
    epoch: typeof link?.[4] === 'string' ? link[4] : undefined,
    committedAt: typeof link?.[2] === 'bigint' ? link[2] : undefined,
    tables,
    noted: new Set(Object.keys(noted)),
  };
}

function numberOf(value: unknown): number | undefined {
  return typeof value === 'bigint' ? Number(value) : undefined;
}

/** JSON has no undefined: what was left out comes back as it was. */
function parseProgress(text: string): TableProgress {
  const kept = JSON.parse(text) as TableProgress;
  return {
    ...kept,
    after: kept.after,
    until: kept.until,
    seen: kept.seen,
    fault: kept.fault && { ...kept.fault, remedy: kept.fault.remedy },
  };
}

function parseRejection(text: string): Rejection {
  const kept = JSON.parse(text) as Rejection;
  return { ...kept, remedy: kept.remedy };
}

/** Tables whose counts are noted in the row of the run; with more they are written to their own rows. */
const mostNoted = 48;

/** The ledger once a transaction has counted for these tables, and those whose counts are now to be written to their own rows. */
export function withCounts(ledger: Ledger, counted: Iterable<string>): { readonly ledger: Ledger; readonly written: ReadonlySet<string> } {
  const noted = new Set([...ledger.noted, ...counted]);
  const isGone = [...noted].some((table) => !ledger.tables.has(table));
  if (noted.size <= mostNoted && !isGone) return { ledger: { ...ledger, noted }, written: new Set() };
  return { ledger: { ...ledger, noted: new Set() }, written: noted };
}

/** The statements that write a ledger, of which these tables changed; to be run inside the transaction. */
export function ledgerStatements(
  ledger: Ledger,
  changed: { readonly records: ReadonlySet<string>; readonly counts: ReadonlySet<string> },
): string {
  const run = quoteLiteral(ledger.run);
  const noted = Object.fromEntries([...ledger.noted].map((table) => [table, ledger.tables.get(table)?.processed]));
  const at = ledger.committedAt === undefined ? 'NULL' : `make_timestamptz(${ledger.committedAt})`;
  // Not UPDATE: while a reader looks at an older state DuckDB refuses to checkpoint after one, and the WAL would grow without bound.
  return [
    `DELETE FROM ${own('link')} WHERE run = ${run}`,
    `INSERT INTO ${own('link')} VALUES (${run}, ${ledger.number}, ${literal(ledger.position)}, ${at}, now(), ${literal(ledger.noted.size === 0 ? undefined : json(noted))}, ${literal(ledger.epoch)})`,
    ...replacement('tables', ledger, changed.records, ({ target, pagesOnly, schema, progress, rejected }) =>
      [target?.schema, target?.name, pagesOnly, json(schema), json(progress), json(rejected)].map(literal),
    ),
    ...replacement('counts', ledger, changed.counts, ({ processed }) =>
      [processed.rows, processed.bytes, processed.atMs, processed.committedMs].map(literal),
    ),
  ].join(';\n');
}

/** Puts the rows of these tables of the run anew. */
function replacement(
  into: string,
  { run, tables }: Ledger,
  names: ReadonlySet<string>,
  values: (record: TableRecord) => readonly string[],
): readonly string[] {
  if (names.size === 0) return [];
  const list = [...names].map(quoteLiteral).join(', ');
  const rows = [...names].flatMap((table) => {
    const record = tables.get(table);
    return record ? [`(${[quoteLiteral(run), quoteLiteral(table), ...values(record)].join(', ')})`] : [];
  });
  const remove = `DELETE FROM ${own(into)} WHERE run = ${quoteLiteral(run)} AND table_name IN (${list})`;
  return rows.length === 0 ? [remove] : [remove, `INSERT INTO ${own(into)} VALUES ${rows.join(', ')}`];
}

function literal(value: string | number | boolean | undefined): string {
  if (value === undefined) return 'NULL';
  return typeof value === 'string' ? quoteLiteral(value) : String(value);
}

function json(value: object | undefined): string | undefined {
  return value && JSON.stringify(value);
}

/** The statements that take away all that is known of a run. */
export function forgetStatements(run: string): string {
  return ['link', 'tables', 'counts'].map((table) => `DELETE FROM ${own(table)} WHERE run = ${quoteLiteral(run)}`).join(';\n');
}

/** Notes the last work of upkeep, which also gives the next checkpoint something to write: without, DuckDB passes it over. */
export async function noteUpkeep(engine: Engine, what: string, alone = true): Promise<void> {
  const note = `DELETE FROM ${own('upkeep')}; INSERT INTO ${own('upkeep')} VALUES (now(), ${quoteLiteral(what)})`;
  await engine.run(alone ? `BEGIN TRANSACTION; ${note}; COMMIT` : note);
}

export function progressOf(ledger: Ledger): Progress {
  const tables = new Map<string, TableProgress>();
  const schemas = new Map<string, TableSchema>();
  for (const [table, record] of ledger.tables) {
    if (record.progress) tables.set(table, record.progress);
    if (record.schema) schemas.set(table, record.schema);
  }
  return { number: ledger.number, epoch: ledger.epoch, position: ledger.position, tables, schemas };
}
