import fc from 'fast-check';
import { expect, test } from 'vitest';
import { actionTest, matchesPattern } from './action-match.ts';

const word = fc.string({ unit: fc.constantFrom('a', 'b', '/', '.', '*'), maxLength: 14 });
const plain = fc.string({ unit: fc.constantFrom('a', 'b', '/', '.'), maxLength: 14 });

test('a pattern fits what a regular expression of the same meaning fits', () => {
  fc.assert(
    fc.property(word, plain, (pattern, text) => {
      const expression = pattern.split('*').map((part) => part.replaceAll('.', '\\.'));
      expect(matchesPattern(pattern, text)).toBe(new RegExp(`^${expression.join('.*')}$`, 's').test(text));
    }),
    { numRuns: 3_000 },
  );
});

test('many stars take no time', () => {
  expect(matchesPattern('*a'.repeat(60), 'a'.repeat(59).padEnd(3_000, 'b'))).toBe(false);
});

test('what is taken out of one entry another may allow, in any case', () => {
  const allowed = actionTest([
    { actions: ['*'], notActions: ['Microsoft.Authorization/*/Write'] },
    { actions: ['Microsoft.Authorization/roleAssignments/write'], notActions: [] },
  ]);
  expect(allowed('microsoft.network/virtualnetworks/write')).toBe(true);
  expect(allowed('microsoft.authorization/roledefinitions/write')).toBe(false);
  expect(allowed('microsoft.authorization/roleassignments/write')).toBe(true);
  expect(allowed('microsoft.authorization/roleassignments/write')).toBe(true);
});

test('answers stay right beyond what is remembered', () => {
  const allowed = actionTest([{ actions: ['A/*/read'], notActions: [] }]);
  const asked = Array.from({ length: 25_000 }, (_, i) => allowed(`a/${i}/${i % 2 === 0 ? 'read' : 'write'}`));
  expect(asked.every((answer, i) => answer === (i % 2 === 0))).toBe(true);
});
