import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { directDialer } from '#base/dialer.ts';
import { startPostgres, type TestPostgres } from '#test/servers/postgres.ts';
import { readMessage, type LogicalMessage } from '#wire/pgoutput/messages.ts';
import { newWalCursor, nextWal, outer, readKeepalive, standbyStatus } from '#wire/pgoutput/outer.ts';
import { isRowChange, newRowChange, oldKind, readRowChange, tupleKind, type RowChange, type TupleView } from '#wire/pgoutput/tuple.ts';
import { PgConnection } from './connection.ts';
import type { CopyBoth } from './copy-both.ts';
import { parsePgUrl } from './url.ts';

const never = new AbortController().signal;
let server: TestPostgres;
let admin: PgConnection;

beforeAll(async () => {
  server = await startPostgres({ settings: { logical_decoding_work_mem: '64kB' } });
  admin = await open();
  await admin.query('CREATE PUBLICATION everything FOR ALL TABLES');
});

afterAll(async () => {
  await admin?.close();
  await server?.[Symbol.asyncDispose]();
});

function open(replication?: 'database'): Promise<PgConnection> {
  return PgConnection.connect(
    { ...parsePgUrl(server.url()), dialer: directDialer, replication, settings: { search_path: 'public' } },
    never,
  );
}

function show(bytes: Uint8Array, view: TupleView): string {
  const values: string[] = [];
  for (let i = 0; i < view.count; i++) {
    const value = Buffer.from(bytes.subarray(view.start[i], view.end[i]));
    const kind = view.kind[i];
    values.push(
      kind === tupleKind.null
        ? 'NULL'
        : kind === tupleKind.unchanged
          ? 'UNCHANGED'
          : kind === tupleKind.binary
            ? `\\x${value.toString('hex')}`
            : value.toString(),
    );
  }
  return `(${values.join(',')})`;
}

function showChange(bytes: Uint8Array, change: RowChange, relations: ReadonlyMap<number, string>): string {
  const name = relations.get(change.relation);
  const old = change.oldKind === oldKind.none ? '' : ` ${String.fromCharCode(change.oldKind)}${show(bytes, change.old)}`;
  const row = change.tag === 0x44 ? '' : ` ${show(bytes, change.new)}`;
  return `${String.fromCharCode(change.tag)} ${name}${old}${row}`;
}

/** Reads until `isLast`; each row change as a line, each other message as it is. */
async function collect(stream: CopyBoth, isLast: (message: LogicalMessage) => boolean): Promise<(string | LogicalMessage)[]> {
  const found: (string | LogicalMessage)[] = [];
  const relations = new Map<number, string>();
  const cursor = newWalCursor();
  const change = newRowChange();
  let streamed = false;
  let done = false;
  const take = (buffer: Uint8Array): void => {
    if (isRowChange(buffer[cursor.start]!)) {
      readRowChange(buffer, cursor, streamed, change);
      found.push(showChange(buffer, change, relations));
      return;
    }
    const message = readMessage(buffer, cursor, streamed);
    found.push(message);
    if (message.kind === 'relation') relations.set(message.oid, message.name);
    if (message.kind === 'stream-start' || message.kind === 'stream-stop') streamed = message.kind === 'stream-start';
    done ||= isLast(message);
  };
  while (!done) {
    const buffer = await stream.read();
    if (buffer === undefined) throw new Error('the stream ended');
    cursor.next = 0;
    while (nextWal(buffer, cursor)) if (cursor.kind === outer.walRecords) take(buffer);
  }
  return found;
}

async function follow(slot: string, options: string): Promise<{ connection: PgConnection; stream: CopyBoth }> {
  const connection = await open('database');
  onTestFinished(() => connection.close());
  const [created] = await connection.queryObjects(`CREATE_REPLICATION_SLOT ${slot} LOGICAL pgoutput NOEXPORT_SNAPSHOT`);
  expect(created).toMatchObject({ slot_name: slot, output_plugin: 'pgoutput' });
  const stream = await connection.copyBoth(`START_REPLICATION SLOT ${slot} LOGICAL 0/0 (publication_names 'everything', ${options})`);
  return { connection, stream };
}

