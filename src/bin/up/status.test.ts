import { expect, test } from 'vitest';
import { engineLine, bytes, count, duration, linkLine, type LinkStatus, statusLines, type TableStatus, type UpStatus } from './status.ts';

function table(name: string, change: Partial<TableStatus> = {}): TableStatus {
  return { table: name, state: 'Replicating', rows: 1234567, processedRows: 89, fault: null, ...change };
}

function link(change: Partial<LinkStatus> = {}): LinkStatus {
  const tables = [table('public.orders'), table('public.customers', { rows: 20_000, state: 'Snapshotting' })];
  return {
    name: 'shop',
    state: 'Running',
    following: true,
    isolated: true,
    lagMs: 42,
    changesPerSecond: 5.25,
    heldBytes: 1_500_000,
    waitingSegments: 0,
    waitingBytes: 0,
    copiedRows: 50,
    estimatedRows: 200,
    tables,
    findings: [],
    trouble: null,
    ...change,
  };
}

function status(change: Partial<UpStatus> = {}): UpStatus {
  return {
    pid: 1,
    data: '/d',
    arm: null,
    metrics: 'http://m',
    sql: {},
    ready: false,
    engine: null,
    links: [link()],
    processes: [],
    step: null,
    ...change,
  };
}

const wide = { columns: 200, rows: 50 };

test('tables are aligned, and the link says how far it is', () => {
  expect(statusLines(status(), wide)).toEqual([
    'table             state              rows  processed',
    'public.orders     Replicating   1,234,567         89',
    'public.customers  Snapshotting     20,000         89',
    'shop: 1/2 tables replicating  [#####---------------] 25 %  5.3 changes/s  lag 42 ms  source log held 1.5 MB',
  ]);
});

test('once all is copied there is no bar; what waits in the landing zone is told', () => {
  const tables = [table('public.orders')];
  expect(linkLine(link({ tables, waitingSegments: 3, waitingBytes: 40_000, changesPerSecond: 1200, lagMs: null, heldBytes: null }))).toBe(
    'shop: 1/1 tables replicating  1,200 changes/s  lag ?  landing zone 3 segments, 40.0 kB',
  );
  expect(linkLine(link({ tables, state: 'Paused' }))).toMatch(/^shop: Paused  1\/1 tables/);
});

test('troubles are told with their remedies: of links, tables and processes', () => {
  const trouble = { code: 'ConnectionLost', message: 'It broke.', remedy: 'Wait.' };
  const failed = table('public.t', { state: 'Failed', fault: { code: 'TableGone', message: 'Gone.', remedy: undefined } });
  const lines = statusLines(
    status({
      links: [link({ trouble, tables: [failed] })],
      processes: [
        { name: 'pool', running: false, trouble },
        { name: 'demo', running: true, trouble: null },
      ],
      step: 'connecting the link',
    }),
    wide,
  );
  expect(lines.slice(3)).toEqual([
    'shop waits: ConnectionLost: It broke. Wait.',
    'public.t failed: TableGone: Gone.',
    'pool failed: ConnectionLost: It broke. Wait.',
    'connecting the link',
  ]);
});

test('long troubles are broken between words', () => {
  const trouble = { code: 'A', message: 'One two three four five six seven.', remedy: 'Eight nine ten eleven.' };
  expect(statusLines(status({ links: [], processes: [{ name: 'p', running: false, trouble }] }), { columns: 31, rows: 20 })).toEqual([
    'p failed: A: One two three',
    '  four five six seven. Eight',
    '  nine ten eleven.',
  ]);
});

test('a small screen shows what fits', () => {
  const tables = Array.from({ length: 100 }, (_, i) => table(`public.table_with_a_long_name_${i}`));
  const lines = statusLines(status({ links: [link({ tables })] }), { columns: 120, rows: 10 });
  expect(lines).toHaveLength(9);
  expect(lines.at(-2)).toBe('… and 94 more tables');
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThan(120);
});

test('numbers for people', () => {
  expect([count(999), count(1234567)]).toEqual(['999', '1,234,567']);
  expect([bytes(0), bytes(999), bytes(1000), bytes(123_456), bytes(5_000_000_000)]).toEqual(['0 B', '999 B', '1.0 kB', '123 kB', '5.0 GB']);
  expect([duration(3), duration(1500), duration(180_000), duration(10_000_000)]).toEqual(['3 ms', '1.5 s', '3 min', '3 h']);
});

test('where clients of SQL Server reach pools is a line', () => {
  const sql = { 'shop.other': 'localhost,14331', 'shop.shop': 'localhost,14330' };
  expect(statusLines(status({ links: [], sql }), { columns: 120, rows: 20 })).toEqual([
    'SQL Server clients: shop.other at localhost,14331  shop.shop at localhost,14330',
  ]);
});

test('what carries connections is one sentence, with the reason where the kernel was wanted and cannot', () => {
  const notKernel = { code: 'KernelToolMissing', message: 'No nft.', remedy: 'Install it.' };
  expect(engineLine({ kind: 'kernel', notKernel: null })).toBe('The kernel carries connections between networks.');
  expect(engineLine({ kind: 'userspace', notKernel: null })).toBe('This program carries connections between networks.');
  expect(engineLine({ kind: 'userspace', notKernel })).toBe(
    'This program carries connections between networks, since the kernel cannot here: KernelToolMissing: No nft. Install it.',
  );
});
