import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { allCases } from './all-cases.ts';
import { answerOf } from './case-answer.ts';
import { openTestPool, type TestPool } from './pool-session.ts';

let pool: TestPool;
beforeAll(async () => {
  pool = await openTestPool();
});
afterAll(() => pool[Symbol.asyncDispose]());

/** Statements that wait on purpose, or that loops could run for ever, are left out. */
const texts = allCases.flatMap(({ cases }) => cases.filter(({ sql }) => !/\b(?:WAITFOR|WHILE|KILL)\b/i.test(sql) && sql.length < 600));
const pieces = texts
  .flatMap(({ sql }) => sql.match(/'[^']*'|\w+|[^\s\w]/g) ?? [])
  .filter((piece) => !/^(?:WAITFOR|WHILE|KILL)$/i.test(piece));

interface Mutation {
  readonly kind: 'drop' | 'double' | 'put' | 'swap' | 'cut';
  readonly at: number;
  readonly with: number;
}

const mutation: fc.Arbitrary<Mutation> = fc.record({
  kind: fc.constantFrom('drop', 'double', 'put', 'swap', 'cut'),
  at: fc.nat(),
  with: fc.nat(),
});

function mutated(sql: string, mutations: readonly Mutation[]): string {
  let words: readonly string[] = sql.match(/\s+|'[^']*'|\w+|[^\s\w]/g) ?? [];
  for (const { kind, at, with: other } of mutations) {
    const place = at % Math.max(1, words.length);
    if (kind === 'drop') words = words.toSpliced(place, 1);
    else if (kind === 'double') words = words.toSpliced(place, 0, words[place] ?? '');
    else if (kind === 'put') words = words.toSpliced(place, 1, ` ${pieces[other % pieces.length]} `);
    else if (kind === 'cut') words = words.slice(0, place);
    else words = words.toSpliced(place, 1, words[other % Math.max(1, words.length)] ?? '');
  }
  return words.join('');
}

it("whatever a text becomes, it is answered: rows, or errors with numbers that are SQL Server's", async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat(), fc.array(mutation, { minLength: 1, maxLength: 4 }), async (index, mutations) => {
      const { sql, setup } = texts[index % texts.length] as (typeof texts)[number];
      await using session = await pool.session();
      for (const batch of setup ?? []) await answerOf(session, batch);
      const { errors } = await answerOf(session, mutated(sql, mutations));
      // 8624 is what the engine refuses of what we made; 20 and above is a fault of ours.
      for (const { number, severity, text } of errors) {
        expect({ number, severity, text }).toSatisfy(() => severity < 20 && number > 0 && number !== 8624);
        expect(text).not.toMatch(/Binder Error|Parser Error|Catalog Error|INTERNAL|is not a function|undefined/);
      }
      const after = await answerOf(session, 'IF @@TRANCOUNT > 0 ROLLBACK; SELECT 1');
      expect(after.rows.at(-1)).toEqual(['1']);
    }),
    { numRuns: 150 },
  );
});
