import { expect, test } from 'vitest';
import { lsnBytes, lsnOf } from './capture.ts';
import { DatabaseDouble } from './database.ts';
import { compareValues } from './order.ts';
import { rowsInOrder, valueOf } from './table.ts';
import { netChanges } from './tracking.ts';
import { parseType } from './types.ts';
import { insert, remove, truncate, update } from './writes.ts';

function shop(): DatabaseDouble {
  const database = new DatabaseDouble('shop', 5, '2026-01-01 00:00:00.000');
  database.create('dbo.orders', { id: 'int', said: 'nvarchar(20) null' }, ['id']);
  return database;
}

function nets(database: DatabaseDouble, from: bigint): readonly (readonly unknown[])[] {
  const table = database.table('dbo.orders');
  return netChanges(table, table.tracking!, from).map(({ version, operation, key }) => [version, operation, ...key]);
}

test('a state that was taken stays as it was', () => {
  const database = shop();
  database.transact([insert('dbo.orders', { id: 1n, said: 'one' })]);
  const before = database.state;
  database.transact([update('dbo.orders', { id: 1n }, { said: 'two' }), insert('dbo.orders', { id: 2n })]);
  expect(before.tables.get(database.table('dbo.orders').objectId)?.rows.size).toBe(1);
  expect(database.rows('dbo.orders')).toEqual([
    { id: 1n, said: 'two' },
    { id: 2n, said: null },
  ]);
});

test('a transaction that fails leaves nothing', () => {
  const database = shop();
  expect(() => database.transact([insert('dbo.orders', { id: 1n }), insert('dbo.orders', { id: 1n })])).toThrow(/PRIMARY KEY/);
  expect(database.rows('dbo.orders')).toEqual([]);
});

test('change tracking tells each key once, by what became of it since', () => {
  const database = shop();
  database.transact([insert('dbo.orders', { id: 9n }, { id: 1n })]);
  database.trackChanges();
  database.trackTable('dbo.orders');
  expect(nets(database, 0n)).toEqual([]);
  database.transact([insert('dbo.orders', { id: 2n }), update('dbo.orders', { id: 2n }, { said: 'in the same' })]);
  database.transact([update('dbo.orders', { id: 2n }, { said: 'later' }), remove('dbo.orders', { id: 9n })]);
  expect(nets(database, 0n)).toEqual([
    [2n, 'I', 2n],
    [2n, 'D', 9n],
  ]);
  expect(nets(database, 1n)).toEqual([
    [2n, 'U', 2n],
    [2n, 'D', 9n],
  ]);
  database.transact([update('dbo.orders', { id: 1n }, { id: 9n })]);
  expect(nets(database, 2n)).toEqual([
    [3n, 'D', 1n],
    [3n, 'I', 9n],
  ]);
  database.transact([insert('dbo.orders', { id: 5n }), remove('dbo.orders', { id: 5n })]);
  expect(nets(database, 3n)).toEqual([[4n, 'D', 5n]]);
});

test('what was cleaned up or truncated makes earlier versions invalid, and CHANGETABLE does not say so', () => {
  const database = shop();
  database.trackChanges();
  database.trackTable('dbo.orders');
  database.transact([insert('dbo.orders', { id: 1n })]);
  database.transact([insert('dbo.orders', { id: 2n })]);
  database.cleanUpTracking(1n);
  expect(database.table('dbo.orders').tracking).toMatchObject({ minValidVersion: 1n, beginVersion: 0n });
  expect(nets(database, 0n)).toEqual([[2n, 'I', 2n]]);
  database.transact([truncate('dbo.orders'), insert('dbo.orders', { id: 7n })]);
  expect(database.table('dbo.orders').tracking).toMatchObject({ minValidVersion: 3n, beginVersion: 3n });
  expect(nets(database, 2n)).toEqual([[3n, 'I', 7n]]);
  database.untrackTable('dbo.orders');
  expect(database.table('dbo.orders').tracking).toBeUndefined();
});

