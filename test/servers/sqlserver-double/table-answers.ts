import {
  allRowsStatement,
  capturedStatement,
  changesStatement,
  commitsStatement,
  pageStatement,
  previewStatement,
  rowStatement,
} from '#replication/sources/sqlserver/statements.ts';
import { quoteName } from '#replication/sources/sqlserver/names.ts';
import type { TdsType, TdsValue } from '#wire/tds/types/tds-type.ts';
import type { CaptureInstance, Lsn } from './capture.ts';
import { captureOf, lsnHex } from './catalogue.ts';
import { rowByKey } from './database.ts';
import { maySelect, mayViewTracking } from './logins.ts';
import {
  expressionsIn,
  parsedKey,
  selectionOf,
  statementKey,
  statementTable,
  travelType,
  travelValue,
  type Selected,
} from './selections.ts';
import { columnById, compareKeys, keyOf, rowsInOrder, valueOf, type DoubleColumn, type DoubleRow, type TableState } from './table.ts';
import { StatementError, type Asking, type StatementAnswer } from './terms.ts';
import { netChanges } from './tracking.ts';

export interface TableAnswer {
  readonly name: string;
  /** Of a table, that the statement is about; of a capture instance its name. */
  readonly about: string;
  readonly answer: () => StatementAnswer;
}

const bigint: TdsType = { name: 'bigint' };
const int: TdsType = { name: 'int' };
const lsnText: TdsType = { name: 'char', length: 20 };

/**
 * Statements that are made for a table: known by making them again from what they say and finding the same text. Undefined: it is none of them.
 * Error 208 for a table that is not there.
 */
export function tableAnswer(sql: string, asking: Asking): TableAnswer | undefined {
  if (sql === commitsStatement) return { name: 'commits', about: '', answer: () => commits(asking) };
  const { expressions, end } = expressionsIn(sql, /^SELECT (?:TOP \((?:@rows|\d+)\) )?/.exec(sql)?.[0].length ?? 0);
  const [, schema, name] = / FROM (?:CHANGETABLE\(CHANGES )?\[((?:[^\]]|\]\])+)\]\.\[((?:[^\]]|\]\])+)\]/.exec(sql.slice(end)) ?? [];
  if (schema === undefined || name === undefined) return undefined;
  if (schema === 'cdc') return capturedAnswer(sql, expressions, { asking, table: name });
  // A table that a SNAPSHOT transaction saw and that is gone meanwhile is not there for it either: names are looked up now.
  const table = [...asking.database.state.tables.values()].find(
    (one) => quoteName(one.schema) === `[${schema}]` && quoteName(one.name) === `[${name}]`,
  );
  if (table === undefined) throw new StatementError({ number: 208, text: `Invalid object name '${schema}.${name}'.` });
  return ofTable(sql, expressions, { asking, table });
}

interface OfTable {
  readonly asking: Asking;
  readonly table: TableState;
}

function ofTable(sql: string, expressions: readonly string[], of: OfTable): TableAnswer | undefined {
  const { table } = of;
  const about = `${table.schema}.${table.name}`;
  const key = statementKey(table) ?? [];
  if (sql.includes(' FROM CHANGETABLE(')) {
    if (key.length === 0) return undefined;
    const selection = selectionOf(table.columns, expressions.slice(3 + key.length), 'T');
    if (
      selection === undefined ||
      changesStatement(
        statementTable(
          table,
          selection.map(({ statement }) => statement),
          key,
        ),
      ) !== sql
    )
      return undefined;
    return { name: 'changes', about, answer: () => changes(of, selection) };
  }
  const selection = selectionOf(table.columns, expressions, 'T');
  if (selection === undefined) return undefined;
  const made = statementTable(
    table,
    selection.map(({ statement }) => statement),
    key,
  );
  const [, rows] = /^SELECT TOP \((\d+)\) /.exec(sql) ?? [];
  if (rows !== undefined && previewStatement(made, Number(rows)) === sql)
    return { name: 'preview', about, answer: () => rowsAnswer(of, selection, seenRows(of).slice(0, Number(rows))) };
  if (allRowsStatement(made) === sql) return { name: 'all rows', about, answer: () => rowsAnswer(of, selection, seenRows(of)) };
  if (key.length === 0) return undefined;
  for (const after of [false, true])
    if (pageStatement(made, after) === sql) return { name: 'page', about, answer: () => page(of, selection, after) };
  return rowStatement(made) === sql ? { name: 'row', about, answer: () => oneRow(of, selection) } : undefined;
}

