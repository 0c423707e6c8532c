import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { directDialer } from '#base/dialer.ts';
import { PgConnection } from '#replication/sources/postgres/connection.ts';
import { parsePgUrl } from '#replication/sources/postgres/url.ts';
import { startPostgres } from '#test/servers/postgres.ts';
import { heavyQuery } from './kinds.ts';
import { runProgram, stepsOf, type Ended } from './processes.ts';
import { openSqlScene, type SqlScene } from './sql-scene.ts';

/** Clients of Debian's packages, unmodified: they know nothing of our codec. */
let scene: SqlScene;
beforeAll(async () => {
  scene = await openSqlScene();
});
afterAll(() => scene[Symbol.asyncDispose]());

const scripts = join(import.meta.dirname, '../../clients/tds');
const columns = 'id, b, ti, si, bi, d, m, f, r, dt, dt2, dtm, sdt, u, nv, v, c, LEN(vm) AS vm, vb';
const fileOf = (name: string, text: string): string => {
  const path = join(scene.folder, name);
  writeFileSync(path, text);
  return path;
};

/** What FreeTDS's programs read; `more`: further lines. */
function freetds(version = '7.4', more = 'encryption = request'): Record<string, string> {
  const conf = fileOf(
    `${version}-${more.replaceAll(/\W+/g, '-')}.conf`,
    `[pool]\nhost = ${scene.host}\nport = ${scene.port}\ntds version = ${version}\nclient charset = UTF-8\n${more}\n`,
  );
  return { FREETDSCONF: conf };
}

const tsql = (sql: string, env: Record<string, string>): Promise<Ended> =>
  runProgram('/usr/bin/tsql', ['-S', 'pool', '-U', scene.user, '-P', scene.password, '-D', scene.database, '-o', 'q'], {
    input: `${sql}\nGO\nexit\n`,
    env,
  });

test.for(['7.1', '7.2', '7.3', '7.4'])('tsql of FreeTDS speaks TDS %s', async (version) => {
  const said = await tsql('SELECT id, b, d, m, u, nv, v, c, LEN(vm) AS l, vb FROM dbo.kinds ORDER BY id', freetds(version));
  const [, edge, nulls] = said.out.split('\n').slice(said.out.split('\n').findIndex((line) => line.startsWith('id\t')));
  expect(edge?.split('\t')).toEqual([
    '1',
    '1',
    '1234567890123456789012345678.1234567891',
    '-922337203685477.5808',
    '6F9619FF-8B86-D011-B42D-00C04FC964FF',
    'Zürich €😀',
    'é',
    'ab   ',
    '10000',
    '00ff10',
  ]);
  expect(nulls?.split('\t')).toEqual(['2', ...Array.from({ length: 9 }, () => 'NULL')]);
});

test.for(['off', 'request', 'require'])('FreeTDS with encryption=%s', async (encryption) => {
  const said = await tsql('SELECT name FROM dbo.keyed ORDER BY id', freetds('7.4', `encryption = ${encryption}`));
  expect(said.out).toContain('one\ntwo\nthree\n');
});

test('bsqldb runs a script, and freebcp takes rows out and in', async () => {
  const env = freetds();
  const login = ['-S', 'pool', '-U', scene.user, '-P', scene.password];
  const script = await runProgram('/usr/bin/bsqldb', [...login, '-D', scene.database], {
    env,
    input: "SELECT id, name FROM dbo.keyed ORDER BY id\nGO\nPRINT N'done'\nGO\n",
  });
  expect(script.err + script.out).toMatch(/3\s+three/);
  const out = join(scene.folder, 'out.txt');
  const taken = await runProgram('/usr/bin/freebcp', [`${scene.database}.dbo.keyed`, 'out', out, ...login, '-c', '-t', '|'], { env });
  expect(taken.out + taken.err).toContain('3 rows copied.');
  expect(readFileSync(out, 'utf8')).toBe('1|one\n2|two\n3|three\n');
  const rows = fileOf('in.txt', '1|Zürich|12.50\n2||\n3|x|-0.01\n');
  const given = await runProgram('/usr/bin/freebcp', [`${scene.database}.dbo.bcp_notes`, 'in', rows, ...login, '-c', '-t', '|'], { env });
  expect(given.out + given.err).toContain('3 rows copied.');
  const said = await tsql('SELECT id, note, amount FROM dbo.bcp_notes ORDER BY id', env);
  expect(said.out).toContain('1\tZürich\t12.50\n2\tNULL\tNULL\n3\tx\t-0.01\n');
});

