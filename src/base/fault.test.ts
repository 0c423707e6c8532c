import { expect, test } from 'vitest';
import { assert, fault, must, policies, toFault, unreachable } from './fault.ts';

test('a fault carries what the reader needs, and its cause', () => {
  const cause = new Error('inner');
  const made = fault('missing', 'NoSuchTable', 'There is no table t.', { target: 't', remedy: 'Create it.', cause });
  expect(made).toBeInstanceOf(Error);
  expect(made).toMatchObject({
    name: 'Fault',
    kind: 'missing',
    code: 'NoSuchTable',
    message: 'There is no table t.',
    target: 't',
    remedy: 'Create it.',
    cause,
  });
  expect('cause' in fault('bug', 'X', 'x')).toBe(false);
});

test('anything thrown becomes a fault: itself, cancelled, or a bug with the cause', () => {
  const made = fault('denied', 'X', 'x');
  expect(toFault(made)).toBe(made);
  expect(toFault(AbortSignal.abort().reason)).toMatchObject({ kind: 'cancelled' });
  const cause = new TypeError('x is undefined');
  expect(toFault(cause)).toMatchObject({ kind: 'bug', message: 'x is undefined', cause });
  expect(toFault('text')).toMatchObject({ kind: 'bug', message: 'text' });
});

test('what must not happen is a bug', () => {
  const bug = expect.objectContaining({ kind: 'bug' });
  expect(() => assert(false, 'no')).toThrow(bug);
  expect(() => must(undefined, 'no')).toThrow(bug);
  expect(() => must(null, 'no')).toThrow(bug);
  expect(() => unreachable('x' as never)).toThrow(bug);
  expect(must(0, 'no')).toBe(0);
  expect(assert(1, 'yes')).toBeUndefined();
});

test('exit codes are those that the manual of the program promises', () => {
  const codes = Object.fromEntries(Object.entries(policies).map(([kind, policy]) => [kind, policy.exit]));
  expect(codes).toEqual({
    invalid: 2,
    unsupported: 2,
    unauthenticated: 3,
    denied: 3,
    missing: 4,
    conflict: 5,
    precondition: 5,
    'lost-history': 5,
    throttled: 6,
    unreachable: 7,
    timeout: 7,
    corrupt: 8,
    bug: 70,
    cancelled: 130,
  });
});

test('only what may pass by itself is tried again', () => {
  const retried = Object.entries(policies).filter(([, policy]) => policy.retry === 'backoff');
  expect(retried.map(([kind]) => kind).sort()).toEqual(['throttled', 'timeout', 'unreachable']);
});
