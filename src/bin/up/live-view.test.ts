import { expect, test } from 'vitest';
import { LiveView } from './live-view.ts';
import type { LinkStatus, UpStatus } from './status.ts';

function status(states: readonly LinkStatus['tables'][number]['state'][], step: string | null = null): UpStatus {
  const tables = states.map((state, i) => ({ table: `t${i}`, state, rows: 1, processedRows: 0, fault: null }));
  const link = {
    name: 'shop',
    state: 'Running',
    following: true,
    isolated: true,
    lagMs: 1,
    changesPerSecond: 0,
    heldBytes: null,
    waitingSegments: 0,
    waitingBytes: 0,
    copiedRows: 0,
    estimatedRows: 0,
    tables,
    findings: [],
    trouble: null,
  };
  return {
    pid: 1,
    data: '/d',
    arm: null,
    metrics: '',
    sql: {},
    engine: null,
    ready: false,
    links: states.length === 0 ? [] : [link],
    processes: [],
    step,
  };
}

function view(isTerminal: boolean): { view: LiveView; take: () => string; pass: (ms: number) => void } {
  let out = '';
  let now = 0;
  const screen = { write: (text: string) => void (out += text), isTerminal, size: () => ({ columns: 80, rows: 24 }) };
  const take = (): string => {
    const text = out;
    out = '';
    return text;
  };
  return { view: new LiveView(screen, () => now), take, pass: (ms) => void (now += ms) };
}

test('a terminal is drawn over in place, and whole lines go above what is drawn', () => {
  const { view: live, take } = view(true);
  live.show(status(['Waiting', 'Waiting']));
  expect(take().split('\n')).toHaveLength(5);
  live.show(status(['Replicating', 'Replicating']));
  const again = take();
  expect(again.startsWith('\u001B[4A\rtable')).toBe(true);
  expect(again.endsWith('\n\u001B[J')).toBe(true);
  expect(again).toContain('Replicating');
  const lines: string[] = [];
  live.say('ready {}', (line) => lines.push(line));
  expect(lines).toEqual(['ready {}\n']);
  expect(take().startsWith('\u001B[4A\r\u001B[J')).toBe(true);
  live.end();
  live.say('stopped');
  expect(take()).toBe('stopped\n');
});

test('a file gets a line when a step or a state changes, and else every ten seconds', () => {
  const { view: live, take, pass } = view(false);
  live.show(status([], 'starting PostgreSQL'));
  live.show(status([], 'starting PostgreSQL'));
  expect(take()).toBe('starting PostgreSQL\n');
  live.show(status(['Waiting']));
  expect(take()).toMatch(/^shop: 0\/1 tables/);
  pass(5_000);
  live.show(status(['Waiting']));
  expect(take()).toBe('');
  live.show(status(['Replicating']));
  expect(take()).toMatch(/^shop: 1\/1 tables/);
  const processes = [{ name: 'pool', running: false, trouble: { code: 'PoolFull', message: 'Full.', remedy: 'Free space.' } }];
  live.show({ ...status(['Replicating']), processes });
  live.show({ ...status(['Replicating']), processes });
  expect(take()).toBe('pool failed: PoolFull: Full. Free space.\n');
  pass(10_000);
  live.show(status(['Replicating']));
  expect(take()).toMatch(/^shop: 1\/1 tables/);
});
