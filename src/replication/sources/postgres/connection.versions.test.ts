import { expect, test } from 'vitest';
import { directDialer } from '#base/dialer.ts';
import { startPostgres } from '#test/servers/postgres.ts';
import { readMessage } from '#wire/pgoutput/messages.ts';
import { newWalCursor, nextWal, outer } from '#wire/pgoutput/outer.ts';
import { isRowChange, newRowChange, readRowChange } from '#wire/pgoutput/tuple.ts';
import { PgConnection } from './connection.ts';
import { parsePgUrl } from './url.ts';

const never = new AbortController().signal;

test.each([13, 14, 15, 16, 17] as const)('PostgreSQL %i: login, query, copy and a replication stream', async (version) => {
  await using server = await startPostgres({ version });
  const options = { ...parsePgUrl(server.url()), dialer: directDialer };
  await using connection = await PgConnection.connect(options, never);
  expect(Math.floor(connection.serverVersion / 10_000)).toBe(version);
  let bytes = 0;
  for await (const buffer of connection.copyOut('COPY (SELECT i FROM generate_series(100000, 199999) i) TO STDOUT')) bytes += buffer.length;
  expect(bytes).toBe(100_000 * 12);
  await connection.query('CREATE TABLE public.t (id int PRIMARY KEY); CREATE PUBLICATION p FOR ALL TABLES');
  await using replication = await PgConnection.connect({ ...options, replication: 'database' }, never);
  await replication.query('CREATE_REPLICATION_SLOT s LOGICAL pgoutput NOEXPORT_SNAPSHOT');
  const stream = await replication.copyBoth(`START_REPLICATION SLOT s LOGICAL 0/0 (proto_version '1', publication_names 'p')`);
  await connection.query('INSERT INTO public.t SELECT generate_series(1, 1000)');
  const cursor = newWalCursor();
  const change = newRowChange();
  let rows = 0;
  for (let committed = false; !committed;) {
    const buffer = (await stream.read())!;
    cursor.next = 0;
    while (nextWal(buffer, cursor)) {
      if (cursor.kind !== outer.walRecords) continue;
      if (!isRowChange(buffer[cursor.start]!)) committed = readMessage(buffer, cursor, false).kind === 'commit';
      else {
        readRowChange(buffer, cursor, false, change);
        rows += change.new.count;
      }
    }
  }
  expect(rows).toBe(1000);
  await stream.end();
  expect(await replication.query('SELECT 1')).toEqual([['1']]);
});
