import { assert, fault } from '#base/fault.ts';
import { BatchBuilder, isNull, widthOf, type Column } from '#replication/column.ts';
import { quoteLiteral } from '#replication/schema.ts';
import type { PgConnection } from '../connection.ts';
import { BinaryRowDecoder } from './binary-row-decoder.ts';
import { planColumn, type TravellingColumn } from './column-plan.ts';
import { columnsQuery, toSourceColumn, type ColumnsQueryRow, type SourceType } from './source-type.ts';
import { literalsSetup, typeLiterals, type TypeLiterals } from './fixtures/literals.ts';
import { valueText } from './test-value-text.ts';
import { TextValueDecoder } from './text-value-decoder.ts';

export interface LiteralsReport {
  readonly literals: number;
  /** One line per difference, with type and literal. */
  readonly differences: readonly string[];
}

interface Case {
  readonly table: string;
  readonly group: TypeLiterals;
  /** The texts that are expected, null for the last row; undefined: any. */
  readonly expected: readonly (string | null | undefined)[];
}

const quoted = '"the value"';

/**
 * Stores all literals that a server knows, one table per type with a null at its end, reads them by COPY, by query and by pgoutput, and says
 * where columns differ from each other or from the text that is known. The database must be empty.
 */
export async function checkLiterals(connection: PgConnection): Promise<LiteralsReport> {
  const version = Math.floor(connection.serverVersion / 10_000);
  const cases = typeLiterals.filter((group) => (group.since ?? 0) <= version).map(toCase);
  await connection.query(literalsSetup);
  for (const each of cases)
    await connection.query(`CREATE TABLE public.${each.table} (id integer PRIMARY KEY, ${quoted} ${each.group.type})`);
  await connection.query(`CREATE PUBLICATION literals FOR ALL TABLES`);
  await connection.query(`SELECT pg_catalog.pg_create_logical_replication_slot('literals', 'pgoutput')`);
  for (const each of cases) await connection.query(insertStatement(each));
  const changes = await readChanges(connection);
  const types = await readTypes(connection);
  const differences: string[] = [];
  for (const each of cases) {
    const type = types.get(each.table)!;
    const report = (row: number, what: string): unknown =>
      differences.push(`${each.group.type}, ${String(each.group.literals[row] ?? 'null')}: ${what}`);
    await checkCase({ connection, each, type, sent: changes.get(each.table) ?? [], report });
  }
  await connection.query(`SELECT pg_catalog.pg_drop_replication_slot('literals')`);
  return { literals: cases.reduce((sum, each) => sum + each.group.literals.length, 0), differences };
}

function toCase(group: TypeLiterals, place: number): Case {
  const texts = group.literals.map((literal) => (group.expressions ? undefined : typeof literal === 'string' ? literal : literal[1]));
  return { table: `t${place}`, group, expected: [...texts, null] };
}

function insertStatement({ group, table }: Case): string {
  const rows = group.literals.map((literal, row) => {
    const text = typeof literal === 'string' ? literal : literal[0];
    return `(${row}, ${group.expressions ? text : `${quoteLiteral(text)}::${group.type}`})`;
  });
  return `INSERT INTO public.${table} VALUES ${[...rows, `(${rows.length}, NULL)`].join(', ')}`;
}

interface Check {
  readonly connection: PgConnection;
  readonly each: Case;
  readonly type: SourceType;
  /** Texts that pgoutput sent. */
  readonly sent: readonly (Buffer | null)[];
  readonly report: (row: number, what: string) => unknown;
}

async function checkCase(check: Check): Promise<void> {
  const { connection, each, type, sent, report } = check;
  const plan = planned(type, false);
  const selected = (await connection.query(`SELECT ${quoted} FROM public.${each.table} ORDER BY id`)).map((row) => row[0] ?? null);
  const copied = await copy(check, plan);
  const fromQuery = fromTexts(
    plan,
    selected.map((text) => (text === null ? null : Buffer.from(text))),
  );
  const fromChanges = fromTexts(plan, sent);
  const asText = await copy(check, planned(type, true));
  const bits = await floatBits(check, plan);
  each.expected.forEach((expected, row) => {
    if (expected !== undefined && expected !== selected[row]) report(row, `the server writes ${selected[row]}, expected ${expected}`);
    const value = stored(copied, row);
    if (value !== stored(fromQuery, row)) report(row, `copied ${value}, selected ${stored(fromQuery, row)}`);
    if (value !== stored(fromChanges, row)) report(row, `copied ${value}, sent ${stored(fromChanges, row)}`);
    if (isNull(asText, row) ? selected[row] !== null : valueText(asText, row) !== selected[row])
      report(row, 'as text it is not what the server writes');
    if (isNull(copied, row) || value === 'null') return;
    if (bits) {
      if (value !== bits[row]) report(row, `the bits are ${value} instead of ${bits[row]}`);
    } else if (valueText(copied, row) !== selected[row]) report(row, `it is stored as ${valueText(copied, row)}`);
  });
}