/** The table as it is for the transaction. Errors 229, 3961. */
function seenTable({ asking, table }: OfTable): TableState {
  if (!maySelect(asking.login(), table))
    throw new StatementError({
      number: 229,
      severity: 14,
      text: `The SELECT permission was denied on the object '${table.name}', schema '${table.schema}'.`,
    });
  const seen = asking.seen().tables.get(table.objectId);
  if (seen === undefined || seen.definition !== table.definition)
    throw new StatementError({
      number: 3961,
      text: `Snapshot isolation transaction failed in database '${asking.database.name}' because the object accessed by the statement has been modified by a DDL statement in another concurrent transaction since the start of this transaction.`,
    });
  const { tracking } = table;
  return seen.storage === table.storage ? seen : { ...seen, rows: new Map(), tracking: tracking && { ...tracking, changes: [] } };
}

function seenRows(of: OfTable): readonly DoubleRow[] {
  return rowsInOrder(seenTable(of));
}

function rowsAnswer({ table }: OfTable, selection: readonly Selected[], rows: readonly DoubleRow[]): StatementAnswer {
  return {
    columns: selection.map((one) => ({ name: one.form === '' ? one.column.name : '', type: travelType(one) })),
    rows: rows.map((row) => selection.map((one) => travelValue(one, valueOf(table, row, one.column)))),
  };
}

function keyParameters({ asking, table }: OfTable): readonly ReturnType<typeof parsedKey>[] {
  return table.key.map((id, index) => parsedKey(columnById(table, id).type, parameter(asking, `@k${index}`)));
}

function parameter({ parameters }: Asking, name: string): TdsValue {
  const value = parameters.get(name);
  if (value === undefined) throw new StatementError({ number: 137, text: `Must declare the scalar variable "${name}".` });
  return value;
}

function page(of: OfTable, selection: readonly Selected[], after: boolean): StatementAnswer {
  const seen = seenTable(of);
  const behind = after ? keyParameters(of) : undefined;
  const rows = rowsInOrder(seen).filter((row) => behind === undefined || compareKeys(seen, keyOf(seen, row), behind) > 0);
  return rowsAnswer(of, selection, rows.slice(0, Number(parameter(of.asking, '@rows'))));
}

function oneRow(of: OfTable, selection: readonly Selected[]): StatementAnswer {
  const row = rowByKey(seenTable(of), keyParameters(of));
  return rowsAnswer(of, selection, row === undefined ? [] : [row]);
}

