import { afterAll, beforeAll, expect, test } from 'vitest';
import type { DuckDBConnection } from '@duckdb/node-api';
import { type Column, connectEngine, scopeOf } from '#test/tsql/evaluate.ts';
import { Fault } from '#base/fault.ts';
import { parseExpression } from '../syntax/parse.ts';
import { aggregates } from './aggregate.ts';
import { translateExpression } from './expression.ts';
import { functionRules } from './function-table.ts';
import { onClock } from './offset-moment.ts';
import { windowFunctions } from './window-functions.ts';

let connection: DuckDBConnection;
const columns: readonly Column[] = [
  { name: 'd', type: { name: 'datetime' } },
  { name: 'd2', type: { name: 'datetime2', scale: 6 } },
  { name: 'o', type: { name: 'datetimeoffset', scale: 6 } },
  { name: 's', type: { name: 'smalldatetime' } },
  { name: 'a', type: { name: 'date' } },
  { name: 't', type: { name: 'time', scale: 6 } },
  { name: 'n', type: { name: 'int' } },
  { name: 'f', type: { name: 'float' } },
  { name: 'm', type: { name: 'decimal', precision: 12, scale: 6 } },
  { name: 'v', type: { name: 'varchar', length: 40 } },
];

beforeAll(async () => {
  connection = await connectEngine();
  const moment = `make_timestamp(CAST((hash(i) % 3000000000) * 1000000 + hash(i + 1) % 1000000 AS BIGINT) - 1000000000000000)`;
  await connection.run('CREATE MACRO failed(text) AS NULL');
  await connection.run(`CREATE TABLE t AS SELECT i, make_timestamp(epoch_us(date_trunc('second', p)) + CAST(hash(i) % 100 * 10000 + [0, 3000, 7000][i % 3 + 1] AS BIGINT)) AS d,
    p AS d2, ${onClock(`p AT TIME ZONE 'UTC'`, 90)} AS o, date_trunc('minute', p) AS s, CAST(p AS DATE) AS a, CAST(p AS TIME) AS t,
    CAST(i % 12 + 1 AS INTEGER) AS n, CAST(i * 1.2345678 AS DOUBLE) AS f, CAST(i * 0.0123457 AS DECIMAL(12,6)) AS m, strftime(p, '%Y-%m-%d %H:%M:%S.%g') AS v
    FROM (SELECT i, ${moment} AS p FROM range(24) AS r(i))`);
});
afterAll(() => connection.closeSync());

/** Texts of so many names: each beside a datetime, and beside itself. */
function lists(count: number): string[] {
  const names = columns.map(({ name }) => name);
  if (count === 0) return [''];
  const pairs = names.flatMap((name) =>
    [
      ['d', name],
      [name, 'd'],
      [name, name],
    ].map(([first, second]) => [first, ...Array.from({ length: count - 1 }, () => second)].join(', ')),
  );
  return [...new Set(pairs)];
}

const parts = ['month', 'millisecond'];

/** Of columns only, and with a part of a date as the first. */
function argumentsOf(count: number): string[] {
  return [...lists(count), ...(count < 2 ? [] : lists(count - 1).flatMap((list) => parts.map((part) => `${part}, ${list}`)))];
}

/** Every call of every function and operator with columns of all types, by what makes it. */
function* calls(): Generator<readonly [maker: string, text: string]> {
  for (const [name, { least, most }] of functionRules())
    for (let count = least; count <= Math.min(most, least + 1); count += 1)
      for (const list of argumentsOf(count)) yield [name, `${name}(${list})`];
  for (const name of Object.keys(aggregates)) for (const list of lists(1)) yield [name, `${name}(${list}) OVER ()`];
  for (const name of Object.keys(windowFunctions))
    for (const list of [...lists(1), ...columns.map((column) => `${column.name}, 1, n`)])
      yield [name, `${name}(${list}) OVER (ORDER BY i)`];
  for (const { name: left } of columns) {
    for (const type of ['datetime', 'smalldatetime']) {
      yield ['CAST', `CAST(${left} AS ${type})`];
      for (const { name } of columns) yield ['CASE', `CASE WHEN n % 2 = 0 THEN CAST(${left} AS ${type}) ELSE ${name} END`];
    }
    for (const { name: right } of columns)
      for (const operator of ['+', '-', '*', '/', '%']) yield [operator, `${left} ${operator} ${right}`];
  }
}

test('whatever makes a datetime makes one that SQL Server has: its milliseconds end in 0, 3 or 7', async () => {
  const scope = scopeOf([...columns, { name: 'i', type: { name: 'bigint' } }]);
  const made = new Map<string, Set<string>>();
  for (const [maker, text] of calls()) {
    try {
      const { type, sql } = translateExpression(parseExpression(text), scope);
      if (type?.name === 'datetime') made.set(maker, (made.get(maker) ?? new Set()).add(sql));
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
    }
  }
  // What ends the statement for a row makes nothing of it.
  const all = [...made].flatMap(([maker, texts]) => [...texts].map((sql) => ({ maker, sql: sql.replaceAll(/\berror\(/g, 'failed(') })));
  const wrong: string[] = [];
  for (let from = 0; from < all.length; from += 100) {
    const some = all.slice(from, from + 100);
    const inner = some.map(({ sql }, place) => `epoch_us(${sql}) % 10000 AS x${place}`);
    const outer = some.map((_, place) => `count(*) FILTER (x${place} NOT IN (0, 3000, 7000, -3000, -7000))`);
    const counts = (await connection.runAndReadAll(`SELECT ${outer.join(', ')} FROM (SELECT ${inner.join(', ')} FROM t)`)).getRows()[0]!;
    wrong.push(...some.filter((_, place) => counts[place] !== 0n).map(({ maker, sql }) => `${maker}: ${sql}`));
  }
  expect(wrong).toEqual([]);
  expect([...made.keys()].toSorted()).toEqual(
    '+ - CASE CAST CHOOSE COALESCE DATEADD DATETIMEFROMPARTS DATETRUNC FIRST_VALUE GETDATE GETUTCDATE GREATEST ISNULL LAG LAST_VALUE LEAD LEAST MAX MIN NULLIF'.split(
      ' ',
    ),
  );
});
