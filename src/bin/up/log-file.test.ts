import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { secret } from '#base/secret.ts';
import { openLogFile } from './log-file.ts';

test('lines are there at once, without secrets; a log that has grown is put aside', () => {
  const folder = mkdtempSync(join(tmpdir(), 'isthmus-log-'));
  try {
    const path = join(folder, 'logs/up.log');
    {
      using file = openLogFile(path);
      file.log.info({ password: 'p1', access: secret('p2'), url: 'postgres://a:p3@b/c' }, 'started');
      expect(readFileSync(path, 'utf8')).toContain('"msg":"started"');
      expect(readFileSync(path, 'utf8')).not.toMatch(/p[123]/);
      expect(statSync(path).mode & 0o777).toBe(0o600);
    }
    writeFileSync(path, 'x'.repeat(17 * 1024 * 1024));
    using file = openLogFile(path);
    file.log.info({}, 'goes on');
    expect(statSync(`${path}.1`).size).toBeGreaterThan(16 * 1024 * 1024);
    expect(readFileSync(path, 'utf8')).toContain('goes on');
  } finally {
    rmSync(folder, { recursive: true });
  }
});
