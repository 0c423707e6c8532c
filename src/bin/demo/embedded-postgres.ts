import { randomBytes } from 'node:crypto';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { fault, toFault, type Fault } from '#base/fault.ts';
import { delay } from '#base/service.ts';
import { isReady, noteOwner, stopLeftover } from './leftover-server.ts';
import { packagedPostgres, postgresProgram } from './postgres-binaries.ts';
import { askThere, findPlace, giveTo, runThere, type Place } from './unprivileged.ts';

export interface EmbeddedPostgresRequest {
  /** Folder of this server alone; made when missing. Holds the cluster, the password and the server's log. */
  readonly dataDir: string;
  /** On 127.0.0.1; 0 takes a free one. */
  readonly port: number;
  /** Server settings, in force until the next start. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Folder whose `bin` holds PostgreSQL's programs; by default the ones npm installed. */
  readonly nativeDir?: string;
  /** Password of the user `postgres` in a cluster made now; by default a random one, kept in the data folder. */
  readonly password?: string;
  /** Ends the start. A server that has started is ended by `stop` or by disposing it. */
  readonly signal: AbortSignal;
  /** The program that makes user namespaces; another name only in tests. */
  readonly unshare?: string | undefined;
  /** Told, in one sentence, when something needs the reader's attention, such as files copied elsewhere. */
  readonly onNotice?: ((text: string) => void) | undefined;
}

/** `fast` breaks off sessions and writes a checkpoint; `immediate` writes nothing: the next start recovers as after a crash. */
export type StopMode = 'fast' | 'immediate';

/** A running PostgreSQL server of our own, reached over loopback TCP only. Disposing it stops it; its data stays. */
export interface EmbeddedPostgres extends AsyncDisposable {
  readonly host: '127.0.0.1';
  readonly port: number;
  readonly user: 'postgres';
  readonly password: string;
  /** Process of the postmaster. */
  readonly pid: number;
  /** Where the cluster really is; not always below the asked folder. */
  readonly clusterDir: string;
  readonly logFile: string;
  /** `postgres://user:password@host:port/database`; the database is `postgres` unless named. */
  url(database?: string): string;
  /** Settles when the server has ended, whoever ended it. */
  readonly ended: Promise<void>;
  /** Ends the server; does nothing if it has ended. */
  stop(mode: StopMode): Promise<void>;
}

const startTimeoutMs = 60_000;
const stopTimeoutMs = 30_000;
const pollMs = 20;
const maxLogBytes = 16 * 1024 * 1024;
/** Loopback TCP only, so that neither other machines nor a left-over socket file matter; no texts of statements in the log. */
const fixedSettings = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  logging_collector: 'off',
  log_min_error_statement: 'panic',
};

/**
 * Starts PostgreSQL in `dataDir`, making the cluster when there is none, and answers once it accepts connections. A server left there by a
 * process of ours that was killed is stopped first. Works as root and as an ordinary user.
 * Faults: `unsupported` and `missing` (no programs), `conflict` (port taken), `timeout`, `cancelled`, `unreachable` (would not start).
 */
export async function startEmbeddedPostgres(request: EmbeddedPostgresRequest): Promise<EmbeddedPostgres> {
  try {
    const nativeDir = request.nativeDir ?? packagedPostgres();
    const place = findPlace({ nativeDir, dataDir: resolve(request.dataDir), unshare: request.unshare, onNotice: request.onNotice });
    const cluster = join(place.dataDir, 'cluster');
    await stopLeftover(cluster, request.signal);
    const password = await makeCluster(place, cluster, request);
    return await launch({ place, cluster, password, request });
  } catch (error) {
    throw toFault(error);
  }
}

interface Launch {
  readonly place: Place;
  readonly cluster: string;
  readonly password: string;
  readonly request: EmbeddedPostgresRequest;
}

