import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { PoolPorts } from './pool-ports.ts';

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'isthmus-ports-'));
  path = join(folder, 'control', 'ports.json');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function listening(port: number): Promise<Server> {
  const server = createServer();
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

/** Free, as are those after it, most likely. */
async function somePort(): Promise<number> {
  const server = await listening(0);
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

test('each pool keeps its port, also for those who come after a restart', async () => {
  const first = await somePort();
  const ports = new PoolPorts(path, first);
  const both = await Promise.all(['/pools/a', '/pools/b'].map((pool) => ports.of(pool)));
  expect(both[0]).toBeGreaterThanOrEqual(first);
  expect(both[1]).toBeGreaterThan(both[0]!);
  const again = new PoolPorts(path, 1);
  expect(await Promise.all(['/pools/b', '/pools/a'].map((pool) => again.of(pool)))).toEqual(both.toReversed());
});

test('a port that another program has taken is not waited for, and that of a pool that is gone is free', async () => {
  const ports = new PoolPorts(path, await somePort());
  const before = await ports.of('/pools/a');
  const other = await listening(before);
  const after = await ports.of('/pools/a');
  expect(after).toBeGreaterThan(before);
  other.close();
  await once(other, 'close');
  ports.forget('/pools/a');
  expect(await ports.of('/pools/b')).toBe(before);
});

test('any free ones', async () => {
  const ports = new PoolPorts(path, 0);
  const port = await ports.of('/pools/a');
  expect(port).toBeGreaterThan(0);
  expect(await ports.of('/pools/a')).toBe(port);
});

test('a file that says something else is no reason to guess', () => {
  const broken = join(folder, 'ports.json');
  writeFileSync(broken, '{"a": "b"}');
  expect(() => new PoolPorts(broken, 1)).toThrow(expect.objectContaining({ code: 'SqlPortsBroken' }));
});