test('a capture instance has every change in order, with the columns that it was made with', () => {
  const database = shop();
  database.transact([insert('dbo.orders', { id: 1n })]);
  database.enableCapture();
  expect(() => database.cleanUpCapture()).not.toThrow();
  database.captureTable('dbo.orders');
  database.addColumn('dbo.orders', 'more', 'int null', 4n);
  database.captureTable('dbo.orders', { instance: 'dbo_orders_2' });
  expect(() => database.captureTable('dbo.orders', { instance: 'third' })).toThrow(/22962/);
  database.transact([insert('dbo.orders', { id: 2n, said: 'x' }), update('dbo.orders', { id: 1n }, { id: 3n })]);
  database.transact([update('dbo.orders', { id: 2n }, { said: 'y' }), remove('dbo.orders', { id: 3n })]);
  const [first, second] = database.state.capture!.instances;
  expect(first!.columns.map(({ name }) => name)).toEqual(['id', 'said']);
  expect(second!.columns.map(({ name }) => name)).toEqual(['id', 'said', 'more']);
  expect(first!.ddl.map(({ command }) => command)).toEqual(['ALTER TABLE dbo.orders ADD more']);
  expect(second!.ddl).toEqual([]);
  expect(first!.changes.map(({ operation, row }) => [operation, ...row.values()])).toEqual([
    [2, 2n, 'x'],
    [1, 1n, null],
    [2, 3n, null],
    [3, 2n, 'x'],
    [4, 2n, 'y'],
    [1, 3n, null],
  ]);
  const [, moveFrom, moveTo] = first!.changes;
  expect(moveFrom!.seqval).toBe(moveTo!.seqval);
  expect(first!.changes.every(({ seqval, startLsn }) => seqval < startLsn)).toBe(true);
  expect(second!.changes.at(-1)?.row.get(3)).toBe(4n);
  expect(() => database.transact([truncate('dbo.orders')])).toThrow(/4711/);
});

test('the capture job may lag, and its cleanup moves the least place on', () => {
  const database = shop();
  database.enableCapture();
  database.captureTable('dbo.orders');
  database.capturesAtOnce = false;
  database.transact([insert('dbo.orders', { id: 1n })]);
  database.transact([insert('dbo.orders', { id: 2n })]);
  expect(database.state.capture!.instances[0]!.changes).toEqual([]);
  database.capture(1);
  expect(database.state.capture!.instances[0]!.changes.length).toBe(1);
  database.capture();
  const last = database.state.capture!.mapping.at(-1)!;
  expect(last.isTransaction).toBe(true);
  database.cleanUpCapture(last.lsn);
  expect(database.state.capture!.instances[0]).toMatchObject({ minLsn: last.lsn, changes: [{ startLsn: last.lsn }] });
  expect(lsnOf(lsnBytes(last.lsn))).toBe(last.lsn);
  expect(lsnBytes(last.lsn).length).toBe(10);
});

test('a restore takes back what was written since, and is another database from then on', () => {
  const database = shop();
  database.trackChanges();
  database.trackTable('dbo.orders');
  const [backup, before] = [database.state, database.identity];
  database.transact([insert('dbo.orders', { id: 1n })]);
  database.restore(backup);
  expect([database.rows('dbo.orders'), database.state.tracking?.version]).toEqual([[], 0n]);
  expect(database.identity.forkGuid).not.toBe(before.forkGuid);
  expect(database.identity.brokerGuid).toBe(before.brokerGuid);
});

test('rows of a clustered key come in the order of the server', () => {
  const database = new DatabaseDouble('shop', 5, '2026-01-01 00:00:00.000');
  database.create('dbo.ids', { id: 'uniqueidentifier', n: 'int' }, ['id']);
  const ids = [
    '00000000-0000-0000-0000-000000000002',
    'FF000000-0000-0000-0000-000000000001',
    '00000000-0000-0000-0100-000000000001',
    '00000000-0000-FF00-0000-000000000001',
    '00000000-0000-0001-0000-000000000001',
  ];
  database.transact(ids.map((id, n) => insert('dbo.ids', { id, n: BigInt(n) })));
  const table = database.table('dbo.ids');
  // The last six bytes decide first, then the two before; of the third group the second pair of digits before the first.
  expect(rowsInOrder(table).map((row) => Number(valueOf(table, row, table.columns[1]!)))).toEqual([1, 3, 4, 2, 0]);
  expect(compareValues(parseType('nvarchar(9)'), 'abc ', 'ABC')).toBe(0);
  expect(compareValues(parseType('decimal(38,2)'), '-12345678901234567890.10', '-12345678901234567890.09')).toBeLessThan(0);
  expect(compareValues(parseType('datetimeoffset(0)'), '2026-01-01 01:00:00 +01:00', '2026-01-01 00:00:00 +00:00')).toBe(0);
});
