import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { sampleHost } from '../sample-hosts.contract.ts';
import { soon, stage } from '../engine-stage.contract.ts';
import { openUserspaceEngine } from './engine.ts';

/** HAProxy that takes our header and says what it read in version 1 of the protocol, which is text. */
async function acceptProxy(to: { readonly host: string; readonly port: number }): Promise<{ readonly port: number } & AsyncDisposable> {
  const folder = mkdtempSync(join(tmpdir(), 'isthmus-haproxy-'));
  const free = await sampleHost();
  await free[Symbol.asyncDispose]();
  const lines = ['defaults', ' mode tcp', ' timeout connect 5s', ' timeout client 1m', ' timeout server 1m', 'listen l'];
  const rules = [` bind 127.0.0.1:${free.port} accept-proxy`, ` server s ${to.host}:${to.port} send-proxy`, ''];
  writeFileSync(join(folder, 'haproxy.cfg'), [...lines, ...rules].join('\n'));
  const child = spawn('/usr/sbin/haproxy', ['-db', '-f', join(folder, 'haproxy.cfg')], { stdio: 'ignore' });
  return {
    port: free.port,
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGKILL');
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

test('HAProxy reads our PROXY header, passes over the link id, and sees who connected to which endpoint', async () => {
  await using database = await sampleHost(() => undefined);
  await using haproxy = await acceptProxy(database);
  await using on = await stage(() => openUserspaceEngine());
  const target = { host: '127.0.0.1', port: haproxy.port };
  // The database's own probe says when HAProxy is there.
  await on.apply({
    target,
    service: { proxyProtocol: true },
    probe: { protocol: 'tcp', port: on.sample.port, intervalMs: 50, threshold: 1 },
  });
  await expect.poll(() => on.engine.health(on.sample.probe, on.sample.backends[0]).state, soon).toBe('up');
  const peer = on.call();
  peer.stream.write('hello');
  const texts = (): string[] => database.peers.map((one) => one.text()).filter((text) => text.endsWith('hello'));
  await expect.poll(texts, soon).toHaveLength(1);
  expect(texts()[0]).toMatch(/^PROXY TCP4 127\.\d+\.\d+\.\d+ 10\.0\.1\.5 \d+ 14330\r\nhello$/);
  peer.stream.destroy();
});