function python(script: string, steps: readonly string[], more: Record<string, unknown> = {}): Promise<Ended> {
  const { host, port, user, password, database } = scene;
  const place = {
    host,
    port,
    user,
    password,
    database,
    select: `SELECT ${columns} FROM dbo.kinds ORDER BY id`,
    heavy: heavyQuery,
    ...more,
  };
  return runProgram('/usr/bin/python3', [join(scripts, script), ...steps], { input: `${JSON.stringify(place)}\n` });
}

const edgeRow = [
  1,
  true,
  255,
  -32_768,
  -9_223_372_036_854_775_808,
  '1234567890123456789012345678.1234567891',
  '-922337203685477.5808',
  1.5e300,
  0.25,
  '2024-02-29',
  '9999-12-31T23:59:59.999999',
  '2024-02-29T10:11:12.123000',
  '2024-02-29T10:11:00',
  expect.stringMatching(/^6f9619ff-8b86-d011-b42d-00c04fc964ff$/i),
  'Zürich €😀',
  'é',
  'ab   ',
  10_000,
  '00ff10',
];
const nullRow = [2, ...Array.from({ length: 18 }, () => null)];

test('pyodbc over FreeTDS: types, parameters, prepared statements, transactions, cancel, catalogue', async () => {
  const steps = stepsOf(
    await python('odbc_client.py', ['kinds', 'parameters', 'transactions', 'many', 'cancel', 'timeout', 'catalogue', 'errors']),
  );
  expect((steps['kinds'] as { rows: unknown }).rows).toEqual([edgeRow, nullRow]);
  expect(steps['parameters']).toEqual({ first: [[7, 'Zürich €', '12.50', null]], prepared: [1, 1, 0] });
  expect(steps['transactions']).toEqual([[1, 'kept']]);
  expect(steps['many']).toEqual([[100, 100, 'note 199']]);
  expect(steps['cancel']).toEqual({ outcome: 'HY008', after: 1 });
  expect(steps['timeout']).toEqual({ outcome: 'HYT00', after: 2 });
  const { tables, columns: described, keys, types } = steps['catalogue'] as Record<string, unknown[]>;
  expect(tables).toEqual([['dbo', 'kinds', 'TABLE']]);
  expect(described).toContainEqual(['d', 'decimal', 38, 1]);
  expect(described).toContainEqual(['nv', 'nvarchar', 50, 1]);
  expect(described).toHaveLength(21);
  expect(keys).toEqual([['id']]);
  expect(types).toContain('uniqueidentifier');
  const { said, after } = steps['errors'] as { said: [string, string][]; after: number };
  expect(said.map(([state, text]) => [state, /\((\d+)\)/.exec(text)?.[1]])).toEqual([
    ['42S02', '208'],
    ['22012', '8134'],
    ['42000', '2812'],
  ]);
  expect(after).toBe(3);
});

test('pymssql: types, parameters, transactions, many rows, errors', async () => {
  // What it makes of `datetimeoffset` are bytes, and `time` it cannot read from any server.
  const select = 'SELECT id, b, bi, d, m, nv, c, vb FROM dbo.kinds ORDER BY id';
  const steps = stepsOf(await python('pymssql_client.py', ['kinds', 'parameters', 'transactions', 'bulk', 'errors'], { select }));
  expect((steps['kinds'] as { rows: unknown }).rows).toEqual([
    [
      1,
      true,
      -9_223_372_036_854_775_808,
      '1234567890123456789012345678.1234567891',
      '-922337203685477.5808',
      'Zürich €😀',
      'ab   ',
      '00ff10',
    ],
    [2, ...Array.from({ length: 7 }, () => null)],
  ]);
  expect(steps['parameters']).toEqual([[7, 'Zürich €', "it's", null]]);
  expect(steps['transactions']).toEqual([[1, 'kept']]);
  expect(steps['bulk']).toEqual([[50, 100, 'note 149']]);
  expect(steps['errors']).toEqual({ said: [208, 8134, 2812], after: [[3]] });
});

