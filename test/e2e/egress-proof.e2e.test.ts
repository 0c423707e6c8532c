import { spawnSync } from 'node:child_process';
import { readFileSync, readlinkSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { failedOf } from '#runtime/sandbox/network.ts';
import { startPostgres, type TestPostgres } from '../servers/postgres.ts';
import { connectTo } from './bank.ts';
import { ControlPlane } from './control-plane.ts';
import { makeLink, untilEqual } from './link-ground.ts';
import { descendants, until } from './program.ts';

let database: TestPostgres;
let plane: ControlPlane;
beforeAll(async () => {
  database = await startPostgres();
  plane = await ControlPlane.start();
});
afterAll(async () => {
  await plane[Symbol.asyncDispose]();
  plane.forget();
  await database[Symbol.asyncDispose]();
});

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
  return descendants(plane.program.pid).find((pid) => networkOf(pid) === network && fileOf(pid, 'cmdline') === 'cat\0')!;
}

function nft(holder: number, args: readonly string[], input = ''): string {
  const enter = ['--preserve-credentials', '--user', '--net', '--target', String(holder), '--'];
  const { status, stdout, stderr } = spawnSync('/usr/bin/nsenter', [...enter, '/usr/sbin/nft', ...args], { input, encoding: 'utf8' });
  if (status !== 0) throw new Error(`nft: ${stderr}`);
  return stdout;
}

interface Counted {
  readonly packets: number;
}

/** Counts every packet that leaves a socket of the network: those of the endpoint, and any other. */
function countPackets(holder: number, port: number): () => Readonly<Record<'endpoint' | 'elsewhere', number>> {
  const rules = `table inet proof {
    counter endpoint { }
    counter elsewhere { }
    chain out {
      type filter hook output priority 0; policy accept;
      ip daddr 100.64.0.0/10 tcp dport ${port} counter name endpoint accept
      ip saddr 100.64.0.0/10 tcp sport ${port} counter name endpoint accept
      counter name elsewhere
    }
  }`;
  nft(holder, ['-f', '-'], rules);
  return () => {
    const listed = JSON.parse(nft(holder, ['-j', 'list', 'counters'])) as { nftables: { counter?: Counted & { name: string } }[] };
    const packetsOf = (name: string): number => listed.nftables.find(({ counter }) => counter?.name === name)!.counter!.packets;
    return { endpoint: packetsOf('endpoint'), elsewhere: packetsOf('elsewhere') };
  };
}

test(
  'over the whole life of a link its workers send not one packet but to the approved endpoint, by the counters of their own networks',
  { timeout: 180_000 },
  async () => {
    await using source = await connectTo(database.url());
    await source.query(`
      CREATE TABLE public.items (id int PRIMARY KEY, said text);
      INSERT INTO public.items SELECT g, repeat('x', 200) FROM generate_series(1, 20000) g`);
    // Counters of the kernel, from the birth of each network that was seen: interfaces, and tries that found nobody.
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
    try {
      const link = await makeLink(plane, { workspace: 'ws-proof', database, tables: ['items'] });
      // The one that follows: what checks the source beforehand is a worker too.
      const worker = await until('its worker', async () => (await link.status()).isthmus.pid);
      const packets = countPackets(holderOf(worker), 5432);
      await untilEqual(source, link.poolFile, 'public.items');
      await source.query(`UPDATE public.items SET said = 'changed' WHERE id % 3 = 0`);
      await source.query(`ALTER TABLE public.items ADD COLUMN more int DEFAULT 7; INSERT INTO public.items VALUES (70000, 'late', 8)`);
      await untilEqual(source, link.poolFile, 'public.items');
      // Its connections are cut at the source: the same worker connects anew.
      await source.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND application_name LIKE 'isthmus%'`,
      );
      await source.query(`DELETE FROM public.items WHERE id < 100`);
      await untilEqual(source, link.poolFile, 'public.items');
      expect((await link.status()).isthmus.pid).toBe(worker);
      const counted = packets();
      expect(counted.endpoint).toBeGreaterThan(100);
      expect(counted.elsewhere).toBe(0);
      // Interactive work has workers and networks of its own.
      const base = '/synapse/ws-proof';
      const runtime = `${link.ground.workspace}/integrationRuntimes/AutoResolveIntegrationRuntime`;
      expect((await plane.ask({ method: 'POST', path: `${runtime}/enableInteractiveQuery`, body: {} })).status).toBeLessThan(300);
      const tested = await plane.ask({ method: 'POST', path: `${base}/testConnectivity`, body: { linkedService: { name: 'shop' } } });
      expect(tested.json).toMatchObject({ succeeded: true });
      await link.ask('stop');
      await link.untilStatus('Stopped');
    } finally {
      clearInterval(look);
    }
    expect([...interfaces]).toEqual(['lo']);
    expect(failed.size).toBeGreaterThan(1);
    expect([...failed.values()].every((count) => count === 0)).toBe(true);
  },
);
