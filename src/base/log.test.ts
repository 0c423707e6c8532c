import { expect, test } from 'vitest';
import { fault } from './fault.ts';
import { createLog, silentLog, type LogLevel } from './log.ts';
import { secret } from './secret.ts';

function recorded(level: LogLevel = 'debug'): { log: ReturnType<typeof createLog>; lines: Record<string, unknown>[]; text: () => string } {
  const written: string[] = [];
  const lines: Record<string, unknown>[] = [];
  const write = (line: string): void => {
    written.push(line);
    lines.push(JSON.parse(line) as Record<string, unknown>);
  };
  return { log: createLog({ level, write }), lines, text: () => written.join('') };
}

test('a line is JSON with level, time, part, fields and sentence', () => {
  const { log, lines, text } = recorded();
  log.child({ part: 'link' }).info({ table: 'public.orders', rows: 12n }, 'table copied');
  expect(lines).toEqual([
    {
      level: 'info',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      part: 'link',
      table: 'public.orders',
      rows: '12',
      msg: 'table copied',
    },
  ]);
  expect(text().endsWith('\n')).toBe(true);
});

test('lines below the level are not written', () => {
  const { log, lines } = recorded('warn');
  log.info({}, 'quiet');
  log.warn({}, 'loud');
  expect(lines.map((line) => line['msg'])).toEqual(['loud']);
  silentLog.error({}, 'nowhere');
});

test('secrets, fields named like one at any usual depth, and passwords in addresses are masked', () => {
  const { log, text } = recorded();
  const password = 'hunter2';
  log.info({ login: secret(password) }, 'a');
  log.info({ inner: { login: secret(password) } }, 'b');
  log.info({ password }, 'c');
  log.info({ a: { token: password } }, 'd');
  log.info({ a: { b: { connectionString: password } } }, 'e');
  log.info({ a: { b: { c: { secret: password } } } }, 'f');
  log.info({ url: `postgres://shop:${password}@db/x` }, 'g');
  log.child({ password }).info({}, 'h');
  log.info(
    { err: fault('unreachable', 'X', `No connection to postgres://shop:${password}@db/x`, { target: `postgres://shop:${password}@db/x` }) },
    'i',
  );
  log.info({ err: new Error(`postgres://shop:${password}@db/x`) }, 'j');
  expect(text()).not.toContain(password);
  expect(text().match(/"msg"/g)).toHaveLength(10);
});

test('a fault says kind, code, message, target and remedy; of its causes only name and code', () => {
  const { log, lines } = recorded();
  const cause = Object.assign(new Error('duplicate key (id)=(5)'), { code: '23505' });
  log.warn({ err: fault('conflict', 'Taken', 'The slot is taken.', { target: 'slot', remedy: 'Drop it.', cause }) }, 'link waits');
  expect(lines[0]?.['err']).toEqual({
    kind: 'conflict',
    code: 'Taken',
    message: 'The slot is taken.',
    target: 'slot',
    remedy: 'Drop it.',
    causes: ['Error 23505'],
  });
});

test('what is no fault is a bug, with its stack', () => {
  const { log, lines } = recorded();
  log.error({ err: new TypeError('x is not a function') }, 'failed');
  expect(lines[0]?.['err']).toMatchObject({ kind: 'bug', message: 'x is not a function', stack: expect.stringContaining('log.test.ts') });
});

test('a fault that the log of another process told is told on, and no more of it than is known', () => {
  const { log, lines } = recorded();
  const told = {
    kind: 'unreachable',
    code: 'LandingZoneFull',
    message: 'It is full.',
    remedy: 'Free disk space.',
    more: { a: 1 },
    target: 5,
  };
  log.warn({ err: told }, 'link waits');
  expect(lines[0]?.['err']).toEqual({ kind: 'unreachable', code: 'LandingZoneFull', message: 'It is full.', remedy: 'Free disk space.' });
  log.warn({ err: { message: 'of no kind' } }, 'link waits');
  expect(lines[1]?.['err']).toMatchObject({ kind: 'bug' });
});
