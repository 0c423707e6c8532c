import { randomUUID } from 'node:crypto';
import { fault } from '#base/fault.ts';
import { quoteIdentifier, quoteLiteral, type TableSchema } from '#replication/schema.ts';
import type { Position, Progress, TableProgress } from '#replication/segment.ts';
import { catalogName, type Engine } from './engine.ts';
import { ownSchema, type Target } from './names.ts';

/** The version of the pool's own tables that this code reads and writes. */
const format = 1;

const own = (table: string): string => `${quoteIdentifier(catalogName)}.${quoteIdentifier(ownSchema)}.${quoteIdentifier(table)}`;

/** One row for each table of the link: `target_schema`, `target_name` … */
export const tablesOfLink: string = own('tables');

/** What the pool knows of one table of the source. */
export interface TableRecord {
  readonly target: Target | undefined;
  readonly schema: TableSchema | undefined;
  readonly progress: TableProgress | undefined;
  /** Since the table was empty only pages have put rows in: no page carries a key that is there. */
  readonly pagesOnly: boolean;
}

/** All that one transaction leaves. Kept in the pool's schema `isthmus`, in the transaction that makes it true. */
export interface Ledger {
  readonly number: number;
  readonly position: Position | undefined;
  readonly committedAt: bigint | undefined;
  readonly tables: ReadonlyMap<string, TableRecord>;
}

export interface Identity {
  /** Random, made with the file: two pools never share it. */
  readonly linkId: string;
  /** The source's identity as text; undefined until `bind`. */
  readonly source: string | undefined;
}

/** Makes the pool's own tables where they are missing. Faults: `PoolNewer`. */
export async function openLedger(engine: Engine, readOnly: boolean): Promise<void> {
  const there = await engine.rows(
    `SELECT 1 FROM duckdb_tables() WHERE database_name = ${quoteLiteral(catalogName)} AND schema_name = ${quoteLiteral(ownSchema)} AND table_name = 'meta'`,
  );
  if (there.length > 0) return checkFormat(engine);
  if (readOnly) return;
  await engine.run(`
    BEGIN;
    CREATE SCHEMA IF NOT EXISTS ${quoteIdentifier(catalogName)}.${quoteIdentifier(ownSchema)};
    CREATE TABLE ${own('meta')} (format INTEGER, link_id VARCHAR, source VARCHAR, created TIMESTAMP WITH TIME ZONE);
    CREATE TABLE ${own('link')} (number BIGINT, position VARCHAR, committed_at TIMESTAMP WITH TIME ZONE, applied_at TIMESTAMP WITH TIME ZONE);
    CREATE TABLE ${own('tables')} (table_name VARCHAR, target_schema VARCHAR, target_name VARCHAR, pages_only BOOLEAN, shape VARCHAR, progress VARCHAR);
    CREATE TABLE ${own('upkeep')} (done_at TIMESTAMP WITH TIME ZONE, what VARCHAR);
    INSERT INTO ${own('meta')} VALUES (${format}, ${quoteLiteral(randomUUID())}, NULL, now());
    INSERT INTO ${own('link')} VALUES (0, NULL, NULL, now());
    COMMIT`);
}

async function checkFormat(engine: Engine): Promise<void> {
  const found = (await engine.rows(`SELECT format FROM ${own('meta')}`))[0]?.[0];
  if (typeof found !== 'number')
    throw fault('corrupt', 'PoolCorrupt', 'The pool file lacks its own record of what it is.', {
      target: engine.path,
      remedy: 'Move the file away and start the link anew: the tables are copied again.',
    });
  if (found > format)
    throw fault('conflict', 'PoolNewer', `The pool file has format ${found}; this version reads up to ${format}.`, {
      target: engine.path,
      remedy: 'Upgrade Isthmus to at least the version that wrote the file.',
    });
}

export async function readIdentity(engine: Engine): Promise<Identity> {
  const [row] = await engine.rows(`SELECT link_id, source FROM ${own('meta')}`);
  return { linkId: String(row?.[0]), source: typeof row?.[1] === 'string' ? row[1] : undefined };
}

export async function writeSource(engine: Engine, source: string): Promise<void> {
  await engine.run(`UPDATE ${own('meta')} SET source = ${quoteLiteral(source)}`);
}

export async function readLedger(engine: Engine): Promise<Ledger> {
  const [link] = await engine.rows(`SELECT number, position, epoch_us(committed_at) FROM ${own('link')}`);
  if (!link)
    throw fault('corrupt', 'PoolCorrupt', 'The pool file lacks its record of progress.', {
      target: engine.path,
      remedy: 'Move the file away and start the link anew: the tables are copied again.',
    });
  const tables = new Map<string, TableRecord>();
  for (const row of await engine.rows(`SELECT table_name, target_schema, target_name, pages_only, shape, progress FROM ${own('tables')}`)) {
    tables.set(String(row[0]), {
      target: typeof row[2] === 'string' ? { schema: String(row[1]), name: row[2] } : undefined,
      pagesOnly: row[3] === true,
      schema: typeof row[4] === 'string' ? (JSON.parse(row[4]) as TableSchema) : undefined,
      progress: typeof row[5] === 'string' ? parseProgress(row[5]) : undefined,
    });
  }
  return {
    number: Number(link[0]),
    position: typeof link[1] === 'string' ? (link[1] as Position) : undefined,
    committedAt: typeof link[2] === 'bigint' ? link[2] : undefined,
    tables,
  };
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

/** The statements that write what changed; to be run inside the transaction. */
export function ledgerStatements(ledger: Ledger, changed: ReadonlySet<string>): string {
  const text = (value: string | undefined): string => (value === undefined ? 'NULL' : quoteLiteral(value));
  const at = ledger.committedAt === undefined ? 'NULL' : `make_timestamptz(${ledger.committedAt})`;
  // Not UPDATE: while a reader looks at an older state DuckDB refuses to checkpoint after one, and the WAL would grow without bound.
  const statements = [
    `DELETE FROM ${own('link')}`,
    `INSERT INTO ${own('link')} VALUES (${ledger.number}, ${text(ledger.position)}, ${at}, now())`,
  ];
  if (changed.size > 0) {
    const names = [...changed].map(quoteLiteral).join(', ');
    statements.push(`DELETE FROM ${own('tables')} WHERE table_name IN (${names})`);
    const rows = [...changed].flatMap((table) => {
      const record = ledger.tables.get(table);
      if (!record) return [];
      const shape = record.schema && JSON.stringify(record.schema);
      const progress = record.progress && JSON.stringify(record.progress);
      return [
        `(${quoteLiteral(table)}, ${text(record.target?.schema)}, ${text(record.target?.name)}, ${record.pagesOnly}, ${text(shape)}, ${text(progress)})`,
      ];
    });
    if (rows.length > 0) statements.push(`INSERT INTO ${own('tables')} VALUES ${rows.join(', ')}`);
  }
  return statements.join(';\n');
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
  return { number: ledger.number, position: ledger.position, tables, schemas };
}
