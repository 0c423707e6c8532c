import type { ObjectName, Place } from './ast.ts';
import { createTable, element, keyColumn } from './create-table.ts';
import { isName, name, nameList, objectName, typeName } from './names.ts';
import type { Reader } from './reader.ts';
import type { ColumnDefinition, Statement, TableChange, TableConstraint } from './statement.ts';

type Dropped = Extract<Statement, { kind: 'drop' }>['what'];

/** Words of a statement that is not supported, as far as they name it. */
function spelled(p: Reader, verb: string): string {
  const token = p.peek();
  return token.kind === 'word' ? `${verb} ${token.upper}` : verb;
}

function firstOfBatch(p: Reader, place: Place, words: string): void {
  if (p.startsBatch) return;
  throw p.error(111, `'${words}' must be the first statement in a query batch.`, place);
}

export function create(p: Reader): Statement {
  const place = p.place();
  p.expect('CREATE');
  const replaces = p.accept('OR', 'ALTER');
  if (p.accept('VIEW')) return view(p, place, replaces ? 'maybe' : 'no');
  if (replaces) throw p.refuse(spelled(p, 'CREATE OR ALTER'), place);
  if (p.accept('TABLE')) return createTable(p, place);
  if (p.accept('SCHEMA')) return schema(p, place);
  if (p.accept('STATISTICS')) return createStatistics(p, place);
  if (p.is('INDEX') || p.is('UNIQUE') || p.is('CLUSTERED') || p.is('NONCLUSTERED') || p.is('COLUMNSTORE')) return createIndex(p, place);
  throw p.refuse(spelled(p, 'CREATE'), place);
}

function view(p: Reader, place: Place, replaces: 'no' | 'maybe' | 'must'): Statement {
  firstOfBatch(p, place, replaces === 'must' ? 'ALTER VIEW' : 'CREATE VIEW');
  const named = objectName(p);
  const columns = p.is('(') ? nameList(p) : undefined;
  if (p.accept('WITH')) {
    p.list((r) => {
      if (!r.accept('SCHEMABINDING') && !r.accept('ENCRYPTION') && !r.accept('VIEW_METADATA')) throw r.unexpected();
    });
  }
  p.expect('AS');
  const from = p.peek();
  const query = p.query();
  const text = p.sql.slice(from.at, p.previous.end);
  if (p.are('WITH', 'CHECK', 'OPTION')) throw p.unsupported('WITH CHECK OPTION', place);
  while (p.accept(';'));
  if (!p.atEnd) throw p.unexpected();
  return { ...place, kind: 'create-view', view: named, columns, query, replaces, text };
}

const schemaElements: ReadonlySet<string> = new Set(['CREATE', 'GRANT', 'REVOKE', 'DENY']);

function schema(p: Reader, place: Place): Statement {
  firstOfBatch(p, place, 'CREATE SCHEMA');
  const named = p.is('AUTHORIZATION') ? undefined : name(p);
  const owner = p.accept('AUTHORIZATION') ? name(p) : undefined;
  if (p.isAny(schemaElements)) throw p.unsupported('What is made within CREATE SCHEMA', undefined, 'Write statements of their own.');
  return { ...place, kind: 'create-schema', name: named ?? (owner as string), authorization: owner };
}

function createStatistics(p: Reader, place: Place): Statement {
  const named = name(p);
  p.expect('ON');
  const table = objectName(p);
  p.enclosed(keyColumn);
  if (p.accept('WHERE')) p.condition();
  statisticsOptions(p);
  return { ...place, kind: 'create-statistics', name: named, table };
}

const statisticsWords: ReadonlySet<string> = new Set([
  'FULLSCAN',
  'SAMPLE',
  'RESAMPLE',
  'NORECOMPUTE',
  'ALL',
  'COLUMNS',
  'INDEX',
  'INCREMENTAL',
  'AUTO_DROP',
]);

function statisticsOptions(p: Reader): void {
  if (!p.is('WITH') || !p.isAny(statisticsWords, 1)) return;
  p.advance();
  p.list((r) => {
    if (!r.isAny(statisticsWords)) throw r.unexpected();
    const option = r.advance().upper;
    if (r.accept('=')) r.advance();
    else if (option === 'SAMPLE') {
      r.advance();
      if (!r.accept('PERCENT')) r.expect('ROWS');
    }
  });
}

export function updateStatistics(p: Reader): Statement {
  const place = p.place();
  p.expect('UPDATE', 'STATISTICS');
  const table = objectName(p);
  let named: string | undefined;
  if (p.is('(')) [named] = nameList(p);
  else if (isName(p.peek())) named = name(p);
  statisticsOptions(p);
  return { ...place, kind: 'update-statistics', name: named, table };
}

function createIndex(p: Reader, place: Place): Statement {
  const unique = p.accept('UNIQUE');
  const clustered = p.accept('CLUSTERED') ? true : p.accept('NONCLUSTERED') ? false : undefined;
  const columnstore = p.accept('COLUMNSTORE');
  p.expect('INDEX');
  const named = name(p);
  p.expect('ON');
  const table = objectName(p);
  const columns = p.is('(') ? p.enclosed(keyColumn) : [];
  if (columns.length === 0 && !columnstore) throw p.unexpected();
  const include = p.accept('INCLUDE') ? nameList(p) : [];
  if (p.accept('ORDER')) p.enclosed(keyColumn);
  if (p.is('WHERE')) {
    if (unique) throw p.unsupported('A unique index with WHERE', place);
    p.advance();
    p.condition();
  }
  if (p.is('WITH') && p.is('(', 1)) {
    p.advance();
    p.skipEnclosed();
  }
  if (p.accept('ON')) {
    name(p);
    if (p.is('(')) nameList(p);
  }
  return { ...place, kind: 'create-index', name: named, unique, clustered, columnstore, table, columns, include };
}

