import { expect, test } from 'vitest';
import { byNeed } from './by-need.ts';

const watched = (name: string, status: string, more: object = {}) => ({
  link: { name },
  status: { status, isPartiallyFailed: false, ...more },
});

test('links that need somebody come first, then those that rest, then the latest', () => {
  const error = { code: 'X', message: 'x' };
  const all = [
    watched('fresh', 'Running', { lagSeconds: 1 }),
    watched('late', 'Running', { lagSeconds: 90 }),
    watched('rests', 'Paused'),
    watched('broken', 'Running', { error }),
    { link: { name: 'unknown' }, status: undefined },
    watched('partly', 'Running', { isPartiallyFailed: true }),
  ];
  expect(all.toSorted(byNeed).map(({ link }) => link.name)).toEqual(['broken', 'partly', 'rests', 'unknown', 'late', 'fresh']);
});