const isEnd = (message: LogicalMessage): boolean => message.kind === 'message' && message.prefix === 'end';
const end = `SELECT pg_logical_emit_message(false, 'end', '')`;
const rowsOf = (found: readonly (string | LogicalMessage)[]): string[] => found.filter((one) => typeof one === 'string');

test('every kind of change arrives as it was made', async () => {
  await admin.query(`
    CREATE TYPE mood AS ENUM ('calm');
    CREATE TABLE shop (id int PRIMARY KEY, note text, big text, feeling mood);
    ALTER TABLE shop ALTER big SET STORAGE EXTERNAL;
    CREATE TABLE whole (a int, b text); ALTER TABLE whole REPLICA IDENTITY FULL;`);
  const { connection, stream } = await follow('changes', `proto_version '1', messages 'true'`);
  await admin.query(`INSERT INTO shop VALUES (1, 'é', repeat('x', 9000), 'calm'), (2, NULL, '', NULL)`);
  await admin.query(`UPDATE shop SET note = 'new' WHERE id = 1`);
  await admin.query(`UPDATE shop SET id = 3 WHERE id = 2; DELETE FROM shop WHERE id = 3`);
  await admin.query(`INSERT INTO whole VALUES (1, NULL); UPDATE whole SET b = 'y'; DELETE FROM whole`);
  await admin.query(`ALTER TABLE shop RENAME note TO remark; INSERT INTO shop VALUES (4)`);
  await admin.query('TRUNCATE shop, whole RESTART IDENTITY CASCADE');
  await admin.query(end);
  const found = await collect(stream, isEnd);
  expect(rowsOf(found)).toEqual([
    `I shop (1,é,${'x'.repeat(9000)},calm)`,
    'I shop (2,NULL,,NULL)',
    'U shop (1,new,UNCHANGED,calm)',
    'U shop K(2,NULL,NULL,NULL) (3,NULL,,NULL)',
    'D shop K(3,NULL,NULL,NULL)',
    'I whole (1,NULL)',
    'U whole O(1,NULL) (1,y)',
    'D whole O(1,y)',
    'I shop (4,NULL,NULL,NULL)',
  ]);
  const others = found.filter((one) => typeof one !== 'string');
  expect(others.filter((one) => one.kind === 'begin')).toHaveLength(6);
  const pairs = others
    .filter((one) => one.kind === 'begin' || one.kind === 'commit')
    .map((one) => [one.kind === 'begin' ? one.finalLsn : one.commitLsn, one.committedAtUs]);
  for (let i = 0; i < pairs.length; i += 2) expect(pairs[i]).toEqual(pairs[i + 1]);
  const commits = others.filter((one) => one.kind === 'commit');
  expect(Math.abs(Number(commits.at(-1)!.committedAtUs / 1000n) - Date.now())).toBeLessThan(60_000);
  expect(others.filter((one) => one.kind === 'type').map((one) => one.name)).toContain('mood');
  const shapes = others
    .filter((one) => one.kind === 'relation')
    .filter((one) => one.name === 'shop')
    .map((one) => `${one.schema} ${one.replicaIdentity} ${one.columns.map((column) => `${column.name}:${column.key}`).join(' ')}`);
  // The server may tell a shape again at any time.
  expect(shapes.filter((shape, i) => shape !== shapes[i - 1])).toEqual([
    'public d id:true note:false big:false feeling:false',
    'public d id:true remark:false big:false feeling:false',
  ]);
  expect(others.filter((one) => one.kind === 'truncate')).toMatchObject([
    { relations: [expect.any(Number), expect.any(Number)], cascade: true, restartIdentity: true },
  ]);
  await stream.end();
  expect(await connection.query('SELECT 1')).toEqual([['1']]);
  await connection.query('DROP_REPLICATION_SLOT changes');
});