/** Tries until it runs: a server killed a moment ago may still hold its memory, and a free port may be taken before we have it. */
async function launch(what: Launch): Promise<EmbeddedPostgres> {
  const deadline = Date.now() + startTimeoutMs;
  for (;;) {
    const port = what.request.port === 0 ? await freePort() : what.request.port;
    const started = await launchOnce(what, port, deadline);
    if (!('trouble' in started)) return started;
    const { trouble } = started;
    const mayPass =
      /shared memory block|lock file .* already exists/.test(trouble) ||
      (what.request.port === 0 && /[Aa]ddress already in use/.test(trouble));
    if (!mayPass || Date.now() > deadline) throw startFault(trouble, port, what);
    await delay(10 * pollMs, what.request.signal);
  }
}

async function launchOnce(what: Launch, port: number, deadline: number): Promise<EmbeddedPostgres | { readonly trouble: string }> {
  const { place, cluster, request } = what;
  const logFile = join(place.dataDir, 'postgres.log');
  if (existsSync(logFile) && statSync(logFile).size > maxLogBytes) rmSync(logFile);
  noteOwner(cluster);
  const log = openSync(logFile, 'a', 0o600);
  const logStart = statSync(logFile).size;
  const settings = Object.entries({ ...request.settings, ...fixedSettings, port: String(port) }).flatMap(([name, value]) => [
    '-c',
    `${name}=${value}`,
  ]);
  const child = runThere(place, postgresProgram(place.nativeDir, 'postgres'), ['-D', cluster, ...settings], ['ignore', log, log]);
  closeSync(log);
  const ended = new Promise<void>((settle) => {
    child.once('exit', () => settle());
    child.once('error', () => settle());
  });
  let exited = false;
  void ended.then(() => (exited = true));
  try {
    while (!exited && !(child.pid !== undefined && isReady(cluster, child.pid))) {
      if (Date.now() > deadline) throw startTimeout(logFile);
      await delay(pollMs, request.signal);
    }
  } catch (error) {
    child.kill('SIGQUIT');
    await ended;
    throw error;
  }
  if (exited || child.pid === undefined) return { trouble: lastTrouble(logFile, logStart) };
  child.unref();
  return running({ ...what, port, pid: child.pid, logFile, ended });
}

function running(
  what: Launch & { readonly port: number; readonly pid: number; readonly logFile: string; readonly ended: Promise<void> },
): EmbeddedPostgres {
  let exited = false;
  void what.ended.then(() => (exited = true));
  const stop = async (mode: StopMode): Promise<void> => {
    if (exited) return;
    process.kill(what.pid, mode === 'fast' ? 'SIGINT' : 'SIGQUIT');
    const timer = setTimeout(() => process.kill(what.pid, 'SIGQUIT'), stopTimeoutMs);
    await what.ended;
    clearTimeout(timer);
  };
  return {
    host: '127.0.0.1',
    port: what.port,
    user: 'postgres',
    password: what.password,
    pid: what.pid,
    clusterDir: what.cluster,
    logFile: what.logFile,
    ended: what.ended,
    url: (database = 'postgres') =>
      `postgres://postgres:${encodeURIComponent(what.password)}@127.0.0.1:${what.port}/${encodeURIComponent(database)}`,
    stop,
    [Symbol.asyncDispose]: () => stop('fast'),
  };
}

