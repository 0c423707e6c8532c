import { afterAll, beforeAll, expect, test } from 'vitest';
import { directDialer } from '#base/dialer.ts';
import { Fault } from '#base/fault.ts';
import { BatchBuilder } from '#replication/column.ts';
import { startPostgres, type TestPostgres } from '#test/servers/postgres.ts';
import { PgConnection } from '../connection.ts';
import { parsePgUrl } from '../url.ts';
import { BinaryRowDecoder } from './binary-row-decoder.ts';
import { planColumn, type TravellingColumn } from './column-plan.ts';
import { columnsQuery, toSourceColumn, type ColumnsQueryRow, type SourceColumn } from './source-type.ts';
import { valueText } from './test-value-text.ts';
import { TextValueDecoder } from './text-value-decoder.ts';

let server: TestPostgres;
let connection: PgConnection;

function connect(): Promise<PgConnection> {
  return PgConnection.connect({ ...parsePgUrl(server.url()), dialer: directDialer }, new AbortController().signal);
}

beforeAll(async () => {
  server = await startPostgres();
  connection = await connect();
});

afterAll(async () => {
  await connection.close();
  await server[Symbol.asyncDispose]();
});

async function columnsOf(...tables: readonly string[]): Promise<readonly SourceColumn[]> {
  const oids: string[] = [];
  for (const table of tables) oids.push((await connection.query(`SELECT '${table}'::pg_catalog.regclass::pg_catalog.oid`))[0]![0]!);
  return (await connection.queryObjects(columnsQuery(oids))).map((row) => toSourceColumn(row as ColumnsQueryRow));
}

test('columns of tables: dropped, generated, of nested domains', async () => {
  await connection.query(`
    CREATE DOMAIN public.amount AS numeric(12,2);
    CREATE DOMAIN public.net AS public.amount NOT NULL;
    CREATE TYPE public.announced;
    CREATE TABLE public.kept (id bigint NOT NULL, gone text, n public.net, s int GENERATED ALWAYS AS (1) STORED, v int GENERATED ALWAYS AS (2) VIRTUAL, "A b" varchar(3)[]);
    ALTER TABLE public.kept DROP COLUMN gone;
    CREATE TABLE public.other (c character(4))`);
  const columns = await columnsOf('public.kept', 'public.other');
  expect(
    columns.map(({ id, name, notNull, dropped, generated, type }) => [
      id,
      dropped || name,
      notNull,
      generated,
      type?.name,
      type?.oid,
      type?.typmod,
      type?.output,
    ]),
  ).toEqual([
    [1, 'id', true, 'no', 'bigint', 20, -1, 'pg_catalog.int8out'],
    [2, true, false, 'no', undefined, undefined, undefined, undefined],
    [3, 'n', false, 'no', 'public.net', 1700, ((12 << 16) | 2) + 4, 'pg_catalog.numeric_out'],
    [4, 's', false, 'stored', 'integer', 23, -1, 'pg_catalog.int4out'],
    [5, 'v', false, 'virtual', 'integer', 23, -1, 'pg_catalog.int4out'],
    [6, 'A b', false, 'no', 'character varying(3)[]', 1015, 7, 'pg_catalog.array_out'],
    [1, 'c', false, 'no', 'character(4)', 1042, 8, 'pg_catalog.bpcharout'],
  ]);
});

const beyond: readonly (readonly [type: string, literal: string])[] = [
  ['numeric(18,4)', 'NaN'],
  ['numeric(38,4)', 'NaN'],
  ['timestamp', '294247-01-10 04:00:54.775807'],
  ['timestamp', '294276-12-31 23:59:59.999999'],
  ['timestamptz', '294247-01-10 04:00:54.775807+00'],
  ['interval', 'infinity'],
  ['interval', '-infinity'],
];

async function copied(from: PgConnection, plan: TravellingColumn): Promise<string> {
  const builder = new BatchBuilder([plan.type]);
  const decoder = new BinaryRowDecoder([{ name: 'v', ...plan }], 'public.beyond');
  const sql = `COPY (SELECT ${plan.copyExpression('v')} FROM public.beyond) TO STDOUT (FORMAT binary)`;
  for await (const bytes of from.copyOut(sql)) decoder.decode(bytes, 0, bytes.length, builder);
  return valueText(builder.take().columns[0]!, 0);
}

function fromText(plan: TravellingColumn, text: string): string {
  const builder = new BatchBuilder([plan.type]);
  const decoder = new TextValueDecoder([{ name: 'v', ...plan }], 'public.beyond');
  decoder.bytes = Buffer.from(text);
  decoder.append(0, 0, decoder.bytes.length, builder.columns[0]!);
  return valueText(builder.take().columns[0]!, 0);
}

async function faultOf(work: () => Promise<string> | string): Promise<Fault | undefined> {
  try {
    await work();
    return undefined;
  } catch (error) {
    return error instanceof Fault ? error : undefined;
  }
}

test.each(beyond)('%s %s is refused in both forms, and travels as text', async (type, literal) => {
  await connection.query(`DROP TABLE IF EXISTS public.beyond; CREATE TABLE public.beyond AS SELECT '${literal}'::${type} AS v`);
  const [column] = await columnsOf('public.beyond');
  const plan = planColumn(column!.type!, { asText: false }) as TravellingColumn;
  const refusal = {
    kind: 'unsupported',
    code: 'ValueOutOfRange',
    target: 'public.beyond.v',
    remedy: expect.stringContaining('--as-text public.beyond.v'),
  };
  // A copy that is given up takes its connection with it.
  await using other = await connect();
  expect(await faultOf(() => copied(other, plan))).toMatchObject(refusal);
  expect(await faultOf(() => fromText(plan, literal))).toMatchObject(refusal);
  expect(await copied(connection, planColumn(column!.type!, { asText: true }) as TravellingColumn)).toBe(literal);
});
