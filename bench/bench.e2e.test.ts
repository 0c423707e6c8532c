import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const program = join(import.meta.dirname, 'run.ts');

/** Small amounts: whether the benchmarks run and find the copies equal, not how fast anything is. */
test('benchmarks run, verify what they copied, and print one line each', () => {
  const names = ['snapshot-accounts', 'changes-drain', 'latency'];
  const done = spawnSync(process.execPath, [program, ...names, '--scale', '0.002', '--rounds', '1'], { encoding: 'utf8' });
  expect(done.stderr).not.toContain('error');
  expect(done.status).toBe(0);
  const lines: unknown[] = done.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  const compared = {
    ours: expect.any(Number),
    reference: expect.any(Number),
    ratio: expect.any(Number),
    unit: 's',
    runs: [[expect.any(Number), expect.any(Number)]],
  };
  expect(lines).toMatchObject([
    { name: 'snapshot-accounts', ...compared },
    { name: 'changes-drain', ...compared },
    { name: 'latency', ours: expect.any(Number), reference: null, ratio: null, unit: 'ms', runs: [expect.any(Number)] },
  ]);
}, 240_000);

test('a name that is none is refused with those there are', () => {
  const done = spawnSync(process.execPath, [program, 'snapshot'], { encoding: 'utf8' });
  expect(done.status).toBe(2);
  expect(done.stderr).toMatch(/^error BadUse: there is no benchmark snapshot\.\nremedy: one of snapshot-wide, /);
});
