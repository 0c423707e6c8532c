import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chownSync, existsSync, mkdtempSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fault } from '#base/fault.ts';

export interface TestMariaDbRequest {
  /** Over the defaults: no TLS, the binary log on with whole rows, no fsync. */
  readonly settings?: Readonly<Record<string, string>>;
  /** PEM: the server then offers TLS. */
  readonly certificate?: { readonly certificate: string; readonly key: string };
  /** Single statements, run as administrator before the server is handed over. */
  readonly statements?: readonly string[];
}

/** A real MariaDB of the test's own, from Debian. Disposing it removes its data; so does the end of the test process, however it ends. */
export interface TestMariaDb extends AsyncDisposable {
  readonly host: '127.0.0.1';
  readonly port: number;
  /** May do everything. */
  readonly user: 'administrator';
  readonly password: string;
  readonly logFile: string;
  readonly pid: number;
}

const server = '/usr/sbin/mariadbd';
const client = '/usr/bin/mariadb';
const installer = '/usr/bin/mariadb-install-db';
const startTimeoutMs = 60_000;
const pollMs = 20;
const nobody = 65_534;

/**
 * Starts one in a folder of its own, on loopback TCP only, as an ordinary user or as root: then it runs as `nobody`, as MariaDB asks to be told whom
 * to run as.
 */
export async function startMariaDb(request: TestMariaDbRequest = {}): Promise<TestMariaDb> {
  if (!existsSync(server))
    throw fault('missing', 'NoTestServer', 'MariaDB is not installed for tests.', { remedy: 'scripts/debian-packages.sh' });
  const folder = mkdtempSync(join(tmpdir(), 'isthmus-test-mariadb-'));
  const endGuard = guard(folder);
  try {
    const root = process.getuid?.() === 0;
    if (root) chownSync(folder, nobody, nobody);
    const as = root ? ['--user=nobody'] : [];
    const [data, logFile, password] = [join(folder, 'data'), join(folder, 'server.log'), randomBytes(12).toString('hex')];
    const made = spawnSync(
      installer,
      ['--no-defaults', `--datadir=${data}`, '--skip-test-db', '--auth-root-authentication-method=normal', ...as],
      {
        encoding: 'utf8',
      },
    );
    if (made.status !== 0) throw fault('unreachable', 'TestServerNotMade', `mariadb-install-db: ${made.stderr || made.stdout}`);
    const start = join(folder, 'start.sql');
    const administrator = [
      `CREATE USER administrator@'%' IDENTIFIED BY '${password}'`,
      "GRANT ALL ON *.* TO administrator@'%' WITH GRANT OPTION",
    ];
    writeFileSync(start, administrator.map((statement) => `${statement};\n`).join(''));
    const port = await freePort();
    const child = spawn(server, [...options({ folder, data, port, start }, request), ...as], {
      stdio: ['ignore', openSync(logFile, 'a'), openSync(logFile, 'a')],
    });
    writeFileSync(join(folder, 'pid'), String(child.pid));
    await listening(child, port, logFile);
    run(request, port, password);
    return {
      host: '127.0.0.1',
      port,
      user: 'administrator',
      password,
      logFile,
      pid: child.pid!,
      [Symbol.asyncDispose]: async () => {
        const ended = child.exitCode === null && child.signalCode === null ? once(child, 'exit') : undefined;
        child.kill('SIGKILL');
        await ended;
        await endGuard();
      },
    };
  } catch (error) {
    await endGuard();
    throw error;
  }
}

interface Place {
  readonly folder: string;
  readonly data: string;
  readonly port: number;
  readonly start: string;
}

function options({ folder, data, port, start }: Place, { settings, certificate }: TestMariaDbRequest): readonly string[] {
  const tls: Record<string, string> = {};
  if (certificate !== undefined) {
    for (const [name, text] of Object.entries({ ssl_cert: certificate.certificate, ssl_key: certificate.key })) {
      tls[name] = join(folder, `${name}.pem`);
      writeFileSync(tls[name], text);
    }
  }
  const all: Readonly<Record<string, string>> = {
    datadir: data,
    port: String(port),
    bind_address: '127.0.0.1',
    socket: join(folder, 's'),
    pid_file: join(folder, 'server.pid'),
    init_file: start,
    skip_name_resolve: '1',
    log_bin: join(folder, 'log'),
    server_id: '1',
    binlog_format: 'ROW',
    binlog_row_image: 'FULL',
    innodb_flush_log_at_trx_commit: '0',
    innodb_buffer_pool_size: '32M',
    performance_schema: 'OFF',
    ...tls,
    ...settings,
  };
  return ['--no-defaults', ...Object.entries(all).map(([name, value]) => `--${name.replaceAll('_', '-')}=${value}`)];
}

/** Over TLS where the server has it: it may ask for it. */
function run({ statements = [], certificate }: TestMariaDbRequest, port: number, password: string): void {
  const tls = certificate === undefined ? '--skip-ssl' : '--ssl';
  const done = spawnSync(client, ['--no-defaults', tls, '--host=127.0.0.1', `--port=${port}`, '--user=administrator', '--batch'], {
    input: statements.map((statement) => `${statement};\n`).join(''),
    encoding: 'utf8',
    env: { MYSQL_PWD: password },
  });
  if (done.status !== 0) throw fault('invalid', 'TestStatementRefused', done.stderr);
}

async function freePort(): Promise<number> {
  const probe = createServer();
  probe.listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port;
}

/** Until the port answers, which is after the statements at the start. */
async function listening(child: ChildProcess, port: number, logFile: string): Promise<void> {
  const untilMs = performance.now() + startTimeoutMs;
  while (!(await answers(port))) {
    if (child.exitCode !== null || child.signalCode !== null || performance.now() > untilMs)
      throw fault('unreachable', 'TestServerNotStarted', `MariaDB did not start: ${readFileSync(logFile, 'utf8').slice(-2000)}`);
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const settle = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.once('data', () => settle(true));
    socket.once('error', () => settle(false));
    socket.once('close', () => settle(false));
  });
}

/** A small process that outlives us if we are killed: when our end of its input closes it ends the server and removes the folder. */
function guard(folder: string): () => Promise<void> {
  const script = 'read _; test -f "$1/pid" && kill -KILL "$(cat "$1/pid")" 2>/dev/null; rm -rf "$1" || { sleep 1; rm -rf "$1"; }';
  const child = spawn('/bin/sh', ['-c', script, 'sh', folder], { stdio: ['pipe', 'ignore', 'ignore'], detached: true });
  child.unref();
  return () =>
    new Promise((settle) => {
      child.once('exit', () => settle());
      child.stdin.end('\n');
    });
}
