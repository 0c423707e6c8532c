import { expect, test } from 'vitest';
import { fault } from '#base/fault.ts';
import { needsAuthoring, summaryOf, testBody } from './connection-test.ts';

const passed = { name: 'login', ok: true, ms: 4.6, detail: 'Logged in.' };

test('what came of a test is told in a sentence: how many hops, or which one failed and who mends it', () => {
  expect(summaryOf({ succeeded: true, errors: [], hops: [passed, { ...passed, ms: 2 }] })).toBe('Connected: 2 hops in 7 ms.');
  const failed = { name: 'endpoint', ok: false, ms: 0, detail: 'Pending.', code: 'EndpointPending', side: 'the side of the owner' };
  expect(summaryOf({ succeeded: false, errors: [], hops: [passed, failed] })).toBe(
    "Failed at the hop 'endpoint', on the side of the owner.",
  );
});

test('one that is not saved is tested without a name', () => {
  expect(testBody('', { properties: { type: 'MySql' } })).toEqual({ linkedService: { properties: { type: 'MySql' } } });
  expect(testBody('shop', { properties: {} })).toEqual({ linkedService: { name: 'shop', properties: {} } });
});

test('only a refusal for want of interactive authoring is mended by enabling it', () => {
  expect(needsAuthoring(fault('invalid', 'InteractiveAuthoringNotEnabled', 'Off.'))).toBe(true);
  expect(needsAuthoring(fault('denied', 'AuthorizationFailed', 'No.'))).toBe(false);
  expect(needsAuthoring(null)).toBe(false);
});
