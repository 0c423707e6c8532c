import { expect, test } from 'vitest';
import { fault } from '#base/fault.ts';
import { Board } from './board.ts';
import type { LinkStatus, TableStatus } from './status.ts';

const control = {
  url: 'https://localhost:4433',
  studio: 'https://localhost:4433/studio/',
  ca: 'ca.pem',
  subscription: 's',
  tenant: 't',
  sql: {},
  engine: { kind: 'userspace', notKernel: null },
} as const;

function link(following: boolean, ...states: TableStatus['state'][]): LinkStatus {
  return {
    name: 'shop',
    state: following ? 'Running' : 'Resuming',
    following,
    isolated: true,
    lagMs: null,
    changesPerSecond: 0,
    heldBytes: 12,
    waitingSegments: 0,
    waitingBytes: 0,
    copiedRows: 5,
    estimatedRows: 10,
    tables: states.map((state, i) => ({ table: `public.t${i}`, state, rows: 1, processedRows: 0, fault: null })),
    findings: [],
    trouble: null,
  };
}

const about = { pid: 1, data: '/d', metrics: 'm' };

test('ready: the source is followed and every table is Replicating', () => {
  const board = new Board(true);
  board.control = control;
  const readyWith = (now: LinkStatus | undefined): boolean => {
    board.link = now;
    return board.ready;
  };
  expect(readyWith(undefined)).toBe(false);
  expect(readyWith(link(true))).toBe(false);
  expect(readyWith(link(true, 'Replicating', 'Snapshotting'))).toBe(false);
  expect(readyWith(link(false, 'Replicating', 'Replicating'))).toBe(false);
  expect(readyWith(link(true, 'Replicating', 'Replicating'))).toBe(true);
  board.control = undefined;
  expect(board.ready).toBe(false);
});

test('ready, without a link: requests are answered', () => {
  const board = new Board(false);
  expect([board.ready, board.status(about).step]).toEqual([false, 'starting']);
  board.control = control;
  expect([board.ready, board.status(about).step, board.status(about).arm]).toEqual([true, null, 'https://localhost:4433']);
});

test('the step says what is being done before there is a link', () => {
  const board = new Board(true);
  expect(board.status(about).step).toBe('starting');
  board.control = control;
  board.demo = { step: 'starting PostgreSQL', source: undefined, serverPid: undefined };
  expect([board.status(about).step, board.status(about).links]).toEqual(['starting PostgreSQL', []]);
  board.lastSource = { url: 'postgres://x@y/z', password: 'p' };
  board.demo = { step: 'open', source: board.lastSource, serverPid: 1 };
  expect(board.status(about).step).toBe('setting up the demo');
  board.isSettingUp = false;
  expect(board.status(about).step).toBe('connecting the link');
  board.link = link(true, 'Waiting');
  expect(board.status(about)).toMatchObject({ step: null, links: [{ name: 'shop', heldBytes: 12 }] });
});

test('a trouble is shown once it lasts, and no more when the process is well', () => {
  let now = 0;
  const board = new Board(true, () => now);
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
