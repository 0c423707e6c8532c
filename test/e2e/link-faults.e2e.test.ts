import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { makeAuthority } from '#replication/sources/postgres/test-certificates.ts';
import { startPostgres, type TestPostgres } from '../servers/postgres.ts';
import { connectTo } from './bank.ts';
import { ControlPlane } from './control-plane.ts';
import { LinkGround } from './link-ground.ts';
import { isThere, until } from './program.ts';

const trusted = mkdtempSync(join(tmpdir(), 'isthmus-authority-'));
/** Each takes a few seconds where nothing else runs. */
vi.setConfig({ testTimeout: 150_000 });

let database: TestPostgres;
let plane: ControlPlane;
let ground: LinkGround;

/** The source speaks TLS too, with a certificate for another name than the one that is addressed; its authority is trusted. */
async function secure(): Promise<void> {
  const authority = makeAuthority('Authority of the sources');
  const { certificate, key } = authority.issue({ commonName: 'other', dnsNames: ['other.shop.example'] });
  await using admin = await connectTo(database.url());
  for (const [name, content] of [
    ['server.crt', certificate],
    ['server.key', key],
  ] as const) {
    const literal = content.replaceAll('\n', '\\n');
    await admin.query(`COPY (SELECT unnest(string_to_array(E'${literal}', E'\\n'))) TO PROGRAM 'umask 077; cat > ${name}'`);
  }
  await admin.query('ALTER SYSTEM SET ssl = on');
  await admin.query('SELECT pg_reload_conf()');
  const file = join(trusted, 'ca.pem');
  writeFileSync(file, authority.certificate);
  process.env['NODE_EXTRA_CA_CERTS'] = file;
}

beforeAll(async () => {
  database = await startPostgres();
  await secure();
  plane = await ControlPlane.start();
  ground = new LinkGround(plane, database);
  await ground.lay();
  await ground.approve();
});
afterAll(async () => {
  await plane[Symbol.asyncDispose]();
  plane.forget();
  rmSync(trusted, { recursive: true });
  await database[Symbol.asyncDispose]();
});

/** Log of this size, of which nothing is anybody's row. */
async function writeLog(megabytes: number): Promise<void> {
  const sql = `SELECT pg_logical_emit_message(true, 'filler', repeat('x', 1048576)) IS NULL FROM generate_series(1, ${megabytes})`;
  await ground.source(sql);
}

test('a login, database, name or certificate that is wrong is said with its remedy, and mended by saving the linked service again', async () => {
  await ground.fill('logins');
  await ground.link('logins', ['logins']);
  const wrong: readonly (readonly [what: object, code: string, password?: string])[] = [
    [{}, 'WrongPassword', 'not the one'],
    [{ database: 'nowhere' }, 'DatabaseMissing'],
    [{ server: 'nowhere.shop.example' }, 'NameNotFound'],
    [{ sslMode: 'verify-full' }, 'CertificateName'],
  ];
  const check = async (state: string): Promise<void> => {
    for (const [more, code, password] of wrong) {
      await ground.saveService(password, more);
      if (state === 'Initial') {
        await ground.act('logins', 'start');
        state = 'Starting';
      }
      const { error } = await ground.reached('logins', state, code);
      expect(error).toMatchObject({ message: expect.stringContaining(error!.remedy!), remedy: expect.stringMatching(/.{20}/) });
      expect(JSON.stringify(error)).not.toContain('not the one');
    }
  };
  await check('Initial');
  expect(await ground.kept()).toEqual([]);
  await ground.saveService(database.password, { sslMode: 'verify-ca' });
  const { continuousRunId } = await ground.reached('logins', 'Running');
  await ground.equal('logins');
  await check('Resuming');
  await ground.source('UPDATE public.logins SET amount = 1 WHERE id = 1');
  await ground.saveService();
  expect((await ground.reached('logins', 'Running')).continuousRunId).toBe(continuousRunId);
  await ground.equal('logins');
  await ground.remove('logins');
  expect(await ground.kept()).toEqual([]);
});

