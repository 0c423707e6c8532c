import { expect, test } from 'vitest';
import { fault, policies, type FaultKind } from '#base/fault.ts';
import { armErrorBody, kindOfStatus, statusOf } from './arm-error.ts';

test('a fault is an envelope whose message ends with the remedy', () => {
  const detail = fault('invalid', 'Inner', 'It is inner', { target: 'a.b' });
  const body = armErrorBody(fault('invalid', 'Outer', 'It is wrong', { target: 'a', remedy: 'Mend it.', details: [detail] }), 'id');
  expect(body).toEqual({
    error: {
      code: 'Outer',
      message: 'It is wrong. Mend it.',
      target: 'a',
      details: [{ code: 'Inner', message: 'It is inner', target: 'a.b' }],
      additionalInfo: [{ type: 'Remedy', info: { remedy: 'Mend it.' } }],
    },
  });
});

test('a bug shows only what it can be found by', () => {
  const body = JSON.stringify(armErrorBody(fault('bug', 'Oops', 'internals', { target: 'secret place' }), 'find-me'));
  expect(body).toContain('InternalServerError');
  expect(body).toContain('find-me');
  expect(body).not.toMatch(/Oops|internals|secret place/);
});

test('the kind says the status, except where HTTP has one for the code', () => {
  expect(statusOf(fault('precondition', 'X', 'x'))).toBe(412);
  expect(statusOf(fault('invalid', 'RequestContentTooLarge', 'x'))).toBe(413);
  expect(statusOf(fault('invalid', 'constructor', 'x'))).toBe(400);
  const mended: FaultKind[] = ['invalid', 'unauthenticated', 'denied', 'missing', 'conflict', 'precondition', 'throttled', 'timeout'];
  for (const kind of mended) expect(kindOfStatus(policies[kind].http)).toBe(kind);
});
