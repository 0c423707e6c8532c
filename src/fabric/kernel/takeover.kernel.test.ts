import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { ask, over, soon } from '../engine-stage.contract.ts';
import type { FabricEngine } from '../engine.ts';
import type { FabricPlan } from '../plan.ts';
import { call, outwardAddress, sampleHost, type SampleHost, type SamplePeer } from '../sample-hosts.contract.ts';
import { SamplePlan, type Sample } from '../sample-plan.contract.ts';
import { openKernelEngine } from './engine.ts';
import { hubPlace } from './hub-place.ts';
import { removeHub } from './hub.ts';

/** A hub that one engine after the other has, as when the control plane is killed and started anew; a database, and another one. */
class Succession implements AsyncDisposable {
  readonly label: string = randomBytes(4).toString('hex');
  readonly host: SampleHost;
  readonly other: SampleHost;
  readonly sample: SamplePlan;
  #engine: FabricEngine | undefined;

  private constructor(host: SampleHost, other: SampleHost) {
    this.host = host;
    this.other = other;
    this.sample = new SamplePlan({ host: host.host, port: host.port });
  }

  static async begin(): Promise<Succession> {
    const all = new Succession(await sampleHost(undefined, outwardAddress()), await sampleHost(undefined, outwardAddress()));
    await all.next();
    return all;
  }