function changes(of: OfTable, selection: readonly Selected[]): StatementAnswer {
  const { asking, table } = of;
  if (!mayViewTracking(asking.login(), table))
    throw new StatementError({
      number: 229,
      severity: 14,
      text: `The VIEW CHANGE TRACKING permission was denied on the object '${table.name}', schema '${table.schema}'.`,
    });
  if (table.tracking === undefined)
    throw new StatementError({ number: 22_105, text: `Change tracking is not enabled on table '${table.schema}.${table.name}'.` });
  const seen = seenTable(of);
  const from = parameter(asking, '@from');
  if (typeof from !== 'bigint') throw new StatementError({ number: 8114, text: 'Error converting data type to bigint.' });
  const key = table.key.map((id): Selected => {
    const column = columnById(table, id);
    const statement = statementKey(table)!.find(({ name }) => name === column.name)!;
    return { column, statement, form: statement.select('') };
  });
  // What a cleanup takes away while a SNAPSHOT transaction runs is there for it still.
  const nets = netChanges(seen, seen.tracking ?? table.tracking, from);
  return {
    columns: [
      { name: 'SYS_CHANGE_VERSION', type: bigint },
      { name: 'SYS_CHANGE_OPERATION', type: { name: 'nchar', length: 1 } },
      { name: '', type: int },
      ...[...key, ...selection].map((one) => ({ name: one.form === '' ? one.column.name : '', type: travelType(one) })),
    ],
    rows: nets.map((net) => {
      const row = rowByKey(seen, net.key);
      const values = selection.map((one) => (row === undefined ? null : travelValue(one, valueOf(seen, row, one.column))));
      return [
        net.version,
        net.operation,
        row === undefined ? 0n : 1n,
        ...key.map((one, index) => travelValue(one, net.key[index]!)),
        ...values,
      ];
    }),
  };
}

function commits(asking: Asking): StatementAnswer {
  const from = lsnParameter(asking, '@from');
  const found = captureOf(asking, 'cdc.lsn_time_mapping').mapping.filter(({ lsn, isTransaction }) => isTransaction && lsn > from);
  return {
    columns: [
      { name: '', type: lsnText },
      { name: '', type: { name: 'varchar', length: 23 } },
    ],
    rows: found.slice(0, Number(parameter(asking, '@rows'))).map(({ lsn, at }) => [lsnHex(lsn), at]),
  };
}

function lsnParameter(asking: Asking, name: string): Lsn {
  const text = parameter(asking, name);
  if (typeof text !== 'string' || !/^[0-9A-Fa-f]{20}$/.test(text))
    throw new StatementError({ number: 8114, text: 'Error converting data type nvarchar to binary.' });
  return BigInt(`0x${text}`);
}

function capturedAnswer(
  sql: string,
  expressions: readonly string[],
  { asking, table }: { readonly asking: Asking; readonly table: string },
): TableAnswer | undefined {
  const instance = captureOf(asking, `cdc.${table}`).instances.find(({ name }) => quoteName(`${name}_CT`) === `[${table}]`);
  if (instance === undefined) throw new StatementError({ number: 208, text: `Invalid object name 'cdc.${table}'.` });
  const selection = selectionOf(instance.columns.map(asColumn), expressions.slice(3), 'T');
  if (
    selection === undefined ||
    capturedStatement(
      instance.name,
      selection.map(({ statement }) => statement),
    ) !== sql
  )
    return undefined;
  return { name: 'captured', about: instance.name, answer: () => captured(asking, instance, selection) };
}

function asColumn({ id, name, type }: CaptureInstance['columns'][number]): DoubleColumn {
  return { id, name, type, formerTypes: [], nullable: true, identity: false, isMasked: false, computed: undefined };
}

function captured(asking: Asking, instance: CaptureInstance, selection: readonly Selected[]): StatementAnswer {
  const [from, to] = [lsnParameter(asking, '@from'), lsnParameter(asking, '@to')];
  const found = instance.changes
    .filter(({ startLsn }) => startLsn > from && startLsn <= to)
    .toSorted(
      (a, b) => compare(a.startLsn, b.startLsn) || a.commandId - b.commandId || compare(a.seqval, b.seqval) || a.operation - b.operation,
    );
  return {
    columns: [
      { name: '', type: lsnText },
      { name: '', type: lsnText },
      { name: '__$operation', type: int },
      ...selection.map((one) => ({ name: one.form === '' ? one.column.name : '', type: travelType(one) })),
    ],
    rows: found.map((change) => [
      lsnHex(change.startLsn),
      lsnHex(change.seqval),
      BigInt(change.operation),
      ...selection.map((one) => travelValue(one, change.row.get(one.column.id) ?? null)),
    ]),
  };
}

function compare(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