test('what is confirmed moves the slot, and a keepalive answers at once', async () => {
  const { connection, stream } = await follow('confirmed', `proto_version '1', messages 'true'`);
  await admin.query(end);
  await collect(stream, isEnd);
  const head = BigInt((await admin.query(`SELECT pg_current_wal_lsn() - '0/0'`))[0]![0]!);
  stream.write(standbyStatus({ written: head, flushed: head, applied: head, sentAtUs: BigInt(Date.now()) * 1000n, replyRequested: true }));
  const cursor = newWalCursor();
  for (let seen = false; !seen;) {
    const buffer = (await stream.read())!;
    cursor.next = 0;
    while (nextWal(buffer, cursor)) if (cursor.kind === outer.keepalive && readKeepalive(buffer, cursor).walEnd >= head) seen = true;
  }
  const confirmed = async (): Promise<unknown> =>
    (await admin.query(`SELECT confirmed_flush_lsn - '0/0' >= ${head} FROM pg_replication_slots WHERE slot_name = 'confirmed'`))[0]?.[0];
  await expect.poll(confirmed).toBe('t');
  await stream.end();
  await connection.query('DROP_REPLICATION_SLOT confirmed');
});

test('large transactions are streamed while they run; what is rolled back is told', async () => {
  await admin.query('CREATE TABLE large (id int PRIMARY KEY, text text)');
  const { connection, stream } = await follow('streamed', `proto_version '2', streaming 'on', messages 'true'`);
  await admin.query(`
    BEGIN; INSERT INTO large SELECT i, repeat('x', 100) FROM generate_series(1, 5000) i;
    SAVEPOINT part; INSERT INTO large SELECT i, repeat('y', 100) FROM generate_series(5001, 10000) i; ROLLBACK TO part;
    INSERT INTO large VALUES (20000, 'last'); COMMIT`);
  await admin.query(`BEGIN; INSERT INTO large SELECT i, repeat('z', 100) FROM generate_series(30000, 35000) i; ROLLBACK`);
  await admin.query(end);
  const found = await collect(stream, isEnd);
  const others = found.filter((one) => typeof one !== 'string');
  const starts = others.filter((one) => one.kind === 'stream-start');
  expect(starts.length).toBeGreaterThan(1);
  expect(starts[0]).toMatchObject({ first: true, xid: expect.any(Number) });
  expect(others.filter((one) => one.kind === 'stream-stop')).toHaveLength(starts.length);
  const [commit] = others.filter((one) => one.kind === 'stream-commit');
  expect(commit).toMatchObject({ xid: starts[0]!.xid });
  const aborts = others.filter((one) => one.kind === 'stream-abort');
  expect(aborts.some((one) => one.xid === commit!.xid && one.subXid !== one.xid)).toBe(true);
  const rows = rowsOf(found);
  expect(rows).toContain('I large (20000,last)');
  expect(rows.filter((row) => row.includes('xxx'))).toHaveLength(5000);
  await stream.end();
  await connection.query('DROP_REPLICATION_SLOT streamed');
});

test('values in binary', async () => {
  await admin.query('CREATE TABLE forms (id bigint PRIMARY KEY, at timestamptz)');
  const { connection, stream } = await follow('forms', `proto_version '2', binary 'true', messages 'true'`);
  await admin.query(`INSERT INTO forms VALUES (258, '2000-01-01 00:00:01+00')`);
  await admin.query(end);
  expect(rowsOf(await collect(stream, isEnd))).toEqual(['I forms (\\x0000000000000102,\\x00000000000f4240)']);
  await stream.end();
  await connection.query('DROP_REPLICATION_SLOT forms');
});

test('a slot that another reader holds, and one that is not there', async () => {
  const { connection, stream } = await follow('held', `proto_version '1'`);
  const other = await open('database');
  onTestFinished(() => other.close());
  const start = (slot: string): Promise<CopyBoth> =>
    other.copyBoth(`START_REPLICATION SLOT ${slot} LOGICAL 0/0 (proto_version '1', publication_names 'everything')`);
  await expect(start('held')).rejects.toMatchObject({ kind: 'conflict', code: 'ObjectInUse' });
  await expect(start('nowhere')).rejects.toMatchObject({ kind: 'missing', code: 'ObjectMissing' });
  expect(await other.query('SELECT 1')).toEqual([['1']]);
  await stream.end();
  await connection.query('DROP_REPLICATION_SLOT held');
});