  get engine(): FabricEngine {
    if (this.#engine === undefined) throw new Error('no engine is open');
    return this.#engine;
  }

  /** The engine goes and leaves all as it is. */
  async leave(): Promise<void> {
    await this.#engine?.[Symbol.asyncDispose]();
    this.#engine = undefined;
  }

  async next(): Promise<void> {
    await this.leave();
    this.#engine = await openKernelEngine({ label: this.label, keeps: true, limits: { tickMs: 50 } });
  }

  apply(sample: Sample = {}): Promise<void> {
    return this.engine.apply(this.sample.plan(sample));
  }

  call(): SamplePeer {
    return call(this.engine.listening(this.sample.endpoint, this.sample.port));
  }

  inHub(...command: readonly string[]): string {
    return execFileSync('/usr/bin/nsenter', [`--net=${hubPlace({ label: this.label }).path}`, '--', ...command], { encoding: 'utf8' });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.leave();
    await removeHub({ label: this.label });
    await this.host[Symbol.asyncDispose]();
    await this.other[Symbol.asyncDispose]();
  }
}

const nft = '/usr/sbin/nft';

test('who takes over leaves connections alone that the plan allows, and knows them', async () => {
  await using all = await Succession.begin();
  await all.apply();
  const peer = all.call();
  await ask(peer, 'hello');
  await all.next();
  await ask(peer, 'before any plan');
  await all.apply();
  await ask(peer, 'and after');
  expect(all.engine.sessions(all.sample.endpoint)).toHaveLength(1);
  peer.stream.destroy();
});

test.each<readonly [what: string, of: (all: Succession) => FabricPlan]>([
  ['an endpoint that is not approved any more', ({ sample }) => sample.plan({ endpoint: { state: 'Rejected' } })],
  ['an endpoint that leads to another database', ({ sample, other }) => sample.plan({ target: { host: other.host, port: other.port } })],
  ['another endpoint with the number that it had', ({ sample }) => numbersSwapped(sample)],
])('who takes over ends what the plan does not allow: %s', async (_, planOf) => {
  await using all = await Succession.begin();
  await all.engine.apply(numbered(all.sample));
  const peer = all.call();
  await ask(peer, 'hello');
  await all.next();
  await all.engine.apply(planOf(all));
  await over(peer, 'reset');
  await over(all.host.peers[0], 'reset');
  expect(all.host.peers.map((one) => one.text())).toEqual(['hello']);
});

/** With an endpoint beside it that leads to the same service. */
function numbered(sample: SamplePlan, [mine, its]: readonly [number, number] = [17, 18]): FabricPlan {
  const plan = sample.plan();
  return {
    ...plan,
    endpoints: [sample.endpointOf({ linkId: mine }), sample.endpointOf({ id: `${sample.endpoint}-b`, address: '10.0.1.6', linkId: its })],
  };
}

/** The other one has its number now, and this one is pending. */
function numbersSwapped(sample: SamplePlan): FabricPlan {
  const { endpoints, ...plan } = numbered(sample, [18, 17]);
  return { ...plan, endpoints: endpoints.map((one) => (one.id === sample.endpoint ? { ...one, state: 'Pending' } : one)) };
}

test('rules that are taken away while nobody is there cost no connection', async () => {
  await using all = await Succession.begin();
  await all.apply();
  const peer = all.call();
  await ask(peer, 'hello');
  await all.leave();
  all.inHub(nft, 'flush', 'ruleset');
  await all.next();
  // With rules but without the plan's rows it would be answered with a reset.
  peer.stream.write(' nobody hears this yet');
  await all.apply();
  await expect.poll(() => peer.text(), soon).toBe('hello nobody hears this yet');
  await ask(peer, 'on');
  expect(peer.over).toBeUndefined();
  peer.stream.destroy();
});

test('a plan comes into force though somebody has flushed the rules a moment before', async () => {
  await using all = await Succession.begin();
  await all.apply();
  const peer = all.call();
  await ask(peer, 'hello');
  all.inHub(nft, 'flush', 'ruleset');
  await all.apply({ endpoint: { names: [] }, backends: [{}] });
  await ask(all.call(), 'a new one');
  all.inHub(nft, 'flush', 'ruleset');
  await all.apply({ endpoint: { state: 'Rejected' } });
  await over(peer, 'reset');
  expect(all.host.peers.map((one) => one.text())).toEqual(['hello', 'a new one']);
});

test('a connection that is not open yet does not get where the plan before led', async () => {
  await using all = await Succession.begin();
  await all.apply();
  // What the database answers is held back.
  all.inHub(
    nft,
    `table ip hold { chain c { type filter hook prerouting priority -500; ip saddr ${all.host.host} tcp flags & syn == syn drop; }; }`,
  );
  const peer = all.call();
  await expect
    .poll(() => all.inHub('/usr/sbin/conntrack', '-L', '-p', 'tcp', '--state', 'SYN_SENT'), soon)
    .toContain(`dport=${all.sample.port}`);
  await all.apply({ target: { host: all.other.host, port: all.other.port } });
  all.inHub(nft, 'delete', 'table', 'ip', 'hold');
  await over(peer, 'reset');
  expect(all.host.peers).toEqual([]);
  await ask(all.call(), 'to the other');
  expect(all.other.peers.map((one) => one.text())).toEqual(['to the other']);
});

test('of an idle time that is another nothing is left', async () => {
  await using all = await Succession.begin();
  await all.apply({ rule: { idleMs: 60_000 } });
  await all.next();
  await all.apply({ rule: { idleMs: 900_000 } });
  const peer = all.call();
  await ask(peer, 'hello');
  const [, left] = /tcp +6 (\d+) ESTABLISHED/.exec(all.inHub('/usr/sbin/conntrack', '-L', '-p', 'tcp')) ?? [];
  expect(Number(left)).toBeGreaterThan(800);
  peer.stream.destroy();
});

test.each(['client', 'database'])(
  'both ends are told what the kernel cuts while nobody is there, when they send: the %s first',
  async (first) => {
    await using all = await Succession.begin();
    await all.apply();
    const peer = all.call();
    await ask(peer, 'hello');
    const endsMs = Date.now() + 1_500;
    await all.apply({ endpoint: { expiresAtMs: endsMs } });
    await all.leave();
    // The kernel counts from the moment at which it was told: so long after the engine looked at the clock.
    await expect.poll(() => Date.now(), soon).toBeGreaterThan(endsMs + 500);
    const ends = [peer, all.host.peers[0]];
    for (const end of first === 'client' ? ends : ends.toReversed()) {
      end?.stream.write(' nobody hears this');
      await over(end, 'reset');
    }
    expect([peer, ...all.host.peers].map((one) => one.text())).toEqual(['hello', 'hello']);
  },
);
