import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeAuthority } from '#replication/sources/postgres/test-certificates.ts';
import { sqlServerRightsQuestion } from '#runtime/jobs/sqlserver-rights.ts';
import { readerPassword as password, startReaderScene } from './reader-scene.ts';
import type { SqlServerDoubleOptions } from './server.ts';

/**
 * FreeTDS's tsql logs in to the double. It knows nothing of our codec: that it does shows that the bytes of the server's side are right, and with
 * them what the tests of *Test connection* read.
 */
const certificate = makeAuthority('TDS test authority').issue({ commonName: 'localhost', dnsNames: ['localhost'] });

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'isthmus-test-tds-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Said {
  readonly text: string;
  readonly exit: number | null;
}

function tsql(port: number, encryption: string, { user = 'reader', input = 'exit\n' } = {}): Promise<Said> {
  const config = join(folder, `${port}.conf`);
  writeFileSync(config, `[double]\nhost = 127.0.0.1\nport = ${port}\ntds version = 7.4\nencryption = ${encryption}\n`);
  return new Promise((resolve) => {
    const child = execFile(
      '/usr/bin/tsql',
      ['-S', 'double', '-U', user, '-P', password, '-D', 'shop', '-o', 'q'],
      { timeout: 20_000, env: { FREETDSCONF: config, PATH: '/usr/bin:/bin', LC_ALL: 'C.UTF-8' } },
      (error, stdout, stderr) => resolve({ text: stdout + stderr, exit: error === null ? 0 : (child.exitCode ?? -1) }),
    );
    child.stdin?.end(input);
  });
}

const question = `${sqlServerRightsQuestion}\ngo\nexit\n`;

test.for<[encryption: string, server: SqlServerDoubleOptions['encryption']]>([
  ['off', 'off'],
  ['request', 'support'],
  ['request', 'require'],
  ['require', 'support'],
  ['require', 'require'],
])('tsql that says encryption=%s logs in to a server that says %s, and reads the answer', async ([encryption, server]) => {
  await using double = await startReaderScene({ certificate, encryption: server! });
  const said = await tsql(double.port, encryption, { input: question });
  expect(said.text).toContain('owner_role\tcontrol_right\tstate_right\tdefinition_right\ttables_seen\ttables_read\ttables_tracked');
  expect(said.text).toContain('0\t0\t1\t0\t4\t3\t2');
  expect(double.loginsSeen.map(({ userName, password: sent, database }) => [userName, sent, database])).toEqual([
    ['reader', password, 'shop'],
  ]);
});

test('tsql reads why it is not let in', async () => {
  await using double = await startReaderScene({ certificate });
  const said = await tsql(double.port, 'request', { user: 'nobody' });
  expect(said.text).toContain('Msg 18456 (severity 14, state 5)');
  expect(said.text).toContain("Login failed for user 'nobody'.");
});

// Where all is encrypted FreeTDS 1.3 speaks on to the second server under the TLS of the first, and fails with any.
test('tsql goes where it is sent on to', async () => {
  await using node = await startReaderScene({ certificate });
  await using gateway = await startReaderScene({ certificate });
  gateway.route = { host: '127.0.0.1', port: node.port };
  expect((await tsql(gateway.port, 'request', { input: question })).text).toContain('0\t0\t1\t0\t4\t3\t2');
  expect([gateway.loginsSeen.length, node.loginsSeen.length]).toEqual([1, 1]);
});
