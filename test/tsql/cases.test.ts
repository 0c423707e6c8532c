import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { allCases } from './all-cases.ts';
import { answerOf } from './case-answer.ts';
import { openTestPool, type TestPool } from './pool-session.ts';
import type { TsqlCase } from './tsql-case.ts';

let pool: TestPool;
beforeAll(async () => {
  pool = await openTestPool();
});
afterAll(() => pool[Symbol.asyncDispose]());

/** What a case says of the answer, as the answer says it. */
async function observed({ sql, setup, columns, rows, said }: TsqlCase): Promise<Partial<TsqlCase>> {
  await using session = await pool.session();
  for (const batch of setup ?? []) {
    const { errors } = await answerOf(session, batch);
    if (errors[0] !== undefined) return { sql: batch, error: errors[0].number };
  }
  const answer = await answerOf(session, sql);
  return {
    error: answer.errors[0]?.number,
    rows: rows === undefined ? undefined : answer.rows,
    columns: columns === undefined ? undefined : answer.columns,
    said: said === undefined ? undefined : answer.said,
  };
}

describe.each(allCases.map(({ area, cases }) => ({ area, cases })))('$area', ({ cases }) => {
  it.each(cases.map((one) => [one.sql.slice(0, 160), one] as const))('%s', async (_, one) => {
    const { error, rows, columns, said } = one;
    expect(await observed(one)).toEqual({ error, rows, columns, said });
  });
});

it('covers what is promised of T-SQL', () => {
  const all = allCases.flatMap(({ cases }) => cases);
  expect(all.length).toBeGreaterThanOrEqual(300);
  expect(new Set(all.map((one) => `${(one.setup ?? []).join(';')};${one.sql}`)).size).toBe(all.length);
});
