import { expect, test } from 'vitest';
import type { Finding } from '#studio/data/link-shapes.ts';
import {
  gatheredFindings,
  hasErrors,
  changedPlans,
  changesText,
  sortedFindings,
  summaryText,
  type PlannedColumn,
  type TablePlan,
} from './column-plan.ts';

const column = (name: string, fidelity: PlannedColumn['fidelity']): PlannedColumn => ({ name, sourceType: 'text', fidelity, reason: null });
const plan = (tableName: string, ...columns: readonly PlannedColumn[]): TablePlan => {
  const name = { schemaName: 'public', tableName };
  return { source: name, target: name, columns };
};
const finding = (severity: Finding['severity'], code: string): Finding => ({ severity, code, message: code, target: null, remedy: null });

test('tables that are not kept as they are are told, those that lose columns first', () => {
  const tables = [
    plan('a', column('x', 'exact')),
    plan('b', column('x', 'text')),
    plan('c', column('x', 'widened'), column('y', 'refused')),
    plan('d'),
  ];
  const changed = changedPlans({ tables });
  expect(changed.map(({ source }) => source.tableName)).toEqual(['c', 'b']);
  expect(changed.map(changesText)).toEqual(['y: left out, x: kept, in a wider type', 'x: kept as text']);
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

test('what is said alike of many tables is said once', () => {
  const of = (i: number, remedy: string): Finding => ({ ...finding('warning', 'W'), target: `t${i}`, remedy });
  const few = [of(1, 'a'), of(2, 'b'), of(3, 'c')];
  expect(gatheredFindings(few)).toEqual(few);
  const many = Array.from({ length: 5_000 }, (_, i) => of(i, `x${i}`));
  expect(gatheredFindings([...many, finding('error', 'E')])).toMatchObject([
    { code: 'E' },
    { code: 'W', target: '5000 tables: t0, t1, t2, t3, t4 and 4995 more', remedy: 'For t0: x0' },
  ]);
  expect(gatheredFindings(many.slice(0, 4).map((one) => ({ ...one, remedy: 'same' })))[0]).toMatchObject({
    target: '4 tables: t0, t1, t2, t3',
    remedy: 'same',
  });
});
