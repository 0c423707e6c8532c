import { expect, test } from 'vitest';
import { emptyDraft, type LinkDraft } from './link-draft.ts';
import { mappingProblems, nameProblems, openStep, stepAfter, stepBefore, stepProblems } from './wizard-steps.ts';

const orders = { schemaName: 'public', tableName: 'orders' };
const whole: LinkDraft = { ...emptyDraft, name: 'shop', service: 's', pool: 'dw', tables: [orders] };

test('a step is open once those before it are done', () => {
  expect([openStep(undefined, emptyDraft), openStep('review', emptyDraft), openStep('nonsense', whole)]).toEqual([
    'source',
    'source',
    'source',
  ]);
  expect(openStep('review', whole)).toBe('review');
  expect(openStep('review', { ...whole, tables: [] })).toBe('tables');
  expect(openStep('mode', { ...whole, pool: '' })).toBe('target');
  expect(openStep('target', { ...whole, pool: '' })).toBe('target');
  expect([stepAfter('source'), stepAfter('review'), stepBefore('tables'), stepBefore('source')]).toEqual([
    'tables',
    undefined,
    'source',
    undefined,
  ]);
});

test('every step says what it lacks', () => {
  expect(stepProblems('source', emptyDraft)).toHaveLength(1);
  expect(stepProblems('tables', emptyDraft)).toEqual(['Select at least one table.']);
  const many = Array.from({ length: 5_001 }, (_, i) => ({ schemaName: 'public', tableName: `t${i}` }));
  expect(stepProblems('tables', { ...whole, tables: many })[0]).toContain('5001 are selected');
  expect(stepProblems('mode', { ...whole, intervalMinutes: 1.5 })).toHaveLength(1);
  expect(stepProblems('mode', { ...whole, intervalMinutes: 10_081 })).toHaveLength(1);
  expect(stepProblems('mode', { ...whole, logBudgetGib: Number.NaN })).toHaveLength(1);
  expect(stepProblems('mode', { ...whole, logBudgetGib: 0.0001 })).toHaveLength(1);
  for (const step of ['source', 'tables', 'target', 'mode', 'review'] as const)
    expect([step, stepProblems(step, whole)]).toEqual([step, []]);
});

test('a name is checked as it is typed', () => {
  expect(nameProblems('', [])).toHaveLength(1);
  for (const name of ['a/b', '-a', 'a.b', 'x'.repeat(141)]) expect([name, nameProblems(name, []).length]).toEqual([name, 1]);
  expect(nameProblems('Shop', ['shop'])).toEqual(['There is a link connection Shop already.']);
  expect(nameProblems('shop link 2', ['shop'])).toEqual([]);
});

test('two tables on one target are said, in any casing, and Hash wants a column', () => {
  const other = { schemaName: 'sales', tableName: 'Orders' };
  expect(mappingProblems({ ...whole, tables: [orders, other] })).toEqual([]);
  expect(mappingProblems({ ...whole, targetSchema: 'dw', tables: [orders, other] })).toEqual([
    'public.orders and sales.Orders would both be written to dw.Orders.',
  ]);
  expect(mappingProblems({ ...whole, tables: [{ ...orders, distribution: 'Hash' }] })).toEqual([
    'public.orders is spread by Hash: name the column.',
  ]);
  expect(mappingProblems({ ...whole, tables: [{ ...orders, targetTable: ' ' }] })).toEqual([
    'public.orders has no target schema or table.',
  ]);
});
