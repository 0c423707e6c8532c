import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { armFailpoints, failpoint, failpointVariable } from './failpoint.ts';

const file = join(import.meta.dirname, 'failpoint.ts');

function crash(points: string): { status: number | null; signal: string | null; stdout: string; stderr: string } {
  const program = `import { failpoint } from ${JSON.stringify(file)};
    for (let i = 1; i <= 4; i++) { await failpoint('pool.commit.before'); process.stdout.write(i + ' '); }`;
  const env = { ...process.env, [failpointVariable]: points };
  return spawnSync(process.execPath, ['--input-type=module-typescript', '-e', program], { env, encoding: 'utf8' });
}

test('does nothing unless armed', () => {
  expect(failpoint('pool.commit.before')).toBeUndefined();
});

test('the environment arms it: the process ends at the given pass as by kill -9', () => {
  expect(crash('')).toMatchObject({ stdout: '1 2 3 4 ', status: 0 });
  expect(crash('other.point=exit')).toMatchObject({ stdout: '1 2 3 4 ', status: 0 });
  expect(crash('other.point=exit, pool.commit.before=exit:3')).toMatchObject({ stdout: '1 2 ', status: null, signal: 'SIGKILL' });
  expect(crash('pool.commit.before=explode').stderr).toContain('BadFailpoint');
});

test('throws at the given pass, and only then', async () => {
  using _ = armFailpoints('a.b=throw:2');
  await failpoint('a.b');
  await expect(failpoint('a.b')).rejects.toMatchObject({ kind: 'bug', code: 'Failpoint' });
  await failpoint('a.b');
  await failpoint('a.c');
});

test('is disarmed when disposed', () => {
  {
    using _ = armFailpoints('a.b=throw');
    expect(failpoint('x')).toBeInstanceOf(Promise);
  }
  expect(failpoint('a.b')).toBeUndefined();
});

test.each(['a', 'a=', '=exit', 'a=exit:0', 'a=exit:x', 'A=exit', 'a=exit b=exit'])('refuses %s', (text) => {
  expect(() => armFailpoints(text)).toThrow(expect.objectContaining({ kind: 'invalid', code: 'BadFailpoint' }));
});
