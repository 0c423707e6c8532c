import { afterAll, beforeAll, expect, test } from 'vitest';
import type { DuckDBConnection } from '@duckdb/node-api';
import { connectEngine, evaluate, evaluateCondition } from '#test/tsql/evaluate.ts';

let connection: DuckDBConnection;
beforeAll(async () => {
  connection = await connectEngine();
});
afterAll(() => connection.closeSync());

const expressions: readonly (readonly [text: string, answer: string])[] = [
  ['7/2', '3 int'],
  ['-7/2', '-3 int'],
  ['-7%3', '-1 int'],
  ['7/0', '8134: Divide by zero error encountered.'],
  ['7%0', '8134: Divide by zero error encountered.'],
  ['2.0/3', '0.666666 decimal(7,6)'],
  ['$100/$339*$10000', '2949.0000 money'],
  ["'a'+NULL", 'NULL varchar(2)'],
  ["'1'+2", '3 int'],
  ["'x'+2", "245: Conversion failed when converting the varchar value 'x' to data type int."],
];

test.each(expressions)('%s', async (text, answer) => {
  expect(await evaluate(text, connection)).toBe(answer);
});

const conditions: readonly (readonly [text: string, answer: string])[] = [
  ["'A'='a  '", 'true'],
  ["'a' COLLATE Latin1_General_BIN2 = 'A'", 'false'],
  ['3 NOT IN (1,NULL)', 'NULL'],
];

test.each(conditions)('condition %s', async (text, answer) => {
  expect(await evaluateCondition(text, connection)).toBe(answer);
});