const dropped: Readonly<Record<string, Dropped>> = {
  TABLE: 'table',
  VIEW: 'view',
  SCHEMA: 'schema',
  INDEX: 'index',
  STATISTICS: 'statistics',
  PROCEDURE: 'procedure',
  PROC: 'procedure',
  FUNCTION: 'function',
};

export function drop(p: Reader): Statement {
  const place = p.place();
  p.expect('DROP');
  const what = dropped[p.peek().upper];
  if (what === undefined) throw p.refuse(spelled(p, 'DROP'), place);
  p.advance();
  const ifExists = p.accept('IF', 'EXISTS');
  const names = p.list(objectName);
  let on: ObjectName | undefined;
  if (what === 'index' && p.accept('ON')) {
    on = objectName(p);
    if (p.is(',')) throw p.unsupported('DROP INDEX of several tables', place, 'Write a statement for each.');
  }
  return { ...place, kind: 'drop', what, names, ifExists, on };
}

export function alter(p: Reader): Statement {
  const place = p.place();
  p.expect('ALTER');
  if (p.accept('VIEW')) return view(p, place, 'must');
  if (!p.accept('TABLE')) throw p.refuse(spelled(p, 'ALTER'), place);
  const table = objectName(p);
  return { ...place, kind: 'alter-table', table, change: tableChange(p, place) };
}

function tableChange(p: Reader, place: Place): TableChange {
  if (p.is('WITH') && (p.is('CHECK', 1) || p.is('NOCHECK', 1)) && p.is('ADD', 2)) {
    if (p.is('NOCHECK', 1)) throw p.unsupported('WITH NOCHECK', place);
    p.advance();
    p.advance();
  }
  if (p.accept('ADD')) return added(p, place);
  if (p.accept('DROP')) return droppedPart(p, place);
  if (p.are('ALTER', 'COLUMN')) return alteredColumn(p, place);
  throw p.refuse(spelled(p, 'ALTER TABLE …'), place);
}

function added(p: Reader, place: Place): TableChange {
  const columns: ColumnDefinition[] = [];
  const constraints: TableConstraint[] = [];
  do element(p, columns, constraints);
  while (p.accept(','));
  const [constraint] = constraints;
  if (constraint === undefined) return { kind: 'add-columns', columns };
  if (constraints.length === 1 && columns.length === 0) return { kind: 'add-constraint', constraint };
  throw p.unsupported('ALTER TABLE … ADD of several kinds at once', place, 'Write a statement for each.');
}

function droppedPart(p: Reader, place: Place): TableChange {
  if (p.accept('COLUMN')) {
    const ifExists = p.accept('IF', 'EXISTS');
    const columns = p.list(name);
    if (p.is('CONSTRAINT')) throw p.unsupported('ALTER TABLE … DROP of several kinds at once', place, 'Write a statement for each.');
    return { kind: 'drop-columns', columns, ifExists };
  }
  if (p.is('PERIOD')) throw p.refuse('ALTER TABLE … DROP PERIOD', place);
  p.accept('CONSTRAINT');
  const ifExists = p.accept('IF', 'EXISTS');
  const named = name(p);
  if (p.is(',')) throw p.unsupported('ALTER TABLE … DROP of several constraints', place, 'Write a statement for each.');
  return { kind: 'drop-constraint', name: named, ifExists };
}

function alteredColumn(p: Reader, place: Place): TableChange {
  p.expect('ALTER', 'COLUMN');
  const column = name(p);
  if (p.is('ADD') || p.is('DROP')) throw p.refuse(`ALTER COLUMN … ${p.peek().upper}`, place);
  const type = typeName(p);
  const collation = p.accept('COLLATE') ? name(p) : undefined;
  let nullable: boolean | undefined;
  if (p.accept('NULL')) nullable = true;
  else if (p.accept('NOT')) {
    p.expect('NULL');
    nullable = false;
  }
  return { kind: 'alter-column', column, type, nullable, collation };
}

/** Synapse's `RENAME OBJECT [::] a.b TO c` and `RENAME COLUMN t.a TO b`. */
export function rename(p: Reader): Statement {
  const place = p.place();
  p.expect('RENAME');
  const what = p.accept('COLUMN') ? 'column' : 'object';
  if (what === 'object') p.expect('OBJECT');
  p.accept('::');
  const from = objectName(p);
  p.expect('TO');
  return { ...place, kind: 'rename', what, from, to: name(p) };
}

export function truncate(p: Reader): Statement {
  const place = p.place();
  p.expect('TRUNCATE', 'TABLE');
  const table = objectName(p);
  if (p.is('WITH') && p.is('PARTITIONS', 2)) throw p.unsupported('TRUNCATE TABLE of partitions', place);
  return { ...place, kind: 'truncate', table };
}
