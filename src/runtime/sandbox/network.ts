import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { isIPv6, type Server } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { fault, must, type Fault } from '#base/fault.ts';
import type { TcpIncidents } from '../runtime.ts';
import { endpointKey, type SandboxEndpoint } from './endpoint.ts';
import type { SandboxPrograms } from './programs.ts';

const listenInside = fileURLToPath(new URL('./listen-inside.mjs', import.meta.url));

/** What `listen-inside.mjs` is asked, and tells with each socket. */
interface ListenRequest {
  readonly key: string;
  readonly address: string;
  readonly port: number;
}

interface ListenReply {
  readonly key: string;
  readonly failed?: string;
}

/**
 * A network of its own, with a loopback interface and nothing else: no route leads out of it, until somebody joins it to another. Held by a process
 * that does nothing and ends with this one.
 */
export class EmptyNetwork implements AsyncDisposable {
  readonly #programs: SandboxPrograms;
  readonly #holder: ChildProcess;

  private constructor(programs: SandboxPrograms, holder: ChildProcess) {
    this.#programs = programs;
    this.#holder = holder;
  }

  /** Fault: `NoUserNamespaces` (unsupported) where the kernel, or a policy of this host, forbids it. */
  static async open(programs: SandboxPrograms): Promise<EmptyNetwork> {
    const script = `${programs.ip} link set lo up && echo up && while read -r group; do last=$group; done; kill -KILL "-$last"`;
    const command = ['--user', '--map-root-user', '--net', '--', programs.sh, '-c', script];
    // It reads what `endsWithUs` writes: with us its input ends, and it with that.
    const holder = spawn(programs.unshare, command, { stdio: ['pipe', 'pipe', 'pipe'], detached: true, env: {}, cwd: '/' });
    const ended = endOf(holder);
    const said = textOf(holder.stderr);
    // It may be gone before it is told.
    holder.stdin?.on('error', () => undefined);
    const isUp = await Promise.race([once(must(holder.stdout, 'a pipe'), 'data').then(() => true), ended.then(() => false)]);
    if (!isUp) throw noNamespaces(said());
    return new EmptyNetwork(programs, holder);
  }

