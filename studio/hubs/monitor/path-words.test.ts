import { expect, test } from 'vitest';
import type { PathProof } from '#studio/data/link-shapes.ts';
import { bothWaysText, countedTexts, elsewhereText, latestProof, totalText } from './path-words.ts';

const proof: PathProof = {
  job: 'link',
  since: '2026-11-22T06:00:00Z',
  at: '2026-11-22T06:01:00Z',
  ended: false,
  engine: 'kernel',
  verdict: 'Equal',
  says: 'Equal.',
  said: { sent: 1, received: 2 },
  counted: [{ endpoint: '/a/managedPrivateEndpoints/toShop', connections: 1, sent: 1_234_567, received: 2 }],
  elsewhere: { connections: 0, sent: 0, received: 0, refused: 0, tried: 0 },
};

test('the worker that runs is shown, or the one that ended last', () => {
  const [first, last] = [
    { ...proof, ended: true, job: 'check' },
    { ...proof, ended: true, job: 'release' },
  ];
  expect(latestProof({ worker: proof, ended: [last, first] })).toBe(proof);
  expect(latestProof({ worker: null, ended: [last, first] })).toBe(last);
  expect(latestProof({ worker: null, ended: [] })).toBeUndefined();
});

test('bytes are told exactly, by endpoint', () => {
  expect(bothWaysText({ sent: 1_048_577, received: 0 })).toBe('1,048,577 bytes sent, 0 received');
  expect(countedTexts(proof)).toEqual(['toShop: 1,234,567 bytes sent, 2 received']);
  expect(countedTexts({ counted: null })).toEqual([]);
});

test('elsewhere is nothing, what left by no endpoint, and what was refused', () => {
  expect(elsewhereText(proof)).toBe('nothing');
  const elsewhere = { connections: 1, sent: 5, received: 6, refused: 2, tried: 3 };
  expect(elsewhereText({ elsewhere })).toBe('5 bytes sent, 6 received, by no endpoint; refused: 3');
  expect(elsewhereText({ elsewhere: null })).toBeUndefined();
});

test('of all workers it is told how they ended', () => {
  expect(totalText({ workers: 1_200, verdicts: { Equal: 1_199, Unknown: 1 } })).toBe('1,200 workers: Equal 1,199, Unknown 1');
  expect(totalText({ workers: 1, verdicts: { Equal: 1 } })).toBe('1 worker: Equal 1');
});