/** Runs initdb where there is no cluster yet, or only a half made one. Answers the password. */
async function makeCluster(place: Place, cluster: string, request: EmbeddedPostgresRequest): Promise<string> {
  const passwordFile = join(place.dataDir, 'password');
  const madeFile = join(place.dataDir, 'made');
  if (existsSync(madeFile)) return readFileSync(passwordFile, 'utf8').trim();
  rmSync(cluster, { recursive: true, force: true });
  const password = request.password ?? randomBytes(24).toString('base64url');
  // Made now, before the folder's owner is asked to read it: initdb may run as somebody else than we do.
  mkdirSync(place.dataDir, { recursive: true });
  writeFileSync(passwordFile, `${password}\n`, { mode: 0o600 });
  giveTo(place, passwordFile);
  const access = ['--username=postgres', `--pwfile=${passwordFile}`, '--auth=scram-sha-256'];
  const args = [`--pgdata=${cluster}`, ...access, '--encoding=UTF8', '--data-checksums', ...localeArguments(place)];
  if (request.settings?.['fsync'] === 'off') args.push('--no-sync');
  const child = runThere(place, postgresProgram(place.nativeDir, 'initdb'), args, ['ignore', 'pipe', 'pipe']);
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (bytes: Buffer) => (text += bytes.toString('utf8')));
  const onAbort = (): boolean => child.kill('SIGTERM');
  request.signal.addEventListener('abort', onAbort, { once: true });
  const code = await new Promise((settle, fail) => child.once('error', fail).once('close', settle));
  request.signal.removeEventListener('abort', onAbort);
  request.signal.throwIfAborted();
  if (code !== 0) {
    throw fault('unreachable', 'InitdbFailed', `PostgreSQL's initdb failed: ${troubleIn(text) ?? `it ended with ${String(code)}`}.`, {
      target: cluster,
      remedy: `Check that ${place.dataDir} is writable and that the disk has room.`,
    });
  }
  writeFileSync(madeFile, `${versionOf(place).text}\n`);
  giveTo(place, madeFile);
  return password;
}

/** UTF-8 with byte order. From 17 on PostgreSQL brings its own C.UTF-8, the same on every system. */
function localeArguments(place: Place): string[] {
  const builtin = versionOf(place).major >= 17 ? ['--locale-provider=builtin', '--builtin-locale=C.UTF-8'] : [];
  return ['--locale=C', ...builtin];
}

function versionOf(place: Place): { readonly major: number; readonly text: string } {
  const text = askThere(place, postgresProgram(place.nativeDir, 'postgres'), ['--version']) ?? '';
  const major = Number(/(\d+)(\.|beta|rc|devel)/.exec(text)?.[1]);
  if (Number.isInteger(major)) return { major, text };
  throw fault('unsupported', 'PostgresDoesNotRun', `The PostgreSQL programs in ${place.nativeDir} do not run on this system.`, {
    target: place.nativeDir,
    remedy:
      'They need glibc (not musl) on Linux. Install PostgreSQL of your system and run without the demo: isthmus link --from postgres://…',
  });
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((settle, fail) => server.once('error', fail).listen(0, '127.0.0.1', settle));
  const address = server.address();
  await new Promise((settle) => server.close(settle));
  return typeof address === 'object' && address !== null ? address.port : 0;
}

function lastTrouble(logFile: string, from: number): string {
  const text = readFileSync(logFile).subarray(from).toString('utf8');
  return troubleIn(text) ?? (text.trim().split('\n').at(-1) || 'it wrote nothing');
}

/** The lines of a server's or initdb's output that say why it gave up. */
function troubleIn(text: string): string | undefined {
  const lines = text.split('\n').filter((line) => /(FATAL|PANIC|ERROR|error|could not|Address already in use)/.test(line));
  return lines.length === 0
    ? undefined
    : lines
        .slice(-3)
        .map((line) => line.replace(/^.*?(FATAL|PANIC|ERROR|LOG|error): +/, '').trim())
        .join('; ');
}

function startTimeout(logFile: string): Fault {
  return fault('timeout', 'PostgresStartTimeout', `PostgreSQL did not start within ${startTimeoutMs / 1000} s.`, {
    target: logFile,
    remedy: `Read ${logFile}.`,
  });
}

function startFault(trouble: string, port: number, what: Launch): Fault {
  if (/Address already in use|could not bind/.test(trouble)) {
    return fault('conflict', 'PortInUse', `Port ${port} on 127.0.0.1 is in use by another program.`, {
      target: `127.0.0.1:${port}`,
      remedy: 'Choose another port, or stop that program.',
    });
  }
  return fault('unreachable', 'PostgresDidNotStart', `PostgreSQL did not start: ${trouble}.`, {
    target: what.cluster,
    remedy: `Read ${join(what.place.dataDir, 'postgres.log')}. To begin anew, remove ${what.place.dataDir}.`,
  });
}
