// Runs inside a sandbox and tries what a hostile program would: to get out, to see others, to last. Answers what became of each attempt.
import { spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { lookup, Resolver } from 'node:dns/promises';
import { once } from 'node:events';
import {
  linkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
  closeSync,
  constants,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
} from 'node:fs';
import { connect, type Socket } from 'node:net';

/** What exists outside and must not be reached. */
export interface Targets {
  /** A port that a program outside listens on, on every address of the host. */
  readonly hostPort: number;
  readonly hostAddresses: readonly string[];
  /** Without the leading zero. */
  readonly abstractSocket: string;
  readonly pathSocket: string;
  readonly file: string;
  readonly parentPid: number;
  /** Is in the file and in the parent's memory; found anywhere inside it is a leak. */
  readonly canary: string;
  /** An endpoint that is in force. */
  readonly endpointAddress: string;
  readonly endpointPort: number;
  readonly memoryMb: number;
}

export type Ask =
  | { readonly ask: 'attempts'; readonly targets: Targets }
  /** One exchange of bytes through an endpoint that echoes. */
  | { readonly ask: 'echo'; readonly host: string; readonly port: number }
  /** As `echo`, and the connection is kept. */
  | { readonly ask: 'hold'; readonly host: string; readonly port: number }
  /** Waits until the connection that is held ends. */
  | { readonly ask: 'held' };

export interface Attempt {
  readonly item: string;
  readonly tried: string;
  /** Why it failed: an error's code, or what was seen. */
  readonly refused: string | undefined;
  /** What was gained, where it succeeded. */
  readonly gained: string | undefined;
}

export interface Answer {
  readonly attempts?: readonly Attempt[];
  readonly how?: string;
}

type Try = () => Promise<string> | string;

const patienceMs = 5_000;
let held: Socket | undefined;
let heldEnd: Promise<string> | undefined;

process.on('message', (ask: Ask) => {
  void answer(ask).then((reply) => process.send?.(reply));
});

async function answer(ask: Ask): Promise<Answer> {
  if (ask.ask === 'attempts') return { attempts: await tryAll(ask.targets) };
  if (ask.ask === 'held') return { how: (await heldEnd) ?? 'nothing is held' };
  try {
    const socket = await echo(ask.host, ask.port);
    if (ask.ask === 'echo') socket.destroy();
    else hold(socket);
    return { how: 'echoed' };
  } catch (error) {
    return { how: codeOf(error) };
  }
}

function hold(socket: Socket): void {
  held = socket;
  heldEnd = new Promise((settle) => {
    socket.once('error', (error) => settle(codeOf(error)));
    socket.once('close', () => settle('closed'));
  });
  held.resume();
}

/** One after the other. */
export async function tryAll(targets: Targets): Promise<Attempt[]> {
  const attempts: Attempt[] = [];
  const groups = { ...networkTries(targets), ...socketTries(targets), ...fileTries(targets), ...processTries(targets) };
  for (const [item, tries] of Object.entries(groups)) {
    for (const [tried, act] of Object.entries(tries)) attempts.push(await attempt(item, tried, act));
  }
  return attempts;
}

async function attempt(item: string, tried: string, act: Try): Promise<Attempt> {
  try {
    return { item, tried, refused: undefined, gained: await act() };
  } catch (error) {
    return { item, tried, refused: codeOf(error), gained: undefined };
  }
}

type Tries = Record<string, Record<string, Try>>;

function networkTries({ hostPort, hostAddresses, endpointAddress, endpointPort }: Targets): Tries {
  const to = (host: string, port: number): [string, Try] => [`connect to ${host} port ${port}`, () => reach({ host, port })];
  return {
    'services of the host are out of reach': Object.fromEntries(
      ['127.0.0.1', '127.0.0.53', ...hostAddresses].map((host) => to(host, hostPort)),
    ),
    'so are metadata services at link-local addresses': Object.fromEntries([to('169.254.169.254', 80), to('168.63.129.16', 80)]),
    'and the internet and other networks': Object.fromEntries([to('1.1.1.1', 443), to('10.0.0.1', 22), to('192.168.1.1', 80)]),
    'over IPv6 too': Object.fromEntries([to('::1', hostPort), to('2606:4700:4700::1111', 443), to('fd00:ec2::254', 80)]),
    'an endpoint has no other port': Object.fromEntries([to(endpointAddress, endpointPort + 1), to(endpointAddress, hostPort)]),
    'no name server answers': {
      'look a name up': async () => (await lookup('example.com')).address,
      'ask a name server': () => askServer('1.1.1.1'),
      'ask the name server of the host': () => askServer('127.0.0.1'),
    },
    'no datagram leaves': { 'send a datagram': () => sendDatagram(hostPort) },
  };
}

function socketTries({ abstractSocket, pathSocket }: Targets): Tries {
  return {
    'unix sockets of the host are out of reach': {
      'connect to an abstract socket': () => reach({ path: `\0${abstractSocket}` }),
      'connect to a socket in a folder': () => reach({ path: pathSocket }),
      'connect to the container engine': () => reach({ path: '/var/run/docker.sock' }),
      'connect to the system bus': () => reach({ path: '/run/dbus/system_bus_socket' }),
    },
  };
}

function fileTries({ file, memoryMb }: Targets): Tries {
  const read = (path: string): [string, Try] => [`read ${path}`, () => readFileSync(path, 'utf8').slice(0, 40)];
  const write = (path: string): [string, Try] => [`write ${path}`, () => openClose(path)];
  return {
    'files outside its view are not there': {
      'read a file of the host': read(file)[1],
      ...Object.fromEntries(['/etc/shadow', '/etc/hostname', '/root/.profile', '/var/log/syslog', '/sys/kernel/uevent_helper'].map(read)),
    },
    'what it sees is read-only, the settings of the kernel too': Object.fromEntries(
      [
        '/made',
        '/etc/hosts',
        '/bin/node',
        '/dev/shm/made',
        '/proc/sys/kernel/core_pattern',
        '/proc/sysrq-trigger',
        '/proc/irq/default_smp_affinity',
      ].map(write),
    ),
    'a name that it makes leads nowhere else': {
      'make a symbolic link': () => made(() => symlinkSync(file, '/tmp/symbolic'), '/tmp/symbolic'),
      'give a file a second name': () => made(() => linkSync('/tmp/second-of', '/tmp/second'), '/tmp/second'),
    },
    'memory is limited': {
      // Pages that nobody writes to are not taken: only the limit is asked.
      'take more memory than allowed': () => `${Buffer.alloc((memoryMb + 1_024) * 1024 * 1024).length} bytes`,
    },
  };
}

function processTries({ parentPid, canary }: Targets): Tries {
  return {
    'other processes are not to be seen': {
      'see them in /proc': () => {
        const others = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && name !== '1' && name !== String(process.pid));
        return others.length > 0 ? `${others.length} processes` : refuse('only its own');
      },
      'read the environment of the parent': () => found(readFileSync(`/proc/${parentPid}/environ`, 'latin1'), canary),
      'read the environment of process 1': () => found(readFileSync('/proc/1/environ', 'latin1'), canary),
      'send a signal to the parent': () => (process.kill(parentPid, 0) ? 'sent' : refuse('not sent')),
    },
    'environment and open files of the parent are not passed on': {
      'find what the parent has': () => {
        const known = new Set(['PATH', 'HOME', 'LANG', 'TZ', 'PWD']);
        const names = readFileSync('/proc/self/environ', 'latin1')
          .split('\0')
          .map((line) => line.split('=')[0] ?? '');
        const more = names.filter((name) => name !== '' && !known.has(name) && !name.startsWith('NODE_CHANNEL_'));
        return more.length > 0 ? more.join(' ') : refuse('empty');
      },
      'find open files of the parent': () => {
        const fds = readdirSync('/proc/self/fd').map(linkTarget);
        const foreign = fds.filter((path) => path.startsWith('/') && !/^\/(dev|proc)\//.test(path));
        return foreign.length > 0 ? foreign.join(' ') : refuse('none');
      },
    },
    'no other program can be started': {
      'start one': () => {
        const { error, status } = spawnSync('/bin/node', ['--version']);
        if (error !== undefined) throw error;
        return `it ended with ${status}`;
      },
    },
    'it has no capability and gains none': {
      'have any': () => lacks('CapEff', /^0+$/) ?? lacks('CapPrm', /^0+$/) ?? lacks('CapBnd', /^0+$/) ?? refuse('none'),
      'gain any by a program': () => lacks('NoNewPrivs', /^1$/) ?? refuse('no new privileges'),
      'be without a filter of system calls': () => lacks('Seccomp', /^2$/) ?? refuse('filtered'),
    },
  };
}

function reach(to: { readonly host: string; readonly port: number } | { readonly path: string }): Promise<string> {
  return new Promise((settle, fail) => {
    const socket = connect({ ...to, timeout: patienceMs });
    const end = (error: unknown): void => {
      socket.destroy();
      fail(error as Error);
    };
    socket.once('connect', () => {
      socket.destroy();
      settle('connected');
    });
    socket.once('error', end);
    socket.once('timeout', () => end({ code: 'silence' }));
  });
}

async function echo(host: string, port: number): Promise<Socket> {
  const socket = connect({ host, port });
  await once(socket, 'connect');
  socket.write('isthmus');
  let heard = '';
  while (heard.length < 'isthmus'.length) {
    const [bytes] = (await Promise.race([once(socket, 'data'), once(socket, 'close').then(() => refuse('ECONNRESET'))])) as [Buffer];
    heard += bytes.toString('latin1');
  }
  return socket;
}

async function askServer(server: string): Promise<string> {
  const resolver = new Resolver({ timeout: 1_000, tries: 1 });
  resolver.setServers([server]);
  return (await resolver.resolve4('example.com')).join(' ');
}

async function sendDatagram(port: number): Promise<string> {
  const socket = createSocket('udp4');
  try {
    await new Promise<void>((settle, fail) => {
      socket.once('error', fail);
      socket.send('isthmus', port, '127.0.0.1', (error) => (error ? fail(error) : settle()));
    });
    return 'sent';
  } finally {
    socket.close();
  }
}

function openClose(path: string): string {
  closeSync(openSync(path, path.startsWith('/proc/') ? constants.O_WRONLY : constants.O_WRONLY | constants.O_CREAT));
  return 'opened for writing';
}

function made(act: () => void, path: string): string {
  writeFileSync('/tmp/second-of', '');
  act();
  rmSync(path);
  return 'made';
}

function linkTarget(fd: string): string {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } catch (error) {
    return codeOf(error);
  }
}

function found(text: string, canary: string): string {
  return text.includes(canary) ? 'read' : refuse('not what it seeks');
}

/** What a line of the status says, if it is not as it should be. */
function lacks(name: string, good: RegExp): string | undefined {
  const value = new RegExp(`^${name}:\\s*(\\S+)$`, 'm').exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? 'not said';
  return good.test(value) ? undefined : `${name} ${value}`;
}

function refuse(code: string): never {
  // The only reader of it is `codeOf`.
  throw Object.assign(new DOMException(code), { why: code });
}

function codeOf(error: unknown): string {
  const { why, code, message } = error as { why?: string; code?: string; message?: string };
  return why ?? code ?? message ?? 'failed';
}