  /** Of a process in it, for whoever joins it to another network. */
  get pid(): number {
    return must(this.#holder.pid, 'a process that has started');
  }

  /** Has a group of processes ended when this process ends, however that is: bubblewrap does so itself only once it has begun. Of several the last. */
  endsWithUs(group: number): void {
    this.#holder.stdin?.write(`${group}\n`);
  }

  /** What runs a command inside, as its beginning. */
  get enter(): { readonly file: string; readonly args: readonly string[] } {
    const args = ['--preserve-credentials', '--user', '--net', '--target', String(this.pid), '--'];
    return { file: this.#programs.nsenter, args };
  }

  /** Gives the network addresses, and takes them away. An address that is there already, or not any more, is no fault. */
  async setAddresses(add: readonly string[], remove: readonly string[]): Promise<void> {
    if (add.length + remove.length === 0) return;
    const line = (verb: string, address: string): string => `address ${verb} ${address}/${isIPv6(address) ? '128 nodad' : '32'} dev lo\n`;
    const lines = [
      ...add.map((address) => line('replace', address)),
      ...remove.map((address) => line('del', address).replace(' nodad', '')),
    ];
    const { file, args } = this.enter;
    const child = spawn(file, [...args, this.#programs.ip, '-force', '-batch', '-'], {
      stdio: ['pipe', 'ignore', 'pipe'],
      detached: true,
      env: {},
      cwd: '/',
    });
    const said = textOf(child.stderr);
    const ended = endOf(child);
    child.stdin.on('error', () => undefined);
    child.stdin.end(lines.join(''));
    const how = await ended;
    if (how !== 'exit code 0' && add.length > 0) throw failed('SandboxAddressFailed', `Addresses could not be given: ${said() || how}.`);
  }

  /** Listens inside and brings the sockets out, by key. Fault: `SandboxListenFailed` naming address and port; then none is open. */
  async listen(endpoints: readonly SandboxEndpoint[]): Promise<ReadonlyMap<string, Server>> {
    const servers = new Map<string, Server>();
    if (endpoints.length === 0) return servers;
    const asked: ListenRequest[] = endpoints.map((one) => ({ key: endpointKey(one), address: one.address, port: one.port }));
    const { file, args } = this.enter;
    const child = spawn(file, [...args, process.execPath, listenInside, JSON.stringify(asked)], {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      detached: true,
      env: {},
      cwd: '/',
    });
    const said = textOf(child.stderr);
    let trouble: string | undefined;
    child.on('message', (reply: ListenReply, server) => {
      if (reply.failed === undefined && server !== undefined) servers.set(reply.key, server as Server);
      else trouble ??= `${reply.key.replace('#', ':')}: ${reply.failed ?? 'no socket came'}`;
    });
    // Its messages are read before the channel is known to be closed.
    const [how] = await Promise.all([endOf(child), once(child, 'disconnect').catch(() => undefined)]);
    if (servers.size < asked.length) {
      for (const server of servers.values()) server.close();
      throw failed('SandboxListenFailed', `The worker's network cannot listen on ${trouble ?? `its endpoints (${said() || how})`}.`);
    }
    return servers;
  }

  /**
   * Connections and datagrams that found no route or nobody who listens, since this network was opened. The kernel counts them for the network as a
   * whole: whoever tries cannot but be counted.
   */
  async failedConnects(): Promise<number> {
    const folder = `/proc/${this.pid}/net`;
    const [four, six] = await Promise.all([readFile(`${folder}/snmp`, 'latin1'), readFile(`${folder}/snmp6`, 'latin1').catch(() => '')]);
    return failedOf(four, six);
  }

  /** What TCP met with since this network was opened. */
  async incidents(): Promise<TcpIncidents> {
    const folder = `/proc/${this.pid}/net`;
    const [snmp, netstat] = await Promise.all([readFile(`${folder}/snmp`, 'latin1'), readFile(`${folder}/netstat`, 'latin1')]);
    return incidentsOf(snmp, netstat);
  }

  /** Settles when no connection that goes beyond the loopback is held any more, or after so long. */
  async rest(atMostMs: number): Promise<void> {
    for (const untilMs = performance.now() + atMostMs; performance.now() < untilMs; await pause(2)) {
      if (!holdsConnection(await readFile(`/proc/${this.pid}/net/tcp`, 'latin1'))) return;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = endOf(this.#holder);
    this.#holder.kill('SIGKILL');
    await ended;
  }
}

/** The kernel's own tables: in the first a line of names goes before each line of values, in the second each line is a name and a value. */
export function failedOf(snmp: string, snmp6: string): number {
  const valueOf = valuesOf(snmp);
  const valueOf6 = (name: string): number => Number(new RegExp(`^${name}\\s+(\\d+)`, 'm').exec(snmp6)?.[1] ?? 0);
  return (
    valueOf('Ip', 'OutNoRoutes') +
    valueOf('Tcp', 'AttemptFails') +
    valueOf('Udp', 'NoPorts') +
    valueOf6('Ip6OutNoRoutes') +
    valueOf6('Udp6NoPorts')
  );
}

/** Of the kernel's own tables, as `failedOf` reads them. */
export function incidentsOf(snmp: string, netstat: string): TcpIncidents {
  const [valueOf, moreOf] = [valuesOf(snmp), valuesOf(netstat)];
  return {
    sentAgain: valueOf('Tcp', 'RetransSegs'),
    outOfOrder: moreOf('TcpExt', 'TCPOFOQueue'),
    duplicates: moreOf('TcpExt', 'TCPDSACKOldSent') + moreOf('TcpExt', 'TCPDSACKOfoSent'),
    resets: valueOf('Tcp', 'EstabResets'),
  };
}

function valuesOf(table: string): (group: string, name: string) => number {
  const rows = table.split('\n').map((line) => line.split(/\s+/));
  return (group, name) => {
    const [names, values] = rows.filter(([first]) => first === `${group}:`);
    return Number(values?.[names?.indexOf(name) ?? -1] ?? 0);
  };
}

const established = '01';

/** Whether the kernel's own table of TCP sockets has one that is connected to another network. */
export function holdsConnection(table: string): boolean {
  const rows = table.split('\n').map((line) => line.trim().split(/\s+/));
  return rows.some(([, local, remote, state]) => state === established && local?.split(':')[0] !== remote?.split(':')[0]);
}

/** How a process ended, whenever that was. */
export function endOf(child: ChildProcess): Promise<string> {
  return new Promise((settle) => {
    const how = (): void => settle(child.signalCode ?? `exit code ${child.exitCode}`);
    if (child.exitCode !== null || child.signalCode !== null) return how();
    child.once('error', (error) => settle(error.message));
    child.once('exit', how);
  });
}

const mostText = 1_000;

/** What it says, the beginning of it, on one line. */
function textOf(stream: NodeJS.ReadableStream | null): () => string {
  let text = '';
  stream?.on('data', (bytes: Buffer) => {
    if (text.length < mostText) text += bytes.toString('utf8').slice(0, mostText - text.length);
  });
  return () => text.trim().replace(/\s*\n\s*/g, '; ');
}

function failed(code: string, message: string): Fault {
  return fault('unreachable', code, message, { remedy: 'isthmus doctor says what this host allows.' });
}

/** What made namespaces impossible, and what allows them. */
function noNamespaces(said: string): Fault {
  return fault('unsupported', 'NoUserNamespaces', `This host does not let us make a network of our own: ${said || 'no reason given'}.`, {
    remedy:
      'Allow user namespaces: sysctl user.max_user_namespaces=15000; on Ubuntu 24.04 also kernel.apparmor_restrict_unprivileged_userns=0; on older Debian kernel.unprivileged_userns_clone=1; in a container a seccomp profile that permits unshare.',
  });
}
