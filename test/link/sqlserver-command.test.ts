import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { expect, test } from 'vitest';
import { linkCommand, type LinkCommand } from '../../src/bin/link/link-command.ts';
import { doubleOwner, SqlServerDouble } from '../servers/sqlserver-double/server.ts';
import { insert, update } from '../servers/sqlserver-double/writes.ts';

test.each(['change-tracking', 'cdc'] as const)('isthmus link fills a pool file from sqlserver:// by %s', async (capture) => {
  await using server = await SqlServerDouble.start();
  const database = server.database();
  const columns = {
    id: 'bigint',
    price: 'decimal(38,4) null',
    at: 'datetime2(6) null',
    raw: 'varbinary(16) null',
    said: 'varchar(20) null',
  };
  database.create('dbo.orders', columns, ['id']);
  database.trackChanges(7 * 24 * 60);
  database.trackTable('dbo.orders');
  database.enableCapture();
  database.captureTable('dbo.orders');
  const row = { price: '1234567890123456789012345678.1234', at: '2024-05-06 07:08:09.123456', raw: Uint8Array.of(0, 255), said: 'grüß' };
  database.transact([
    insert('dbo.orders', { id: 9_007_199_254_740_993n, ...row }, { id: 2, price: null, at: null, raw: null, said: null }),
  ]);
  const folder = await mkdtemp(join(tmpdir(), 'isthmus-command-'));
  try {
    await writeFile(join(folder, 'password'), `${doubleOwner.password}\n`);
    const command: LinkCommand = {
      from: `sqlserver://${doubleOwner.user}@localhost:${server.port}/shop?encrypt=optional`,
      to: join(folder, 'pool.duckdb'),
      tables: undefined,
      capture,
      once: true,
      release: false,
      check: false,
      resync: undefined,
      asText: [],
      failover: false,
      memoryMb: 160,
      onExisting: 'drop',
      passwordFile: join(folder, 'password'),
      password: undefined,
    };
    const said: string[] = [];
    const output = { write: (text: string) => void said.push(text), isTerminal: false, columns: 80 };
    const signal = new AbortController().signal;
    // A password in the clear is not sent, whatever the URL asks for.
    await expect(linkCommand(command, output, signal)).rejects.toMatchObject({ code: 'CleartextPassword' });
    const plain = { ...command, from: command.from.replace('optional', 'none') };
    await linkCommand(plain, output, signal);
    database.transact([update('dbo.orders', { id: 2 }, { said: 'later' })]);
    await linkCommand(plain, output, signal);
    const instance = await DuckDBInstance.create(command.to, { access_mode: 'READ_ONLY' });
    const connection = await instance.connect();
    const rows = await connection.runAndReadAll(
      'SELECT id::VARCHAR, price::VARCHAR, "at"::VARCHAR, hex(raw), said FROM dbo.orders ORDER BY id',
    );
    connection.closeSync();
    instance.closeSync();
    expect(rows.getRows()).toEqual([
      ['2', null, null, null, 'later'],
      ['9007199254740993', '1234567890123456789012345678.1234', '2024-05-06 07:08:09.123456', '00FF', 'grüß'],
    ]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
