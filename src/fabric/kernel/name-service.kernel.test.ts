import { execFile, execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { SamplePlan } from '../sample-plan.contract.ts';
import { compileTables, type Tables } from '../tables.ts';
import { NameService } from './name-service.ts';

const resolver = '168.63.129.16';
const [worker, stranger] = ['198.18.16.1', '198.18.16.2'];
const sample = new SamplePlan({ host: '192.0.2.1', port: 1 });
const ip = (...args: readonly string[]): string => execFileSync('/sbin/ip', args, { encoding: 'utf8' });

interface Scene extends Disposable {
  readonly service: NameService;
  tables: Tables;
  /** Runs a program in the network of a worker, whose resolv.conf names the service. Answers what it said, and how it ended. */
  run(file: string, ...args: readonly string[]): Promise<{ readonly out: string; readonly exit: number }>;
}

/** A network that serves names, and one with two addresses that asks it: from the first as a worker, from the other as nobody. */
async function scene(): Promise<Scene> {
  const label = randomBytes(3).toString('hex');
  const [hub, inside] = [`istt-hub-${label}`, `istt-in-${label}`];
  const folder = mkdtempSync(join(tmpdir(), 'isthmus-names-'));
  writeFileSync(join(folder, 'resolv.conf'), `nameserver ${resolver}\noptions timeout:1 attempts:2\n`);
  writeFileSync(join(folder, 'nsswitch.conf'), 'hosts: files dns\n');
  for (const name of [hub, inside]) ip('netns', 'add', name);
  ip('-n', hub, 'link', 'add', 'w0', 'type', 'veth', 'peer', 'name', 'net0', 'netns', inside);
  const lines = (...all: readonly string[]): string => `${all.join('\n')}\n`;
  const batch = (name: string, text: string): void => void execFileSync('/sbin/ip', ['-n', name, '-batch', '-'], { input: text });
  batch(hub, lines('link set lo up', 'link set w0 up', `address add ${resolver}/32 dev lo`, 'route add 198.18.16.0/24 dev w0'));
  batch(
    inside,
    lines(
      'link set lo up',
      ...[worker, stranger].map((one) => `address add ${one}/32 dev net0`),
      'link set net0 up',
      `route add ${resolver}/32 dev net0 src ${worker}`,
    ),
  );
  const remove = (): void => {
    for (const name of [hub, inside]) ip('netns', 'del', name);
    rmSync(folder, { recursive: true });
  };
  try {
    const made = { tables: compileTables(sample.plan()) };
    const service = await NameService.open({
      enter: { file: '/usr/bin/nsenter', args: [`--net=/run/netns/${hub}`, '--'] },
      address: resolver,
      segmentOf: (address) => (address === worker ? sample.segment : undefined),
      tables: () => made.tables,
      nowMs: () => Date.now(),
    });
    const mounts = ['resolv.conf', 'nsswitch.conf'].map((name) => `mount --bind ${join(folder, name)} /etc/${name}`).join(' && ');
    const run: Scene['run'] = async (...command) => {
      const args = ['netns', 'exec', inside, '/bin/sh', '-c', `${mounts} && exec "$@"`, 'sh', ...command];
      try {
        const { stdout } = await promisify(execFile)('/sbin/ip', args);
        return { out: stdout.trim(), exit: 0 };
      } catch (error) {
        const { stdout, code } = error as { readonly stdout: string; readonly code: number };
        return { out: stdout.trim(), exit: code };
      }
    };
    return Object.assign(made, {
      service,
      run,
      [Symbol.dispose]: () => {
        service[Symbol.dispose]();
        remove();
      },
    });
  } catch (error) {
    remove();
    throw error;
  }
}

/** A script of Node's, which prints what it found. */
const node = (on: Scene, script: string): ReturnType<Scene['run']> => on.run(process.execPath, '--input-type=module', '-e', script);

const ask = (how: string): string => `
  import dns from 'node:dns/promises';
  const said = await ${how}.then((found) => JSON.stringify(found), (error) => error.code);
  console.log(said);`;

test('programs in a joined network know its names, by the library of C, by Node and by c-ares, and no others', async () => {
  using on = await scene();
  expect(await on.run('/usr/bin/getent', 'ahosts', sample.name)).toMatchObject({ exit: 0, out: expect.stringContaining(sample.address) });
  expect(await on.run('/usr/bin/getent', 'hosts', 'www.example.com')).toMatchObject({ exit: 2, out: '' });
  for (const [how, said] of [
    [`dns.lookup('${sample.name}', { all: true })`, `[{"address":"${sample.address}","family":4}]`],
    [`dns.resolve4('${sample.name}')`, `["${sample.address}"]`],
    [`dns.resolve6('${sample.name}')`, 'ENODATA'],
    [`dns.lookup('www.example.com')`, 'ENOTFOUND'],
    [`dns.resolve4('www.example.com')`, 'ENOTFOUND'],
    [`dns.resolveTxt('c2VjcmV0.example.com')`, 'ENOTFOUND'],
  ] as const)
    expect.soft(await node(on, ask(how)), how).toEqual({ out: said, exit: 0 });
  const [unknown, ...others] = on.service.takeUnknown();
  expect(others).toEqual([]);
  expect(unknown?.address).toBe(worker);
  expect(unknown?.names.toSorted()).toEqual(['c2vjcmv0.example.com', 'www.example.com']);
  expect(unknown?.count).toBeGreaterThanOrEqual(4);
  expect(on.service.takeUnknown()).toEqual([]);
});

test('a name follows the plan, and whoever asks from no network of ours is not answered', async () => {
  using on = await scene();
  const lookUp = ask(`dns.resolve4('${sample.name}')`);
  expect((await node(on, lookUp)).out).toBe(`["${sample.address}"]`);
  on.tables = compileTables(sample.plan({ endpoint: { state: 'Pending', address: '10.0.1.6' } }));
  expect((await node(on, lookUp)).out).toBe('["10.0.1.6"]');
  on.tables = compileTables(sample.plan({ endpoint: { names: [] } }));
  expect((await node(on, lookUp)).out).toBe('ENOTFOUND');
  const from = (address: string): string => `
    import { Resolver } from 'node:dns/promises';
    const resolver = new Resolver({ timeout: 300, tries: 1 });
    resolver.setLocalAddress('${address}');
    console.log(await resolver.resolve4('${sample.name}').catch((error) => error.code));`;
  expect((await node(on, from(worker))).out).toBe('ENOTFOUND');
  expect((await node(on, from(stranger))).out).toBe('ETIMEOUT');
  expect(on.service.takeUnknown().map(({ address }) => address)).toEqual([worker]);
});

test('names that are asked for without end are counted, and only some are kept', async () => {
  using on = await scene();
  const script = `
    import dns from 'node:dns/promises';
    const all = Array.from({ length: 100 }, (_, at) => dns.resolve4('n' + at + '.example').catch((error) => error.code));
    console.log(new Set(await Promise.all(all)));`;
  expect((await node(on, script)).out).toBe("Set(1) { 'ENOTFOUND' }");
  const [unknown] = on.service.takeUnknown();
  expect(unknown?.count).toBe(100);
  expect(unknown?.names).toHaveLength(16);
});

test('an address that the network does not have is told as what it is', async () => {
  const opening = NameService.open({
    enter: { file: '/usr/bin/nsenter', args: ['--net=/proc/self/ns/net', '--'] },
    address: '198.18.200.200',
    segmentOf: () => undefined,
    tables: () => compileTables(sample.plan()),
    nowMs: () => Date.now(),
  });
  await expect(opening).rejects.toMatchObject({ code: 'NamesNotServed', message: expect.stringContaining('EADDRNOTAVAIL') });
});
