import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, chownSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '../../..');
/** Debian's `nobody`. */
const nobody = 65_534;

/** A network with a loopback, and an address that is not for itself alone, as a host has. */
const likeAHost = [
  'ip link set lo up',
  'ip link add out0 type veth peer name out1',
  'ip address add 192.0.2.1/24 dev out0',
  'ip link set out0 up',
  'ip link set out1 up',
].join(' && ');

interface Told {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly success: boolean;
  readonly testResults: readonly { readonly assertionResults: readonly { readonly fullName: string; readonly status: string }[] }[];
}

/**
 * Runs tests as an ordinary user who has made a user, a network and a mount namespace (`unshare -Urnm`), and answers what they told. Root's checkout
 * is bound to a place that this user may read.
 */
async function asOrdinaryUser(...files: readonly string[]): Promise<Told> {
  const isRoot = process.getuid?.() === 0;
  const home = mkdtempSync(join(tmpdir(), 'isthmus-rootless-'));
  const [checkout, own] = [join(home, 'checkout'), join(home, 'own')];
  for (const folder of [checkout, own]) mkdirSync(folder);
  const report = join(own, 'report.json');
  const node = process.execPath.startsWith(`${root}/`) ? join(checkout, relative(root, process.execPath)) : process.execPath;
  const runs = [node, join(checkout, 'node_modules/vitest/vitest.mjs'), 'run', '--configLoader', 'native', '--cache=false'];
  const asks = ['--project', 'kernel', '--reporter=json', `--outputFile=${report}`, ...files];
  const drop = isRoot ? ['/usr/bin/setpriv', `--reuid=${nobody}`, `--regid=${nobody}`, '--clear-groups'] : [];
  const become = [...drop, '/usr/bin/unshare', '-Urnm', '/bin/sh', '-c', `${likeAHost} && exec "$@"`, 'sh', ...runs, ...asks];
  if (isRoot) for (const folder of [home, own]) chownSync(folder, nobody, nobody);
  const bind = isRoot ? 'mount --bind "$1" "$2"' : 'rmdir "$2" && ln -s "$1" "$2"';
  try {
    const args = ['-c', `${bind} && cd "$2" && shift 2 && exec "$@"`, 'sh', root, checkout, ...become];
    const env = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', HOME: own, TMPDIR: own };
    const [file, before] = isRoot ? ['/usr/bin/unshare', ['-m', '/bin/sh']] : ['/bin/sh', []];
    // What fails is in the report.
    const said = await promisify(execFile)(file, [...before, ...args], { env, maxBuffer: 1e8 }).catch(
      (error: { stderr?: string }) => error,
    );
    try {
      return JSON.parse(readFileSync(report, 'utf8')) as Told;
    } catch (cause) {
      throw new Error(`No tests ran: ${said.stderr ?? ''}`, { cause });
    }
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

test.for([
  ['engine', 80],
  ['attach', 8],
  ['drift', 3],
] as const)('an ordinary user in namespaces of its own: %s', { timeout: 400_000 }, async ([name, atLeast]) => {
  const told = await asOrdinaryUser(`src/fabric/kernel/${name}.kernel.test.ts`);
  const all = told.testResults.flatMap(({ assertionResults }) => assertionResults);
  expect(all.filter(({ status }) => status !== 'passed').map(({ fullName }) => fullName)).toEqual([]);
  expect(told).toMatchObject({ success: true, numFailedTests: 0 });
  expect(told.numPassedTests).toBeGreaterThanOrEqual(atLeast);
});
