import { readFile, rm, writeFile } from 'node:fs/promises';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { runLink } from './run-link.ts';
import { simulate, type Op, type TableKey } from './run-link.simulation.ts';

const table = fc.constantFrom<TableKey>('a', 'b');
const k = fc.nat(9);
const put: fc.Arbitrary<Op> = fc.record({
  kind: fc.constant('put' as const),
  table,
  k,
  v: fc.nat(99),
  big: fc.option(fc.constantFrom('x', 'yy', 'z'.repeat(20)), { nil: undefined }),
});
const op: fc.Arbitrary<Op> = fc.oneof(
  { weight: 6, arbitrary: put },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('move' as const), table, k, to: k }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('delete' as const), table, k }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('truncate' as const), table }) },
);
const schedule = fc.record({
  initial: fc.array(put, { maxLength: 12 }),
  pending: fc.array(fc.array(op, { minLength: 1, maxLength: 8 }), { maxLength: 40 }),
  kills: fc.array(fc.nat(200), { maxLength: 12 }),
  joinsAt: fc.nat(3),
});
const tables = fc.constantFrom<readonly TableKey[]>(['a', 'b'], ['a', 'b'], ['a'], ['b'], []);
const edits = fc.array(fc.record({ at: fc.nat(160), tables, recopy: tables }), { maxLength: 6 });
const edited = fc.tuple(schedule, edits).map(([one, asked]) => ({ ...one, edits: asked }));
const numRuns = Number(process.env['ISTHMUS_SIMULATIONS'] ?? 2000);

test(
  'at every commit the pool equals the source as it was then, whenever the link is killed and whenever a table joins',
  { timeout: 600_000 },
  async () => {
    await fc.assert(
      fc.asyncProperty(schedule, async (one) => {
        expect(await simulate(runLink, one)).toBeUndefined();
      }),
      { numRuns },
    );
  },
);

test(
  "at every commit too while tables are taken out, put back and copied anew, and rows of one that left are no longer the link's",
  { timeout: 600_000 },
  async () => {
    await fc.assert(
      fc.asyncProperty(edited, async (one) => {
        expect(await simulate(runLink, one)).toBeUndefined();
      }),
      { numRuns },
    );
  },
);

/** Planted mistakes that the simulation must find. */
const mutations: Readonly<Record<string, readonly [string, string]>> = {
  'a page read before earlier changes are put': [
    'await loop.take(draft);\n      if (!draft.last) continue;\n      await loop.turn();',
    'await loop.turn();\n      await loop.take(draft);\n      if (!draft.last) continue;',
  ],
  'a table is called Replicating as soon as it is copied': ['hasReached(this.#book.position, one.until!)', 'one.until !== undefined'],
  'moved rows are not fetched again': ['next.copied && next.moved.length === 0 ?', 'next.copied ?'],
  'a table that was taken out stays in the book': ["if (choice?.has(one.table) === false) return { kind: 'leave', table: one.table };", ''],
  'a page goes on inside a transaction that is still open': ['if (!draft.last) continue;\n      await loop.turn();', 'await loop.turn();'],
};

for (const [what, [from, to]] of Object.entries(mutations)) {
  test(`the simulation finds: ${what}`, { timeout: 120_000 }, async () => {
    const text = await readFile(new URL('./run-link.ts', import.meta.url), 'utf8');
    expect(text).toContain(from);
    const path = new URL(`./run-link.mutant-${Object.keys(mutations).indexOf(what)}.ts`, import.meta.url);
    await writeFile(path, text.replace(from, to));
    try {
      const mutant = (await import(path.href)) as { runLink: typeof runLink };
      const result = await fc.check(
        fc.asyncProperty(edited, async (one) => {
          expect(await simulate(mutant.runLink, one)).toBeUndefined();
        }),
        { numRuns: 3000, endOnFailure: true },
      );
      expect(result.failed).toBe(true);
    } finally {
      await rm(path);
    }
  });
}
