import { expect, it } from 'vitest';
import { Fault } from '#base/fault.ts';
import { parseBatch } from '#pool/tsql/syntax/parse.ts';
import { allCases } from './all-cases.ts';

/** How often each of some things is seen, in the order of their names. */
function counted(names: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of names.toSorted((left, right) => (left < right ? -1 : 1))) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}

/** Functions that batches call, each once; what cannot be read calls none. */
function calledIn(batches: readonly string[]): string[] {
  const names = new Set<string>();
  const walk = (node: unknown): void => {
    if (typeof node !== 'object' || node === null) return;
    const { kind, name } = node as { kind?: unknown; name?: { parts?: readonly string[] } };
    if (kind === 'call') names.add(name?.parts?.at(-1)?.toUpperCase() ?? '');
    if (kind === 'iif') names.add('IIF');
    for (const part of Object.values(node)) walk(part);
  };
  for (const batch of batches) {
    try {
      walk(parseBatch(batch, { quotedIdentifier: true }));
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
    }
  }
  return [...names];
}

// docs/tsql.md is made from it: `vitest run --update test/tsql/tested.test.ts`, then `npm run docs`.
it('docs/tsql-cases.json says what the cases are', async () => {
  const areas = allCases.map(({ area, cases }) => ({
    area,
    cases: cases.length,
    errors: counted(cases.flatMap(({ error }) => (error === undefined ? [] : [String(error)]))),
  }));
  const functions = counted(allCases.flatMap(({ cases }) => cases.flatMap(({ sql, setup }) => calledIn([...(setup ?? []), sql]))));
  await expect(`${JSON.stringify({ areas, functions }, undefined, 2)}\n`).toMatchFileSnapshot('../../docs/tsql-cases.json');
});
