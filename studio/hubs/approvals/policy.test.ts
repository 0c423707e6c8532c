import { expect, test } from 'vitest';
import { policyBody, policyOf, policyWord } from './policy.ts';

test('a policy is read from its tag in any casing, and is the usual one without', () => {
  expect(policyOf({ 'Hidden-Approval': 'approvers = 2 ; expires=P30D' })).toEqual({ approvers: '2', expires: 'P30D' });
  expect(policyOf({})).toEqual({ approvers: '1', expires: '' });
});

test('it is written beside the other tags, and the usual one is no tag', () => {
  const tags = { owner: 'anna', 'HIDDEN-approval': 'approvers=3' };
  expect(policyBody(tags, { approvers: '2', expires: 'PT12H' })).toEqual({
    tags: { owner: 'anna', 'hidden-approval': 'approvers=2; expires=PT12H' },
  });
  expect(policyBody(tags, { approvers: '1', expires: '' })).toEqual({ tags: { owner: 'anna' } });
});

test('it is told in words, unusual times as they are written', () => {
  expect(policyWord({ approvers: '2', expires: 'P30D' })).toBe('2 people must approve; an approval lasts 30 days.');
  expect(policyWord({ approvers: '1', expires: 'PT45M' })).toBe('One person must approve; an approval lasts PT45M.');
});
