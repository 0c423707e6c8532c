import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { JoinedNetwork } from '#runtime/sandbox/sandboxed-worker.ts';

/** What the far side tells, in order. */
type Told =
  | { readonly kind: 'opened' | 'asked'; readonly from: string; readonly name?: string }
  | { readonly kind: 'closed' }
  | { readonly kind: 'ready' };

/** A network that a worker's may be joined to: a database that sends back what comes, and a resolver that knows its name and no other. */
export interface FarNetwork extends AsyncDisposable {
  /** Of the worker. */
  readonly address: string;
  readonly told: readonly Told[];
  /** How often what was joined was parted. */
  readonly parted: () => number;
  readonly join: (pid: number) => Promise<JoinedNetwork>;
}

const address = '10.250.0.9';
const gateway = '169.254.1.1';
const resolver = '168.63.129.16';

/** Made of the plain commands of the operating system; needs root. */
export async function farNetwork(name: string, database: string, port: number): Promise<FarNetwork> {
  const holder = spawn('unshare', ['--net', '--', 'sh', '-c', 'echo up && exec cat'], { stdio: ['pipe', 'pipe', 'inherit'] });
  await once(holder.stdout, 'data');
  const inside = (pid: number): string[] => [`--net=/proc/${pid}/ns/net`, '--'];
  const run = (pid: number, command: string): void => void execFileSync('nsenter', [...inside(pid), 'sh', '-ec', command]);
  const far = holder.pid ?? 0;
  const sys = '/proc/sys/net/ipv4';
  // What it does not have it says so of, each time.
  const route = `echo 1 > ${sys}/ip_forward; echo 0 > ${sys}/icmp_ratelimit; ip route add prohibit default`;
  run(far, `ip link set lo up; ip address add ${database}/32 dev lo; ip address add ${resolver}/32 dev lo; ${route}`);
  const program = join(import.meta.dirname, 'far-side.ts');
  const side: ChildProcess = spawn('nsenter', [...inside(far), process.execPath, program, name, database, String(port), resolver], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const told: Told[] = [];
  side.on('message', (what: Told) => void told.push(what));
  while (!told.some(({ kind }) => kind === 'ready')) await once(side, 'message');
  let parted = 0;
  return {
    address,
    told,
    parted: () => parted,
    join: async (pid) => {
      run(far, `ip link add nic0 type veth peer name net0 netns ${pid}; ip address add ${gateway}/32 dev nic0; ip link set nic0 up`);
      run(far, `ip route add ${address}/32 dev nic0`);
      run(pid, `ip address add ${address}/32 dev net0; ip link set net0 up; ip route add ${gateway}/32 dev net0`);
      run(pid, `ip route add default via ${gateway}`);
      return {
        resolver,
        [Symbol.asyncDispose]: async () => {
          parted += 1;
          run(far, 'ip link del nic0');
        },
      };
    },
    [Symbol.asyncDispose]: async () => {
      for (const child of [side, holder]) {
        child.kill('SIGKILL');
        if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
      }
    },
  };
}
