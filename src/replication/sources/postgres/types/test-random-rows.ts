import { BatchBuilder } from '#replication/column.ts';
import type { PgConnection } from '../connection.ts';
import { BinaryRowDecoder } from './binary-row-decoder.ts';
import { planColumn } from './column-plan.ts';
import { columnsQuery, toSourceColumn, type ColumnsQueryRow } from './source-type.ts';
import { TextValueDecoder } from './text-value-decoder.ts';

/** Expressions that give another value, now and then a null, for each row. */
const random: Readonly<Record<string, string>> = {
  bigint: `('x' || md5(i::text))::bit(64)::bigint >> (i % 64)`,
  integer: `('x' || md5(i::text))::bit(32)::integer >> (i % 32)`,
  smallint: `(i::bigint * 7919 % 65536 - 32768)::smallint`,
  oid: `(('x' || md5(i::text))::bit(32)::bigint & 4294967295)::oid`,
  real: `((random() - 0.5) * 10::float8 ^ (random() * 70 - 36))::real`,
  'double precision': `(random() - 0.5) * 10::float8 ^ (random() * 600 - 300)`,
  'numeric(18,4)': `(('x' || md5(i::text))::bit(60)::bigint % 1000000000000000000)::numeric / (10 ^ (4 + i % 12))::numeric`,
  'numeric(38,12)': `('x' || md5(i::text))::bit(64)::bigint::numeric * i / (10 ^ (i % 12))::numeric`,
  'numeric(38,37)': `random()::numeric`,
  date: `'2000-01-01'::date + ((random() - 0.2) * 2000000)::int`,
  time: `'00:00'::time + random() * '1 day'::interval`,
  'time with time zone': `timezone((random() * 50000 - 25000)::int * '1 second'::interval, ('00:00'::time + random() * '1 day'::interval)::timetz)`,
  timestamp: `'2000-01-01'::timestamp + (random() - 0.02) * '100000000 days'::interval`,
  timestamptz: `'2000-01-01'::timestamptz + (random() - 0.5) * '100000 days'::interval`,
  interval: `make_interval(secs => (random() - 0.5) * 10 ^ (random() * 12)) + (i % 100 - 50) * '1 mon'::interval + (i % 77 - 33) * '1 day'::interval`,
  uuid: `md5(i::text)::uuid`,
  bytea: `decode(repeat(md5(i::text), i % 7), 'hex')`,
  text: `repeat(chr(1 + i % 2000), i % 300)`,
  jsonb: `jsonb_build_object('k', i, 'v', random()::text, 'a', ARRAY[i, NULL])`,
  boolean: `i % 3 = 0`,
  'text[]': `ARRAY[chr(1 + i % 2000), i::text, NULL, ' "']`,
};

/** Makes `rows` random rows over many types, decodes them from COPY and from text, and answers the types whose columns differ. */
export async function checkRandomRows(connection: PgConnection, rows: number): Promise<readonly string[]> {
  const names = Object.keys(random);
  const list = names.map((type, i) => `"C${i}" ${type}`).join(', ');
  await connection.query(`CREATE TABLE public."Random" (${list}); SELECT pg_catalog.setseed(0.25)`);
  const values = Object.values(random).map((expression, i) => `CASE WHEN (i + ${i}) % 11 <> 0 THEN ${expression} END`);
  await connection.query(`INSERT INTO public."Random" SELECT ${values.join(', ')} FROM pg_catalog.generate_series(1, ${rows}) i`);
  const [oid] = await connection.query(`SELECT 'public."Random"'::pg_catalog.regclass::pg_catalog.oid`);
  const columns = (await connection.queryObjects(columnsQuery([oid![0]!]))).map((row) => {
    const column = toSourceColumn(row as ColumnsQueryRow);
    const plan = planColumn(column.type!, { asText: false });
    return { name: column.name, ...(plan as Exclude<typeof plan, { fidelity: 'refused' }>) };
  });
  const copied = new BatchBuilder(columns.map((column) => column.type));
  const decoder = new BinaryRowDecoder(columns, 'public.Random');
  const select = columns.map((column) => column.copyExpression(`"${column.name}"`)).join(', ');
  for await (const bytes of connection.copyOut(`COPY (SELECT ${select} FROM public."Random" ORDER BY ctid) TO STDOUT (FORMAT binary)`)) {
    decoder.decode(bytes, 0, bytes.length, copied);
  }
  const selected = new BatchBuilder(columns.map((column) => column.type));
  const text = new TextValueDecoder(columns, 'public.Random');
  for (const row of await connection.query(`SELECT * FROM public."Random" ORDER BY ctid`)) {
    row.forEach((value, i) => {
      if (value === null) return selected.columns[i]!.null();
      text.bytes = Buffer.from(value);
      text.append(i, 0, text.bytes.length, selected.columns[i]!);
    });
  }
  if (!decoder.ended || copied.rows !== rows || selected.rows !== rows) return ['a row is missing'];
  const [a, b] = [copied.take().columns, selected.take().columns];
  const bytes = (column: (typeof a)[number]): string =>
    [column.data, column.offsets?.subarray(0, rows + 1) ?? column.data, column.validity?.subarray(0, rows >> 3) ?? column.data]
      .map((part) => Buffer.from(part.buffer, part.byteOffset, part.byteLength).toString('latin1'))
      .join('|');
  return names.filter((_, i) => bytes(a[i]!) !== bytes(b[i]!));
}
