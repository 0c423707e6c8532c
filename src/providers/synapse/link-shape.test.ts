import { expect, test } from 'vitest';
import { slotName } from './link-places.ts';
import { budgetOf, onExistingAsked, onExistingOf } from './link-shape.ts';
import { poolNameOf } from './link-target.ts';

test('what becomes of tables that are there is understood in any spelling, and is the mildest unless it is asked for', () => {
  const drop = ['DropAndRecreate', 'dropAndRecreateTable', 'drop_and_recreate', 'DropRecreate'];
  const fail = ['FailOnNonEmpty', 'failOnNonEmptyTable', 'fail-on-not-empty'];
  expect([drop, fail, ['Merge', 'mergeWithExistingData'], ['Burn', '']].map((words) => [...new Set(words.map(onExistingOf))])).toEqual([
    ['drop'],
    ['fail-if-not-empty'],
    ['merge'],
    [undefined],
  ]);
  const asked = (typeProperties: object) =>
    onExistingAsked({ targetDatabase: { linkedService: { referenceName: 'p', type: 'LinkedServiceReference' }, typeProperties } });
  expect(asked({})).toBe('fail-if-not-empty');
  expect(asked({ dropExistingTargetTableOnStart: true })).toBe('drop');
  expect(asked({ dropExistingTargetTableOnStart: true, actionOnExistingTargetTable: 'Merge' })).toBe('merge');
});

test('a warning comes at a quarter of the log budget unless it is asked otherwise, and never above it', () => {
  const budget = (logBudget: object) => budgetOf({ isthmus: { logBudget } });
  expect(budgetOf({})).toEqual({ warnBytes: 4 * 1024 ** 3, mostBytes: 16 * 1024 ** 3, whenExceeded: 'pause' });
  expect(budget({ mostBytes: 8_000_000 })).toMatchObject({ warnBytes: 2_000_000, mostBytes: 8_000_000 });
  const { warnBytes, mostBytes } = budget({ warnBytes: 20 * 1024 ** 3 });
  expect(warnBytes).toBeLessThanOrEqual(mostBytes);
});

test('a slot has a name that sources take, whatever the link is called; a target names its pool', () => {
  const named = (name: string): string =>
    slotName(`/subscriptions/s/providers/A.B/workspaces/w/linkConnections/${name}`, crypto.randomUUID());
  for (const name of ['Shop', 'Ünïcode and blanks', '_', 'x'.repeat(140)])
    expect(named(name)).toMatch(/^isthmus_[a-z0-9_]{1,24}_[0-9a-f]{16}$/);
  expect(named('a')).not.toBe(named('a'));
  const reference = { referenceName: 'dw', type: 'LinkedServiceReference' as const };
  expect([poolNameOf(reference), poolNameOf({ ...reference, parameters: { dbName: 'other' } })]).toEqual(['dw', 'other']);
});