test('in batches the worker is gone after each, and the next one is foretold', async () => {
  await ground.fill('batches');
  const compute = { coreCount: 4, computeType: 'General' };
  await ground.link('batches', ['batches'], {}, { compute: { ...compute, dataProcessIntervalMinutes: 1 } });
  await ground.act('batches', 'start');
  const between = await until('a batch is done', async () => {
    const status = await ground.status('batches');
    return status.isthmus.nextBatch !== undefined && status;
  });
  expect(between).toMatchObject({ status: 'Running' });
  expect(Date.parse(between.isthmus.nextBatch!) - Date.now()).toBeLessThanOrEqual(60_000);
  await until('the worker is gone', () => !isThere(between.isthmus.pid!));
  await ground.equal('batches');
  await ground.source(`UPDATE public.batches SET note = 'between' WHERE id = 7; DELETE FROM public.batches WHERE id = 8`);
  expect(await ground.query('SELECT note FROM public.batches WHERE id IN (7, 8) ORDER BY id')).toEqual([['row 7'], ['row 8']]);
  expect(await ground.kept()).toHaveLength(3);
  await ground.saveLink('batches', {}, { compute });
  await ground.equal('batches');
  const { isthmus } = await ground.reached('batches', 'Running');
  expect([isthmus.nextBatch, isThere(isthmus.pid!)]).toEqual([undefined, true]);
  await ground.remove('batches');
});

test('a link that is deleted while its source is away goes once the source is back; one that is abandoned goes without it', async () => {
  await ground.fill('leaving');
  await ground.fill('left');
  for (const name of ['leaving', 'left']) {
    await ground.link(name, [name]);
    await ground.act(name, 'start');
  }
  for (const name of ['leaving', 'left']) await ground.reached(name, 'Running');
  await ground.equal('leaving', 'left');
  const slots = [(await ground.status('leaving')).isthmus.run!.slot, (await ground.status('left')).isthmus.run!.slot];
  await database.stop('fast');
  await ground.send('DELETE', `${ground.at}/linkconnections/leaving`);
  await ground.act('left', 'stop');
  const { error } = await until('it says why', async () => {
    const status = await ground.status('leaving');
    return status.status === 'Stopping' && status.error !== undefined && status;
  });
  expect(error).toMatchObject({ code: expect.anything(), remedy: expect.stringMatching(/leaving\/abandon/) });
  expect((await plane.ask({ method: 'POST', path: `${ground.at}/linkconnections/leaving/start` })).json.error.code).toBe(
    'ResourceBeingDeleted',
  );
  const { slots: owed, sql } = (await ground.act('left', 'abandon')).json as { readonly slots: string[]; readonly sql: string[] };
  expect(owed).toEqual([slots[1]]);
  await ground.gone('left');
  expect((await ground.status('leaving')).status).toBe('Stopping');
  await database.start();
  await ground.gone('leaving');
  expect(await ground.kept()).toEqual([slots[1], slots[1], `${slots[1]!}_append`]);
  for (const statement of sql) await ground.source(statement);
  expect(await ground.kept()).toEqual([]);
});

test('a paused link whose source keeps too much log warns, gives its place up, and copies anew when a human resumes it', async () => {
  await ground.fill('kept');
  const budget = (mostBytes: number): object => ({ isthmus: { logBudget: { mostBytes } } });
  await ground.link('kept', ['kept'], {}, budget(31 * 1_048_576));
  await ground.act('kept', 'start');
  await ground.reached('kept', 'Running');
  await ground.equal('kept');
  await ground.act('kept', 'pause');
  await ground.reached('kept', 'Paused');
  await ground.source(`UPDATE public.kept SET note = 'while it was paused' WHERE id % 2 = 0`);
  await writeLog(16);
  await ground.saveLink('kept', {}, budget(32 * 1_048_576));
  await ground.reached('kept', 'Paused', 'LogBudgetWarning');
  expect(await ground.kept()).toHaveLength(3);
  await writeLog(48);
  await ground.saveLink('kept', {}, budget(33 * 1_048_576));
  const { error } = await ground.reached('kept', 'Paused', 'LogBudgetExceeded');
  expect(error!.remedy).toContain('Resume the link');
  await until('the source has its log back', async () => (await ground.kept()).length === 0);
  await ground.reached('kept', 'Paused', 'LogBudgetExceeded');
  await ground.act('kept', 'resume');
  expect((await ground.reached('kept', 'Running')).isthmus.run!.number).toBe(2);
  await ground.equal('kept');
  await ground.remove('kept');
});

test('a running link that cannot keep its source from keeping log begins anew by itself, where that is asked for', async () => {
  await ground.fill('anew');
  await ground.link('anew', ['anew'], {}, { isthmus: { logBudget: { mostBytes: 32 * 1_048_576, whenExceeded: 'reseed' } } });
  await ground.act('anew', 'start');
  await ground.reached('anew', 'Running');
  await ground.equal('anew');
  await using lasting = await connectTo(database.url());
  // As long as a transaction lasts, a server keeps the log since its beginning.
  await lasting.query(`BEGIN; UPDATE public.anew SET note = 'lasting' WHERE id = 1`);
  await writeLog(64);
  await until('it begins anew', async () => (await ground.status('anew')).isthmus.run?.number === 2);
  await lasting.query('COMMIT');
  expect((await ground.reached('anew', 'Running')).isthmus.run!.number).toBe(2);
  await ground.equal('anew');
  const { isthmus } = (await ground.status('anew')) as unknown as { readonly isthmus: { readonly events: { readonly code: string }[] } };
  expect(isthmus.events.map(({ code }) => code)).toContain('LogBudgetExceeded');
  await ground.remove('anew');
  expect(await ground.kept()).toEqual([]);
});

