import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { fault } from '#base/fault.ts';
import { ChosenTables } from '#replication/chosen-tables.ts';
import { freshProgress, LinkBook } from '#replication/link-book.ts';
import { LinkWishes } from '#replication/link-wishes.ts';
import { schemaOf, int64 } from '#replication/sample-steps.contract.ts';
import type { JobEvent, LinkReport } from '../job.ts';
import { LinkReporter } from './link-reporter.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const placed = (name: string, as = name) => ({
  schema: 'public',
  name,
  placement: { schema: 'dbo', name: as, onExisting: 'drop' as const },
});

function bookOf(...names: readonly string[]): LinkBook {
  return new LinkBook({
    number: 1,
    epoch: 'one',
    position: undefined,
    tables: new Map(
      names.map((name) => [`public.${name}`, { ...freshProgress(`public.${name}`), state: 'Replicating' as const, rowsCopied: 7 }]),
    ),
    schemas: new Map(names.map((name) => [`public.${name}`, { ...schemaOf(name, [['id', int64]]), placement: placed(name).placement }])),
  });
}

function reporting(choice: ChosenTables, wishes = new LinkWishes()): { readonly reporter: LinkReporter; readonly told: LinkReport[] } {
  const told: LinkReport[] = [];
  const tell = (event: JobEvent): void => void (event.kind === 'link' && told.push(event.report));
  return { reporter: new LinkReporter(choice, wishes, tell), told };
}

test('changes are told at once, then at most five times a second, always as the whole; and a sign of life comes without any', () => {
  const { reporter, told } = reporting(new ChosenTables([placed('a')]));
  const book = bookOf('a');
  for (let i = 0; i < 100; i++) {
    reporter.take(book);
    vi.advanceTimersByTime(10);
  }
  expect(told.length).toBeGreaterThanOrEqual(4);
  expect(told.length).toBeLessThanOrEqual(6);
  expect(new Set(told.map((one) => JSON.stringify(one))).size).toBe(1);
  const before = told.length;
  vi.advanceTimersByTime(60_000);
  expect(told.length - before).toBeGreaterThanOrEqual(12);
  reporter[Symbol.dispose]();
  const end = told.length;
  reporter.take(book);
  vi.advanceTimersByTime(60_000);
  expect(told).toHaveLength(end);
});

test('a table is as the book has it, refused as was found, or waits; one that is to be copied anew waits too', () => {
  const wishes = new LinkWishes();
  const { reporter, told } = reporting(new ChosenTables(['a', 'b', 'c'].map((name) => placed(name))), wishes);
  reporter.found([{ severity: 'error', code: 'NoSelectRight', message: 'no', target: 'public.b', remedy: 'GRANT' }]);
  reporter.take(bookOf('a'));
  reporter.flush();
  expect(told.at(-1)?.tables).toMatchObject([
    { name: 'a', state: 'Replicating', rowsCopied: 7, fault: null },
    { name: 'b', state: 'Failed', fault: { code: 'NoSelectRight', target: 'public.b', remedy: 'GRANT' } },
    { name: 'c', state: 'Waiting', fault: null },
  ]);
  wishes.recopy(['public.a']);
  reporter.flush();
  expect(told.at(-1)?.tables[0]).toMatchObject({ state: 'Waiting', rowsCopied: 0 });
  expect(told.at(-1)?.recopies).toEqual({ asked: 1, open: [{ schema: 'public', name: 'a' }] });
  wishes.done(wishes.begin());
  reporter.flush();
  expect(told.at(-1)?.tables[0]).toMatchObject({ state: 'Replicating' });
  expect(told.at(-1)?.recopies).toEqual({ asked: 1, open: [] });
  reporter[Symbol.dispose]();
});

test('why a table cannot be copied yet is told until the table has gone on', () => {
  const { reporter, told } = reporting(new ChosenTables([placed('a')]));
  reporter.take(bookOf('a'));
  reporter.deferred('public.a', fault('throttled', 'TableLocked', 'locked', { target: 'public.a' }));
  reporter.flush();
  expect(told.at(-1)?.tables[0]?.fault).toMatchObject({ code: 'TableLocked' });
  reporter.take(bookOf('a'));
  reporter.flush();
  expect(told.at(-1)?.tables[0]?.fault).toBeNull();
  reporter[Symbol.dispose]();
});

test('a link that waits does not follow, until it follows again; a table given another place keeps the one it has', () => {
  const { reporter, told } = reporting(new ChosenTables([placed('a', 'elsewhere')]));
  reporter.follows(bookOf('a'));
  reporter.waits(fault('unreachable', 'ConnectionLost', 'gone', { remedy: 'look' }));
  reporter.flush();
  expect(told.at(-1)).toMatchObject({ following: false, trouble: { code: 'ConnectionLost', remedy: 'look' } });
  reporter.follows(bookOf('a'));
  reporter.flush();
  expect(told.at(-1)).toMatchObject({ following: true, trouble: null, findings: [{ code: 'PlacementKept', target: 'public.a' }] });
  reporter[Symbol.dispose]();
});
