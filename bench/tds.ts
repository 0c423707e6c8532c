import { fork } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { Connection, Request } from 'tedious';
import { counted, median, quantile, round, worst, type Benchmark, type Measure } from './benchmark.ts';
import { runProgram, scaled, type Workplace } from './workplace.ts';

/** Of a pool's process: as many calls into the engine as `isthmus up` allows it. */
const threads = '64';
const heavyQueries = 8;
const select = 'SELECT id, amount, name, placed FROM dbo.orders';
const heavy = 'SELECT COUNT_BIG(*) AS n FROM dbo.orders AS a JOIN dbo.orders AS b ON a.amount < b.amount';
const user = 'bench';
const password = 'not-asked-for';

interface BenchPool extends AsyncDisposable {
  readonly port: number;
  readonly file: string;
}

/** A pool with one table of orders, and its endpoint. */
async function openPool(place: Workplace, rows: number): Promise<BenchPool> {
  const file = join(place.folder, `pool-${rows}.duckdb`);
  const instance = await DuckDBInstance.create(file);
  const connection = await instance.connect();
  await connection.run(`CREATE SCHEMA dbo; CREATE TABLE dbo.orders AS SELECT i::BIGINT AS id, (i % 100000 / 7)::DECIMAL(18,2) AS amount,
    'customer number ' || (i * 7919 % ${rows}) AS name, TIMESTAMP '2024-01-01' + INTERVAL (i) SECOND AS placed FROM range(${rows}) t(i)`);
  await connection.run('CHECKPOINT');
  connection.closeSync();
  instance.closeSync();
  const child = fork(join(import.meta.dirname, 'tds-server.ts'), [file], {
    execArgv: [],
    env: { ...process.env, UV_THREADPOOL_SIZE: threads },
  });
  const port = await new Promise<number>((settle, reject) => {
    child.once('message', (message) => settle(message as number));
    child.once('exit', (code) => reject(new Error(`the pool's process ended with ${code}`)));
  });
  return {
    port,
    file,
    [Symbol.asyncDispose]: async () => {
      const gone = new Promise((settle) => void child.once('exit', settle));
      child.kill('SIGKILL');
      await gone;
    },
  };
}

async function connected(port: number): Promise<Connection> {
  const connection = new Connection({
    server: '127.0.0.1',
    authentication: { type: 'default', options: { userName: user, password } },
    options: { port, database: 'pool1', encrypt: false, trustServerCertificate: true, requestTimeout: 0, connectTimeout: 60_000 },
  });
  connection.on('error', () => undefined);
  await new Promise<void>((settle, reject) => connection.connect((error) => (error ? reject(error) : settle())));
  return connection;
}

function rowsOf(connection: Connection, sql: string): Promise<number> {
  return new Promise((settle, reject) => {
    let rows = 0;
    const request = new Request(sql, (error) => (error ? reject(error) : settle(rows)));
    request.on('row', () => (rows += 1));
    connection.execSqlBatch(request);
  });
}

export const tdsRows: Benchmark = {
  name: 'tds-rows',
  about:
    'A select of a million rows (bigint, decimal, text, datetime2) through the endpoint, read by tedious and by FreeTDS, against the same rows read in process by @duckdb/node-api',
  run: async (place) => {
    const rows = scaled(place, 1_000_000, 10_000);
    await using pool = await openPool(place, rows);
    const [ours, free, reference]: [number[], number[], number[]] = [[], [], []];
    for (let count = 0; count < place.rounds; count += 1) {
      ours.push(await perSecond(rows, () => tediousRows(pool)));
      free.push(await perSecond(rows, () => freeTdsRows(place, rows, pool)));
      reference.push(await perSecond(rows, () => inProcess(place, rows)));
      place.say(
        `tds-rows: tedious ${ours.at(-1)!.toFixed(0)}/s, FreeTDS ${free.at(-1)!.toFixed(0)}/s of ${reference.at(-1)!.toFixed(0)}/s`,
      );
    }
    return [
      against('tedious ÷ @duckdb/node-api in process', ours, reference),
      against('FreeTDS (tsql) ÷ @duckdb/node-api in process', free, reference),
    ];
  },
};