test('a second start, and a second link on a source table or a target table, are refused by name', async () => {
  for (const table of ['owned', 'other']) await ground.fill(table);
  await ground.link('first', ['owned']);
  await ground.act('first', 'start');
  const refused = async (path: string, body?: unknown): Promise<readonly [number, string, string]> => {
    const { status, json } = await plane.ask({ method: 'POST', path: `${ground.at}/linkconnections/${path}`, body });
    return [status, json.error.code, json.error.message];
  };
  expect(await refused('first/start')).toEqual([409, 'LinkStateConflict', expect.stringMatching(/'first' is (Starting|Running)/)]);
  await ground.saveLink('second');
  const add = (source: string, target: string): object => ({
    linkTables: [
      {
        source: { schemaName: 'public', tableName: source },
        target: { schemaName: 'public', tableName: target },
        operationType: 'add',
      },
    ],
  });
  const bySource = await refused('second/edittables', add('owned', 'elsewhere'));
  expect(bySource).toEqual([409, 'LinkTableInOtherLink', expect.stringMatching(/public\.owned .*linkConnections\/first/)]);
  const byTarget = await refused('second/edittables', add('other', 'OWNED'));
  expect(byTarget).toEqual([409, 'LinkTargetInOtherLink', expect.stringMatching(/public\."OWNED" .*linkConnections\/first/)]);
  await ground.remove('second');
  await ground.remove('first');
});

test('tables without key, without rights, dropped and altered while it runs suffer alone, and come back when they are mended', async () => {
  const names = ['good', 'forbidden', 'dropped', 'altered'];
  for (const name of names) await ground.fill(name);
  await ground.source(`CREATE TABLE public.keyless (id int, amount bigint, note text); INSERT INTO public.keyless VALUES (1, 1, 'one');
    CREATE ROLE linker LOGIN REPLICATION PASSWORD 'linking'; GRANT CREATE ON DATABASE postgres TO linker`);
  for (const name of ['good', 'dropped', 'altered', 'keyless']) await ground.source(`ALTER TABLE public.${name} OWNER TO linker`);
  await ground.saveService('linking', { username: 'linker' });
  await ground.link('tables', [...names, 'keyless']);
  await ground.act('tables', 'start');
  await ground.reached('tables', 'Running');
  const forbidden = await ground.tableReached('tables', 'forbidden', 'Failed', 'NoSelectRight');
  expect(forbidden).toMatchObject({ remedy: expect.stringContaining('GRANT'), errorMessage: expect.stringContaining('public.forbidden') });
  await ground.equal('good', 'dropped', 'altered', 'keyless');
  const { isthmus } = await ground.status('tables');
  expect(isthmus.findings).toContainEqual(expect.objectContaining({ code: 'AppendOnly', target: 'public.keyless' }));

  await ground.source(`DROP TABLE public.dropped`);
  await ground.source(`ALTER TABLE public.altered ALTER amount TYPE numeric(20, 2); INSERT INTO public.altered VALUES (0, 'NaN', 'none')`);
  await ground.source(`INSERT INTO public.keyless VALUES (2, 2, 'two'); UPDATE public.good SET note = 'goes on' WHERE id = 3`);
  const altered = await ground.tableReached('tables', 'altered', 'Failed', 'ValueOutOfRange');
  const dropped = await ground.tableReached('tables', 'dropped', 'Failed', 'TableGone');
  for (const { remedy } of [altered, dropped]) expect(remedy).toMatch(/.{20}/);
  await ground.equal('good', 'keyless');
  const status = (await ground.status('tables')) as unknown as { readonly isPartiallyFailed: boolean; readonly status: string };
  expect(status).toMatchObject({ status: 'Running', isPartiallyFailed: true });

  await ground.source('DELETE FROM public.altered WHERE id = 0; ALTER TABLE public.forbidden OWNER TO linker');
  await ground.fill('dropped', 20);
  await ground.source('ALTER TABLE public.dropped OWNER TO linker');
  const tables = ['forbidden', 'dropped', 'altered'].map((tableName) => ({ schemaName: 'public', tableName }));
  await ground.act('tables', 'retry', { tables });
  await ground.equal(...names, 'keyless');
  for (const name of names) await ground.tableReached('tables', name, 'Replicating');
  await ground.saveService();
  await ground.remove('tables');
  expect(await ground.kept()).toEqual([]);
});
