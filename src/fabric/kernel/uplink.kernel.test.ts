import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { expect, test } from 'vitest';
import { soon } from '../engine-stage.contract.ts';
import { call, type SamplePeer } from '../sample-hosts.contract.ts';
import { SamplePlan } from '../sample-plan.contract.ts';
import { openKernelEngine } from './engine.ts';
import type { Uplink } from './uplink.ts';

const ip = (...args: readonly string[]): string => execFileSync('/sbin/ip', args, { encoding: 'utf8' });

/** Says who connects, then gives back what comes. */
const server = `
  const server = require('node:net').createServer((socket) => {
    socket.on('error', () => undefined);
    socket.write(socket.remoteAddress + ':' + socket.remotePort + '\\n');
    socket.pipe(socket);
  });
  server.listen({ host: process.argv[1], port: 1433 }, () => console.log('listens'));
`;

/** A network beside this host: a cable from an interface of its own to a namespace where a database is. */
interface Lan extends AsyncDisposable {
  readonly device: string;
  readonly uplink: Uplink;
  readonly database: { readonly host: string; readonly port: number };
  /** Runs a program at the database's host. Answers what it wrote, however it ended. */
  run(...command: readonly string[]): string;
}

async function openLan(): Promise<Lan> {
  const name = randomBytes(3).toString('hex');
  const net = `10.${200 + (randomBytes(1)[0]! % 50)}.${randomBytes(1)[0]!}`;
  const [device, far, space] = [`lan-${name}`, `far-${name}`, `lan-${name}`];
  ip('netns', 'add', space);
  ip('link', 'add', device, 'type', 'veth', 'peer', 'name', far, 'netns', space);
  ip('link', 'set', device, 'up');
  ip('-n', space, 'address', 'add', `${net}.9/24`, 'dev', far);
  ip('-n', space, 'link', 'set', far, 'up');
  ip('-n', space, 'link', 'set', 'lo', 'up');
  // A host of another network, behind the gateway.
  ip('-n', space, 'address', 'add', '203.0.113.9/32', 'dev', 'lo');
  const children: ChildProcess[] = [];
  for (const address of [`${net}.9`, '203.0.113.9']) {
    const child = spawn('/sbin/ip', ['netns', 'exec', space, process.execPath, '-e', server, address], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    children.push(child);
    await once(createInterface({ input: child.stdout! }), 'line');
  }
  return {
    device,
    uplink: { device, addresses: [`${net}.7/24`, `${net}.8/24`], gateway: `${net}.9` },
    database: { host: `${net}.9`, port: 1433 },
    run: (...command) => {
      try {
        return execFileSync('/sbin/ip', ['netns', 'exec', space, ...command], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
      } catch (error) {
        const { stdout, stderr } = error as { readonly stdout: string; readonly stderr: string };
        return `${stdout}${stderr}`;
      }
    },
    [Symbol.asyncDispose]: async () => {
      for (const child of children) {
        child.kill('SIGKILL');
        await once(child, 'exit');
      }
      ip('link', 'del', device);
      ip('netns', 'del', space);
    },
  };
}

const label = (): string => randomBytes(4).toString('hex');
const seen = async (peer: SamplePeer): Promise<string> => {
  await expect.poll(() => peer.text(), soon).toContain('\n');
  return peer.text().split('\n')[0]!;
};
const unprobed = { rule: { probe: undefined } } as const;

test.for(['in its own network', 'behind the gateway'])(
  'a database beyond this host, %s, is a step away; each backend is told apart, and a revoke cuts',
  async (where) => {
    await using lan = await openLan();
    const target = where === 'behind the gateway' ? { host: '203.0.113.9', port: 1433 } : lan.database;
    const sample = new SamplePlan(target);
    await using engine = await openKernelEngine({ label: label(), uplink: lan.uplink, limits: { tickMs: 50 } });
    await engine.apply(sample.plan(unprobed));
    const peers = Array.from({ length: 12 }, () => call(engine.listening(sample.endpoint, sample.port)));
    const sources = await Promise.all(peers.map(seen));
    const own = lan.uplink.addresses.map((address) => address.split('/')[0]);
    for (const source of sources) expect(own).toContain(source.split(':')[0]);
    const sessions = engine.sessions(sample.endpoint);
    expect(sessions.map((one) => one.target)).toEqual(peers.map(() => target));
    expect([...new Set(sessions.map((one) => one.backend ?? ''))].toSorted((a, b) => (a < b ? -1 : 1))).toEqual([...sample.backends]);
    // Both backends lead to one database: what it sees tells them apart.
    await engine.apply(sample.plan({ ...unprobed, backends: [{}] }));
    const left = sessions.filter((one) => one.backend === sample.backends[0]).length;
    await expect.poll(() => peers.filter(({ over }) => over === undefined).length, soon).toBe(left);
    await engine.apply(sample.plan({ ...unprobed, endpoint: { state: 'Rejected' } }));
    await expect.poll(() => peers.filter(({ over }) => over !== undefined).length, soon).toBe(12);
  },
);

test('nothing comes in by it, and nobody out there is told of the hub behind it', async () => {
  await using lan = await openLan();
  const sample = new SamplePlan(lan.database);
  const name = label();
  await using engine = await openKernelEngine({ label: name, uplink: lan.uplink, limits: { tickMs: 50 } });
  await engine.apply(sample.plan(unprobed));
  await seen(call(engine.listening(sample.endpoint, sample.port)));
  const at = engine.listening(sample.endpoint, sample.port)!;
  const own = lan.uplink.addresses[0]!.split('/')[0]!;
  const knock = (host: string, port: number): string =>
    lan.run(
      process.execPath,
      '-e',
      `const s = require('node:net').connect({ host: '${host}', port: ${port}, timeout: 400 });
       s.on('connect', () => console.log('connected')).on('error', (e) => console.log(e.code)).on('timeout', () => { console.log('silence'); process.exit(); })`,
    );
  expect(knock(own, 22).trim()).toBe('silence');
  expect(knock(own, sample.port).trim()).toBe('silence');
  // As a host of that network would that knows of the range: by the hub's own address there.
  lan.run('/sbin/ip', 'route', 'add', at.host.replace(/\.\d+\.\d+$/, '.0.0/16'), 'via', own);
  lan.run('/sbin/ip', 'route', 'add', `${sample.address}/32`, 'via', own);
  expect(knock(at.host, at.port).trim()).toBe('silence');
  expect(knock(sample.address, sample.port).trim()).toBe('silence');
  const counted = execFileSync(
    '/sbin/ip',
    ['netns', 'exec', `isthmus-${name}`, '/usr/sbin/nft', 'list', 'counter', 'inet', 'isthmus', 'from_outside'],
    { encoding: 'utf8' },
  );
  expect(Number(/packets (\d+)/.exec(counted)?.[1])).toBeGreaterThanOrEqual(4);
});

test('the next engine without it goes by a relay again, and the interface is given back', async () => {
  await using lan = await openLan();
  const sample = new SamplePlan(lan.database);
  ip('address', 'add', lan.uplink.addresses[0]!.replace(/\.7\//, '.2/'), 'dev', lan.device);
  const name = label();
  {
    await using engine = await openKernelEngine({ label: name, uplink: lan.uplink, keeps: true });
    await engine.apply(sample.plan(unprobed));
    await seen(call(engine.listening(sample.endpoint, sample.port)));
  }
  await using engine = await openKernelEngine({ label: name });
  await engine.apply(sample.plan(unprobed));
  const source = await seen(call(engine.listening(sample.endpoint, sample.port)));
  expect(source.split(':')[0]).toBe(lan.database.host.replace(/\.9$/, '.2'));
  expect(ip('-n', `isthmus-${name}`, 'link', 'show')).not.toContain('up1');
});

test('what cannot be is refused by name, and nothing is left', async () => {
  await using lan = await openLan();
  const name = label();
  const refused = async (uplink: Uplink): Promise<unknown> => openKernelEngine({ label: name, uplink }).catch((error: unknown) => error);
  expect(await refused({ ...lan.uplink, device: 'nothing9' })).toMatchObject({
    code: 'NoSuchInterface',
    target: 'nothing9',
    remedy: expect.stringContaining(lan.device),
  });
  expect(await refused({ ...lan.uplink, device: 'lo' })).toMatchObject({ code: 'UplinkImpossible', target: 'lo' });
  ip('address', 'add', lan.uplink.addresses[1]!, 'dev', lan.device);
  expect(await refused(lan.uplink)).toMatchObject({ code: 'AddressInUse', target: lan.uplink.addresses[1]!.split('/')[0] });
  expect(ip('-o', 'link', 'show') + ip('netns')).not.toContain(name);
});