function against(what: string, ours: readonly number[], reference: readonly number[]): Measure {
  return {
    what,
    unit: 'rows/s',
    ours: round(median(ours)),
    reference: round(median(reference)),
    ratio: round(median(ours.map((rate, index) => rate / reference[index]!))),
    target: { ratioAtLeast: 0.25 },
    runs: ours.map((rate, index) => [round(rate), round(reference[index]!)] as const),
  };
}

async function perSecond(rows: number, work: () => Promise<number>): Promise<number> {
  const begun = performance.now();
  const read = await work();
  if (read !== rows) throw new Error(`${read} rows were read of ${rows}`);
  return rows / ((performance.now() - begun) / 1000);
}

async function tediousRows(pool: BenchPool): Promise<number> {
  const connection = await connected(pool.port);
  try {
    return await rowsOf(connection, select);
  } finally {
    connection.close();
  }
}

/** A line for each row, and a few around them. */
async function freeTdsRows(place: Workplace, rows: number, pool: BenchPool): Promise<number> {
  const config = join(place.folder, 'freetds.conf');
  writeFileSync(config, `[bench]\nhost = 127.0.0.1\nport = ${pool.port}\ntds version = 7.4\nencryption = off\nclient charset = UTF-8\n`);
  const command = `tsql -S bench -U ${user} -P ${password} -D pool1 -o q | wc -l`;
  const env = { FREETDSCONF: config, LC_ALL: 'C.UTF-8' };
  const { output } = await runProgram('sh', ['-c', command], { env, input: `${select}\ngo\nexit\n` });
  const lines = Number(output.trim());
  return lines >= rows && lines <= rows + 10 ? rows : lines;
}

/** Of the same file's twin: the pool has the file itself. */
async function inProcess(place: Workplace, rows: number): Promise<number> {
  const file = join(place.folder, 'twin.duckdb');
  await runProgram('cp', [join(place.folder, `pool-${rows}.duckdb`), file]);
  const instance = await DuckDBInstance.create(file);
  const connection = await instance.connect();
  const result = await connection.stream(select);
  let read = 0;
  for (let chunk = await result.fetchChunk(); chunk !== null && chunk.rowCount > 0; chunk = await result.fetchChunk())
    read += chunk.getRows().length;
  connection.closeSync();
  instance.closeSync();
  return read;
}

export const tdsLogin: Benchmark = {
  name: 'tds-login',
  about: `Logins to the endpoint one after the other, each with a question; idle, and while ${heavyQueries} queries run that take all cores`,
  run: async (place) => {
    const logins = scaled(place, 100, 10);
    await using pool = await openPool(place, scaled(place, 1_000_000, 200_000));
    await loginMs(pool);
    const [idle, late]: [number[], number[]] = [[], []];
    for (let count = 0; count < place.rounds; count += 1) {
      const begun = performance.now();
      for (let login = 0; login < logins; login += 1) await loginMs(pool);
      idle.push(logins / ((performance.now() - begun) / 1000));
      late.push(await lateLogins(pool, logins));
      place.say(`tds-login: ${idle.at(-1)!.toFixed(0)}/s idle, p99 ${late.at(-1)!.toFixed(0)} ms beside ${heavyQueries} heavy queries`);
    }
    return [worst(`login, p99, beside ${heavyQueries} heavy queries`, 'ms', late, { atMost: 1_000 }), counted('logins, idle', '1/s', idle)];
  },
};

async function loginMs(pool: BenchPool): Promise<number> {
  const begun = performance.now();
  const connection = await connected(pool.port);
  await rowsOf(connection, 'SELECT 1 AS one');
  connection.close();
  return performance.now() - begun;
}

async function lateLogins(pool: BenchPool, logins: number): Promise<number> {
  const busy = await Promise.all(Array.from({ length: heavyQueries }, () => connected(pool.port)));
  let ended = 0;
  const running = busy.map((connection) =>
    rowsOf(connection, heavy).then(
      () => (ended += 1),
      () => undefined,
    ),
  );
  const times: number[] = [];
  for (let login = 0; login < logins; login += 1) times.push(await loginMs(pool));
  if (ended > 0) throw new Error(`${ended} of the heavy queries ended before the logins did`);
  for (const connection of busy) connection.close();
  await Promise.all(running);
  return quantile(times, 0.99);
}
