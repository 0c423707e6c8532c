import { expect, test } from 'vitest';
import { freshProgress, LinkBook } from '#replication/link-book.ts';
import { noteDraft } from '#replication/lane.ts';
import type { Draft, TableProgress } from '#replication/segment.ts';
import { ProgressView } from './progress-view.ts';

function book(...tables: Partial<TableProgress>[]): LinkBook {
  const made = tables.map((one, i) => ({ ...freshProgress(`public.t${i}`), ...one }));
  return new LinkBook({
    number: 1,
    epoch: 'one',
    position: undefined,
    tables: new Map(made.map((one) => [one.table, one])),
    schemas: new Map(),
  });
}

function changes(count: number): Draft {
  return { ...noteDraft([]), changes: count };
}

function view(isTerminal: boolean, columns = 200): { view: ProgressView; take: () => string; pass: (ms: number) => void } {
  let out = '';
  let now = 0;
  const take = (): string => {
    const text = out;
    out = '';
    return text;
  };
  return {
    view: new ProgressView({ write: (text) => void (out += text), isTerminal, columns }, () => now),
    take,
    pass: (ms) => void (now += ms),
  };
}

test('while tables are copied there is a bar with the time left; then changes and lag', () => {
  const { view: progress, take, pass } = view(false);
  progress.estimate(new Map([['public.t0', 1000]]));
  pass(2_000);
  progress.put({ ...noteDraft([]), changes: 0 }, book({ state: 'Snapshotting', rowsCopied: 250 }));
  expect(take()).toMatch(/^0\/1 tables {2}\[#####-{15}\] 25 %/);
  pass(2_000);
  progress.put(changes(1_500), book({ state: 'Replicating', rowsCopied: 1000 }, { state: 'Failed' }));
  pass(2_000);
  progress.durable({ ...noteDraft([]), committedAt: 1_000_000n }, book({ state: 'Replicating' }, { state: 'Failed' }), 1_250);
  expect(take().split('\n').at(-2)).toBe('1/2 tables, 1 failed  1500 changes, lag 250 ms');
});

test('a terminal line never breaks, and whole lines take its place', () => {
  const { view: progress, take } = view(true, 20);
  progress.put(changes(1), book({ state: 'Replicating' }));
  expect(take()).toBe(`\r${'1/1 tables  1 changes'.slice(0, 19)}\u001B[K`);
  progress.say('waiting');
  expect(take()).toBe('\r\u001B[Kwaiting\n');
});
