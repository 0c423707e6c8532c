import { expect, test } from 'vitest';
import {
  emptyRule,
  ruleBody,
  ruleDraftOf,
  ruleFromAddress,
  ruleProblems,
  ruleSentence,
  spanText,
  type RuleDraft,
  type RuleProperties,
} from './alert-rule.ts';

const draft: RuleDraft = { ...emptyRule, name: 'late', target: '/links/shop', metric: 'Lag', threshold: '30', groups: ['/groups/ops'] };
const shown = ruleBody(draft)['properties'] as unknown as RuleProperties;

test('a rule is sent, and read again as the same', () => {
  expect(ruleDraftOf('late', shown)).toEqual(draft);
  expect(shown).toMatchObject({
    scopes: ['/links/shop'],
    actions: [{ actionGroupId: '/groups/ops' }],
    criteria: { allOf: [{ threshold: 30 }] },
  });
});

test('a rule that the form cannot show whole is not shown in part', () => {
  const [condition] = shown.criteria.allOf;
  expect(ruleDraftOf('a', { ...shown, scopes: ['/a', '/b'] })).toBeUndefined();
  expect(ruleDraftOf('a', { ...shown, criteria: { allOf: [condition!, condition!] } })).toBeUndefined();
  const split = { ...condition!, dimensions: [{ name: 'EventType', values: ['*'] }] };
  expect(ruleDraftOf('a', { ...shown, criteria: { allOf: [split] } })).toBeUndefined();
});

test('a rule is told as a sentence', () => {
  expect(ruleSentence(shown, (metric) => `the ${metric}`)).toBe('Maximum of the Lag is greater than 30, over 5 minutes');
  expect(['PT1S', 'PT1H', 'P1D', 'P2D', 'PT1H30M'].map(spanText)).toEqual(['1 second', '1 hour', '1 day', '2 days', 'PT1H30M']);
});

test('what a rule lacks is said by field', () => {
  expect(ruleProblems(draft)).toEqual({});
  expect(Object.keys(ruleProblems(emptyRule))).toEqual(['name', 'target', 'metric', 'threshold']);
  expect(Object.keys(ruleProblems({ ...draft, name: 'a.', threshold: 'x', window: 'PT30S' }))).toEqual(['name', 'threshold', 'window']);
});

test('an address can ask for a rule', () => {
  expect(ruleFromAddress({ target: '/l', metric: 'Lag', threshold: 60, name: ['x'] })).toEqual({
    ...emptyRule,
    target: '/l',
    metric: 'Lag',
    threshold: '60',
  });
});
