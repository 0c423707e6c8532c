import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '../..');

/** What `isthmus up` says where namespaces are forbidden, until it is ready. */
async function said(options: readonly string[]): Promise<string> {
  const data = mkdtempSync(join(tmpdir(), 'isthmus-unisolated-'));
  const up = [process.execPath, 'src/bin/cli.ts', 'up', '--data', data, '--port', '0', '--metrics-port', '0', ...options];
  const forbidden = 'echo 0 > /proc/sys/user/max_user_namespaces && exec "$@"';
  const child = spawn('unshare', ['-Ur', 'sh', '-c', forbidden, 'sh', ...up], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (bytes: Buffer) => (text += bytes.toString('utf8')));
  try {
    await expect.poll(() => text, { timeout: 50_000, interval: 20 }).toContain('ready {');
    return text;
  } finally {
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    await ended;
    rmSync(data, { recursive: true, force: true });
  }
}

test('where nothing isolates workers, whoever allows that is told that they are not, and why', async () => {
  const text = await said(['--allow-unisolated']);
  expect(text).toContain('warning NotIsolated: Workers run as ordinary processes here');
  expect(text).toContain('sysctl user.max_user_namespaces');
});

test('whoever does not allow it is not warned of what does not happen', async () => {
  expect(await said([])).not.toContain('NotIsolated');
});
