import { expect, test } from 'vitest';
import { fault } from '#base/fault.ts';
import { Board } from './board.ts';
import type { PoolLinkReport, PoolTableReport } from '#providers/synapse/pool-host.ts';
import type { LinkReport } from './channel.ts';

const worker: LinkReport = {
  following: true,
  tables: ['public.b', 'public.a'],
  estimatedRows: 10,
  copiedRows: 5,
  position: 'pg/1/1/s/0',
  heldBytes: 12n,
  headroomBytes: undefined,
  findings: [],
  moved: true,
  trouble: undefined,
};

function table(name: string, state: PoolTableReport['state']): PoolTableReport {
  const processed = { processedRows: 0, processedBytes: 0, lastProcessedMs: undefined, lastCommitMs: undefined };
  return { table: name, target: undefined, state, rows: 1, ...processed, fault: undefined };
}

function pool(...tables: PoolTableReport[]): PoolLinkReport {
  const times = { lagMs: undefined, committedAtUs: undefined };
  return { tables, changes: 0, changesPerSecond: 0, ...times, applying: true, waitingSegments: 0, waitingBytes: 0, trouble: undefined };
}

const about = { pid: 1, data: '/d', metrics: 'm' };

test('ready: the source is followed and every table that the worker knows is Replicating in the pool', () => {
  const board = new Board('shop');
  board.control = { url: 'https://localhost:4433', ca: 'ca.pem', subscription: 's', tenant: 't' };
  expect(board.ready).toBe(false);
  board.worker = { ...worker, tables: [] };
  board.pool = pool();
  expect(board.ready).toBe(false);
  board.worker = worker;
  board.pool = pool(table('public.a', 'Replicating'));
  expect(board.ready).toBe(false);
  board.pool = pool(table('public.a', 'Replicating'), table('public.b', 'Snapshotting'));
  expect(board.ready).toBe(false);
  board.pool = pool(table('public.a', 'Replicating'), table('public.b', 'Replicating'));
  expect(board.ready).toBe(true);
  board.worker = { ...worker, following: false };
  expect(board.ready).toBe(false);
});

test('ready, without a link: requests are answered', () => {
  const board = new Board(undefined);
  expect([board.ready, board.status(about).step]).toEqual([false, 'starting']);
  board.control = { url: 'https://localhost:4433', ca: 'ca.pem', subscription: 's', tenant: 't' };
  expect([board.ready, board.status(about).step, board.status(about).arm]).toEqual([true, null, 'https://localhost:4433']);
});

test('the status is plain JSON, with tables in order', () => {
  const board = new Board('shop');
  board.worker = worker;
  board.pool = pool(table('public.b', 'Waiting'), table('public.a', 'Replicating'));
  const status = JSON.parse(JSON.stringify(board.status(about))) as ReturnType<Board['status']>;
  expect(status.links[0]).toMatchObject({ name: 'shop', heldBytes: 12, lagMs: null, trouble: null });
  expect(status.links[0]?.tables.map((one) => one.table)).toEqual(['public.a', 'public.b']);
});

test('the step says what is being done before there is a link', () => {
  const board = new Board('shop');
  expect(board.status(about).step).toBe('starting');
  board.demo = { step: 'starting PostgreSQL', source: undefined, serverPid: undefined };
  expect(board.status(about).step).toBe('starting PostgreSQL');
  board.demo = { step: 'open', source: { url: 'postgres://x@y/z', password: 'p' }, serverPid: 1 };
  expect(board.status(about).step).toBe('connecting the link');
  board.worker = worker;
  expect(board.status(about).step).toBeNull();
});

test('a trouble is shown once it lasts, and no more when the process is well', () => {
  let now = 0;
  const board = new Board('shop', () => now);
  const shown = (): string | undefined => board.status(about).processes[0]?.trouble?.code;
  board.note('pool');
  board.trouble('pool', fault('unreachable', 'ProcessEnded', 'It ended.'));
  expect(board.status(about).processes[0]).toMatchObject({ name: 'pool', running: false, trouble: null });
  now = 3_000;
  board.trouble('pool', fault('conflict', 'PoolInUse', 'Held.'));
  expect(shown()).toBe('PoolInUse');
  board.note('pool');
  expect(shown()).toBeUndefined();
});