function planned(type: SourceType, asText: boolean): TravellingColumn {
  const plan = planColumn(type, { asText });
  if (plan.fidelity === 'refused') throw fault('bug', 'AssertionFailed', `${type.name} was refused`);
  return plan;
}

async function copy({ connection, each }: Check, plan: TravellingColumn): Promise<Column> {
  const builder = new BatchBuilder([plan.type], 2);
  const decoder = new BinaryRowDecoder([{ name: 'the value', ...plan }], `public.${each.table}`);
  const sql = `COPY (SELECT ${plan.copyExpression(quoted)} FROM public.${each.table} ORDER BY id) TO STDOUT (FORMAT binary)`;
  for await (const bytes of connection.copyOut(sql)) decoder.decode(bytes, 0, bytes.length, builder);
  assert(decoder.ended && builder.rows === each.expected.length, `the copy of ${each.table} is not whole`);
  return builder.take().columns[0]!;
}

function fromTexts(plan: TravellingColumn, texts: readonly (Buffer | null)[]): Column {
  const builder = new BatchBuilder([plan.type], 2);
  const decoder = new TextValueDecoder([{ name: 'the value', ...plan }], 'public.t');
  for (const text of texts) {
    if (text) {
      decoder.bytes = text;
      decoder.append(0, 0, text.length, builder.columns[0]!);
    } else builder.columns[0]!.null();
  }
  return builder.take().columns[0]!;
}

/** A value's bytes in hex. */
function stored(column: Column, row: number): string {
  if (isNull(column, row)) return 'null';
  const width = widthOf(column.type);
  const [start, end] = column.offsets ? [column.offsets[row], column.offsets[row + 1]] : [row * width, (row + 1) * width];
  return Buffer.from(column.data.subarray(start, end)).toString('hex');
}

/** Floating-point numbers as the server itself holds them, little-endian; undefined for other types. */
async function floatBits({ connection, each }: Check, plan: TravellingColumn): Promise<readonly string[] | undefined> {
  const send = { float32: 'float4send', float64: 'float8send' }[plan.type.kind as string];
  if (!send) return undefined;
  const rows = await connection.query(`SELECT pg_catalog.${send}(${quoted}) FROM public.${each.table} ORDER BY id`);
  return rows.map((row) =>
    Buffer.from((row[0] ?? '').slice(2), 'hex')
      .reverse()
      .toString('hex'),
  );
}

async function readTypes(connection: PgConnection): Promise<ReadonlyMap<string, SourceType>> {
  const tables = await connection.query(`SELECT oid, relname FROM pg_catalog.pg_class WHERE relkind = 'r' AND relname ~ '^t[0-9]+$'`);
  const names = new Map(tables.map((row) => [row[0]!, row[1]!]));
  const types = new Map<string, SourceType>();
  for (const row of await connection.queryObjects(columnsQuery([...names.keys()]))) {
    const column = toSourceColumn(row as ColumnsQueryRow);
    if (column.name === 'the value') types.set(names.get(column.table)!, column.type!);
  }
  return types;
}

/** The texts of the second column of every insert that pgoutput sends, by table, in order. */
async function readChanges(connection: PgConnection): Promise<ReadonlyMap<string, readonly (Buffer | null)[]>> {
  const rows = await connection.query(
    `SELECT data FROM pg_catalog.pg_logical_slot_get_binary_changes('literals', NULL, NULL, 'proto_version', '1', 'publication_names', 'literals')`,
  );
  const names = new Map<number, string>();
  const texts = new Map<string, (Buffer | null)[]>();
  for (const row of rows) {
    const message = Buffer.from(row[0]!.slice(2), 'hex');
    const tag = String.fromCharCode(message[0]!);
    if (tag === 'R') {
      const name = message.toString('utf8', message.indexOf(0, 5) + 1).split('\0')[0]!;
      names.set(message.readInt32BE(1), name);
      texts.set(name, []);
    } else if (tag === 'I') texts.get(names.get(message.readInt32BE(1))!)!.push(secondText(message));
  }
  return texts;
}

/** Of an Insert: tag, relation, `N`, number of columns, then per column a kind and, for `t`, a length and the text. */
function secondText(message: Buffer): Buffer | null {
  const second = 9 + message.readInt32BE(9) + 4;
  if (message[second] === 0x6e) return null;
  return message.subarray(second + 5, second + 5 + message.readInt32BE(second + 1));
}
