import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { frontScene, password, user } from './front-scene.contract.ts';
import type { FrontEncryption } from './front-options.ts';
import type { Peer } from './conversation-terms.ts';

/** FreeTDS, which knows nothing of our codec, before the front. */
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'isthmus-test-tds-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function tsql(port: number, encryption: string, version: string): Promise<string> {
  const config = join(folder, `${port}.conf`);
  writeFileSync(config, `[front]\nhost = 127.0.0.1\nport = ${port}\ntds version = ${version}\nencryption = ${encryption}\n`);
  return new Promise((resolve) => {
    const child = execFile(
      '/usr/bin/tsql',
      ['-S', 'front', '-U', user, '-P', password, '-D', 'pool1', '-o', 'q'],
      { timeout: 20_000, env: { FREETDSCONF: config, PATH: '/usr/bin:/bin', LC_ALL: 'C.UTF-8' } },
      (_error, stdout, stderr) => resolve(stdout + stderr),
    );
    child.stdin?.end('count 3\ngo\nexit\n');
  });
}

test.for<[client: string, server: FrontEncryption, encrypted: Peer['encrypted']]>([
  ['off', 'off', 'nothing'],
  ['request', 'off', 'nothing'],
  ['off', 'support', 'nothing'],
  ['request', 'support', 'login'],
  ['require', 'support', 'all'],
  ['request', 'require', 'all'],
  ['require', 'require', 'all'],
])('tsql that says encryption=%s before a front that says %s: %s is encrypted', async ([client, server, encrypted]) => {
  await using scene = await frontScene({ encryption: server });
  expect((await tsql(scene.front.port, client, '7.4')).split('\n')).toEqual(expect.arrayContaining(['n', '0', '1', '2']));
  expect(scene.parrots[0]!.terms).toMatchObject({ tds: '7.4', peer: { encrypted } });
});
