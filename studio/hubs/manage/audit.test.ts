import { expect, test } from 'vitest';
import { auditPath, matching, verdictWord, type AuditRecord } from './audit.ts';

const record = (sequence: number, more: Partial<AuditRecord> = {}): AuditRecord => ({
  sequence,
  time: '2026-11-29T12:00:00.000Z',
  action: 'Microsoft.Network/privateEndpoints/write',
  scope: '/subscriptions/s',
  principal: 'p-1',
  principalName: 'anna',
  outcome: 'succeeded',
  correlationId: 'c',
  changes: [],
  ...more,
});

test('the address says since when, by the minute, and nothing for all', () => {
  const nowMs = Date.parse('2026-11-29T12:34:56Z');
  expect(auditPath('/', '1h', nowMs)).toBe('/providers/Isthmus.Audit/records?$since=2026-11-29T11%3A34%3A00.000Z');
  expect(auditPath('/subscriptions/s', 'all', nowMs)).toBe('/subscriptions/s/providers/Isthmus.Audit/records');
});

test('records are narrowed by outcome and words, the latest first', () => {
  const all = [record(1), record(2, { outcome: 'refused', code: 'AuthorizationFailed' }), record(3, { principalName: 'Berta' })];
  const numbers = (outcome: string, text: string): readonly number[] => matching(all, { outcome, text }).map(({ sequence }) => sequence);
  expect(numbers('', '')).toEqual([3, 2, 1]);
  expect(numbers('refused', '')).toEqual([2]);
  expect(numbers('', 'ANNA network')).toEqual([2, 1]);
  expect(numbers('', 'berta authorizationfailed')).toEqual([]);
});

test('a verdict says that the log is whole, or where it is not', () => {
  expect(verdictWord({ valid: true, records: 12 })).toContain('12 records');
  expect(verdictWord({ valid: false, records: 12, firstBad: 7, reason: 'Its hash is another.' })).toBe(
    'The log was tampered with at record 7: Its hash is another.',
  );
});
