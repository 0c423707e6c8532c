import { expect, test } from 'vitest';
import type { Finding } from '#studio/data/link-shapes.ts';
import { hasErrors, mergedPlans, sortedFindings, summaryText, type PlannedColumn, type TablePlan } from './column-plan.ts';

const column = (name: string, fidelity: PlannedColumn['fidelity']): PlannedColumn => ({ name, sourceType: 'text', fidelity, reason: null });
const plan = (tableName: string, ...columns: readonly PlannedColumn[]): TablePlan => {
  const name = { schemaName: 'public', tableName };
  return { source: name, target: name, columns };
};
const finding = (severity: Finding['severity'], code: string): Finding => ({ severity, code, message: code, target: null, remedy: null });

test('later plans take the place of former ones, and empty ones say nothing', () => {
  const first = mergedPlans(new Map(), { findings: [], tables: [plan('a', column('x', 'exact')), plan('b')] });
  expect([...first.keys()]).toEqual(['public.a']);
  const second = mergedPlans(first, { findings: [], tables: [plan('a', column('x', 'text')), plan('c', column('y', 'exact'))] });
  expect([...second].map(([name, { columns }]) => [name, columns[0]?.fidelity])).toEqual([
    ['public.a', 'text'],
    ['public.c', 'exact'],
  ]);
});

test('a plan is told in numbers', () => {
  expect(summaryText(plan('a', column('x', 'exact')))).toBe('1 column kept');
  expect(
    summaryText(plan('a', column('x', 'exact'), column('y', 'widened'), column('z', 'text'), column('w', 'refused'), column('v', 'exact'))),
  ).toBe('2 columns kept, 2 changed, 1 left out');
});

test('findings come once each, the gravest first', () => {
  const findings = [finding('info', 'I'), finding('error', 'E'), finding('warning', 'W'), finding('error', 'E')];
  expect(sortedFindings(findings).map(({ code }) => code)).toEqual(['E', 'W', 'I']);
  expect([hasErrors({ findings }), hasErrors({ findings: [finding('warning', 'W')] })]).toEqual([true, false]);
});