test.for(['off', 'request', 'require'])('jTDS (JDBC) with ssl=%s', async (ssl) => {
  const url = `jdbc:jtds:sqlserver://${scene.host}:${scene.port}/${scene.database};ssl=${ssl}`;
  const steps = ssl === 'off' ? ['kinds', 'parameters', 'transactions', 'batch', 'cancel', 'catalogue', 'errors'] : ['errors'];
  const args = [`-Dheavy=${heavyQuery}`, '-cp', '/usr/share/java/jtds.jar', join(scripts, 'JtdsClient.java'), url, scene.user, ...steps];
  const said = await runProgram('/usr/bin/java', args, { input: `${scene.password}\n` });
  const lines = new Map(said.out.split('\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]));
  expect([...lines.keys()]).toEqual([...steps, '']);
  expect(lines.get('errors')).toBe('208 8134 2812 3');
  const known: Record<string, unknown> = {
    kinds: expect.stringMatching(
      /^1\|1\|255\|-32768\|-9223372036854775808\|1234567890123456789012345678\.1234567891\|-922337203685477\.5808\|1\.5E300\|0\.25\|.*\|Zürich €😀\|é\|ab {3}\|x{10000} \/\/ /,
    ),
    parameters: [1, 2].map((round) => `${round}|Zürich €|12.50|null|2024-02-29 10:11:12.123`).join(' // '),
    transactions: '1 1|kept',
    batch: '50 50|100|note 149',
    cancel: 'HYT00 2',
    catalogue: expect.stringMatching(/^dbo\.kinds TABLE, id int, b bit, .*vb varbinary, key id$/),
  };
  expect(Object.fromEntries(steps.map((step) => [step, lines.get(step)]))).toEqual(
    Object.fromEntries(steps.map((step) => [step, step in known ? known[step] : lines.get(step)])),
  );
});

test("PostgreSQL's tds_fdw reads a pool as foreign tables", async () => {
  await using postgres = await startPostgres({ version: 'debian' });
  await using connection = await asPostgres(postgres.url());
  for (const sql of [
    'CREATE EXTENSION tds_fdw SCHEMA public',
    `CREATE SERVER pool FOREIGN DATA WRAPPER tds_fdw OPTIONS (servername '${scene.host}', port '${scene.port}', database '${scene.database}', tds_version '7.4')`,
    `CREATE USER MAPPING FOR CURRENT_USER SERVER pool OPTIONS (username '${scene.user}', password '${scene.password}')`,
    'CREATE SCHEMA pool',
    'IMPORT FOREIGN SCHEMA dbo LIMIT TO (keyed, bcp_notes) FROM SERVER pool INTO pool',
  ])
    await connection.query(sql);
  expect(await connection.query('SELECT id::text, name FROM pool.keyed WHERE id > 1 ORDER BY id')).toEqual([
    ['2', 'two'],
    ['3', 'three'],
  ]);
  const types = await connection.query(
    "SELECT column_name::text, data_type::text FROM information_schema.columns WHERE table_schema = 'pool' AND table_name = 'bcp_notes' ORDER BY ordinal_position",
  );
  expect(types).toEqual([
    ['id', 'integer'],
    ['note', 'character varying'],
    ['amount', 'numeric'],
  ]);
  expect(await connection.query('SELECT count(*)::text FROM pool.keyed')).toEqual([['3']]);
});

async function asPostgres(url: string): Promise<PgConnection & AsyncDisposable> {
  const connection = await PgConnection.connect({ ...parsePgUrl(url), dialer: directDialer }, new AbortController().signal);
  return Object.assign(connection, { [Symbol.asyncDispose]: () => connection.close() });
}
