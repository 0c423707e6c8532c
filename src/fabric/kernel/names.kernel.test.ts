import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { must } from '#base/fault.ts';
import { workerNetwork, type WorkerNetwork } from '#test/fabric/worker-network.ts';
import { soon, stage, type Stage } from '../engine-stage.contract.ts';
import type { AttachedNetwork } from '../engine.ts';
import { outwardAddress } from '../sample-hosts.contract.ts';
import { openKernelEngine } from './engine.ts';
import { hubPlace } from './hub-place.ts';

interface Exposed extends AsyncDisposable {
  readonly on: Stage;
  readonly inHub: (...command: readonly string[]) => string;
  worker(segment: string, asker: string): Promise<Worker>;
}

interface Worker {
  readonly network: WorkerNetwork;
  readonly attached: AttachedNetwork;
  /** Asks for a name's address; answers that, or the code of why there is none. */
  ask(name: string, from?: string): Promise<string>;
}

/** An engine with its hub in sight, the sample's plan in force, and workers that ask for names. */
async function exposed(): Promise<Exposed> {
  const label = randomBytes(4).toString('hex');
  const on = await stage((more) => openKernelEngine({ label, limits: { tickMs: more.tickMs ?? 50 } }), { at: outwardAddress() });
  await on.apply();
  const all = new AsyncDisposableStack();
  all.use(on);
  return {
    on,
    inHub: (...command) => execFileSync('/usr/bin/nsenter', [`--net=${hubPlace({ label }).path}`, '--', ...command], { encoding: 'utf8' }),
    worker: async (segment, asker) => {
      const network = all.use(await workerNetwork());
      const attached = await must(on.engine.attach, 'an engine that attaches').call(on.engine, { segment, pid: network.pid, asker });
      const ask = async (name: string, from = attached.address): Promise<string> => {
        const out = await network.run(process.execPath, '--input-type=module', '-e', script(attached.resolver), name, from);
        return out.trim();
      };
      return { network, attached, ask };
    },
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}

const script = (server: string): string => `
  import { Resolver } from 'node:dns/promises';
  const [name, from] = process.argv.slice(1);
  const resolver = new Resolver({ timeout: 500, tries: 1 });
  resolver.setServers(['${server}']);
  resolver.setLocalAddress(from);
  console.log(await resolver.resolve4(name).then(String, (error) => error.code));`;

/** Asks for one name again and again, each time from another port, as fast as it can. */
const flood = (server: string): string => `
  import { createSocket } from 'node:dgram';
  import { once } from 'node:events';
  const packet = Buffer.from('0007010000010000000000000561736b6564076578616d706c650000010001', 'hex');
  for (let at = 0; at < 40; at += 1) {
    const socket = createSocket('udp4');
    socket.bind();
    await once(socket, 'listening');
    await Promise.all(Array.from({ length: 50 }, () => new Promise((sent) => socket.send(packet, 53, '${server}', sent))));
    socket.close();
  }`;

function packets(on: Exposed, counter: string): number {
  const said = on.inHub('/usr/sbin/nft', 'list', 'counter', 'inet', 'isthmus', counter);
  return Number(/packets (\d+)/.exec(said)?.[1]);
}

test('a joined network knows the names of its segment, also of what waits for approval, and those of no other', async () => {
  await using all = await exposed();
  const { on } = all;
  const [one, other] = [await all.worker(on.sample.segment, 'a job'), await all.worker(on.sample.other, 'another')];
  expect(await one.ask(on.sample.name)).toBe(on.sample.address);
  expect(await other.ask(on.sample.name)).toBe('ENOTFOUND');
  expect(await one.ask('www.example.com')).toBe('ENOTFOUND');
  await on.apply({ endpoint: { state: 'Pending', address: '10.0.1.6' } });
  expect(await one.ask(on.sample.name)).toBe('10.0.1.6');
  expect(await one.network.refusal('10.0.1.6', on.sample.port)).toBe('ECONNREFUSED');
  const told = () => on.events.filter((event) => event.kind === 'refused' && event.port === 53);
  await expect.poll(() => told().length, soon).toBe(2);
  expect(told()).toMatchObject([
    { segment: on.sample.other, host: on.sample.name, asker: 'another', code: 'NameNotFound', rule: on.sample.name },
    { segment: on.sample.segment, host: 'www.example.com', asker: 'a job', code: 'NameNotFound', rule: 'www.example.com' },
  ]);
  const counted = on.engine.counters().filter(({ of }) => of === 'asker');
  expect(counted.find(({ id }) => id === `${on.sample.other}#another`)?.refused).toBe(1);
});

test('whoever asks by the address of another hears nothing', async () => {
  await using all = await exposed();
  const { on } = all;
  const [one, other] = [await all.worker(on.sample.segment, 'a job'), await all.worker(on.sample.other, 'another')];
  await other.network.run('/sbin/ip', 'address', 'add', `${one.attached.address}/32`, 'dev', 'lo');
  expect(await other.ask(on.sample.name, one.attached.address)).toBe('ETIMEOUT');
  expect(packets(all, 'spoofed')).toBeGreaterThan(0);
  // The host has no way there either.
  expect(all.inHub('/sbin/ip', 'route', 'get', '168.63.129.16')).toContain('local');
});

test('whoever asks without end is heard so often only, takes nothing of what others have, and fills no table', async () => {
  await using all = await exposed();
  const { on } = all;
  const [busy, other] = [await all.worker(on.sample.segment, 'busy'), await all.worker(on.sample.segment, 'other')];
  await busy.network.run(process.execPath, '--input-type=module', '-e', flood(busy.attached.resolver));
  expect(await other.ask(on.sample.name)).toBe(on.sample.address);
  const tooOften = packets(all, 'asks_too_often');
  expect(tooOften).toBeGreaterThan(100);
  const refused = (): number =>
    on.engine.counters().find(({ of, id }) => of === 'asker' && id === `${on.sample.segment}#busy`)?.refused ?? 0;
  await expect.poll(refused, soon).toBeGreaterThan(50);
  expect(refused()).toBeLessThanOrEqual(2_000 - tooOften);
  expect(on.events.filter((event) => event.kind === 'refused').map(({ host }) => host)).toContain('asked.example');
  expect(all.inHub('/bin/cat', '/proc/net/nf_conntrack')).not.toContain('dport=53 ');
});
