import { afterAll, beforeAll, expect, test } from 'vitest';
import { directDialer } from '#base/dialer.ts';
import { silentLog } from '#base/log.ts';
import { toFault } from '#base/fault.ts';
import { doubleOwner, SqlServerDouble } from '#test/servers/sqlserver-double/server.ts';
import { insert } from '#test/servers/sqlserver-double/writes.ts';
import type { JobEvent, LinkTable, StoreLogin } from '../job.ts';
import type { JobContext } from '../job-work.ts';
import { browse } from './browse.ts';
import { check } from './check.ts';
import { preview } from './preview.ts';
import { release } from './release.ts';

const timeoutMs = 5_000;
let server: SqlServerDouble;
beforeAll(async () => {
  server = await SqlServerDouble.start({
    logins: {
      [doubleOwner.user]: { password: doubleOwner.password, owner: true },
      reader: { password: 'Reads-1', select: ['dbo.orders', 'dbo.heap'], viewTracking: ['dbo.orders'] },
    },
  });
  const database = server.database();
  database.create('dbo.orders', { id: 'bigint', price: 'decimal(38,4) null', at: 'datetime2(7) null', doc: 'xml null' }, ['id']);
  database.create('dbo.heap', { id: 'int' });
  database.create('dbo.Untracked', { id: 'int' }, ['id']);
  database.trackChanges();
  database.trackTable('dbo.orders');
  database.transact([
    insert('dbo.orders', { id: 9_007_199_254_740_993n, price: '1234567890123456789012345678.1234', at: '2024-05-06 07:08:09.1234567' }),
  ]);
});
afterAll(() => server[Symbol.asyncDispose]());

function store(more: Partial<StoreLogin> = {}): StoreLogin {
  const { user, password } = doubleOwner;
  return {
    kind: 'sqlserver',
    host: '127.0.0.1',
    port: server.port,
    database: 'shop',
    user,
    password,
    tls: 'disable',
    certificateName: null,
    ...more,
  };
}

async function told(work: (context: JobContext) => Promise<void>): Promise<JobEvent> {
  const events: JobEvent[] = [];
  const signal = new AbortController().signal;
  await work({ dialer: directDialer, signal, log: silentLog, tell: (event) => events.push(event), onMessage: () => undefined });
  expect(events.length).toBe(1);
  return events[0]!;
}

const chosen = (name: string): LinkTable => ({ schema: 'dbo', name, placement: { schema: 'dbo', name, onExisting: 'fail-if-not-empty' } });

test('browsing tells every table, and what stands against choosing it', async () => {
  const event = await told((context) => browse({ kind: 'browse', store: store(), timeoutMs }, context));
  expect(event).toMatchObject({
    kind: 'tables',
    tables: [
      { name: 'heap', hasKey: false, refusal: { code: 'NoPrimaryKey' } },
      { name: 'orders', hasKey: true, refusal: null, estimatedRows: 1 },
      { name: 'Untracked', hasKey: true, refusal: null },
    ],
  });
});

test('a check tells what is to be done, as one script too, and what becomes of each column', async () => {
  const tables = [chosen('orders'), chosen('Untracked'), chosen('none')];
  const login = { user: 'reader', password: 'Reads-1' };
  const event = await told((context) => check({ kind: 'check', store: store(login), slot: 'isthmus_x', tables, timeoutMs }, context));
  const { findings, tables: plans, held } = event as Extract<JobEvent, { kind: 'checked' }>;
  expect(held).toBeNull();
  expect(findings.filter((one) => one.severity === 'error').map((one) => [one.code, one.target])).toEqual([
    ['TableMissing', 'dbo."Untracked"'],
    ['TableMissing', 'dbo.none'],
  ]);
  expect(findings.map((one) => one.code)).toEqual(expect.arrayContaining(['RetentionShort', 'ColumnLeftOut', 'ColumnAsText']));
  expect(plans.map(({ name, columns }) => [name, columns.map((one) => [one.name, one.sourceType, one.fidelity])])).toEqual([
    [
      'orders',
      [
        ['id', 'bigint', 'exact'],
        ['price', 'decimal(38,4)', 'exact'],
        ['at', 'datetime2(7)', 'text'],
        ['doc', 'xml', 'refused'],
      ],
    ],
  ]);
  const owned = await told((context) => check({ kind: 'check', store: store(), slot: 'isthmus_x', tables, timeoutMs }, context));
  const script = (owned as Extract<JobEvent, { kind: 'checked' }>).findings.find((one) => one.code === 'FixScript');
  expect(script?.remedy).toBe(
    'ALTER DATABASE [shop] SET CHANGE_TRACKING (CHANGE_RETENTION = 7 DAYS, AUTO_CLEANUP = ON); ALTER TABLE [dbo].[Untracked] ENABLE CHANGE_TRACKING WITH (TRACK_COLUMNS_UPDATED = OFF);',
  );
});

test('a preview shows values as the source writes them', async () => {
  const ask = { kind: 'preview', store: store(), mostRows: 5, timeoutMs } as const;
  expect(await told((context) => preview({ ...ask, table: { schema: 'dbo', name: 'orders' } }, context))).toEqual({
    kind: 'rows',
    columns: [
      { name: 'id', sourceType: 'bigint' },
      { name: 'price', sourceType: 'decimal(38,4)' },
      { name: 'at', sourceType: 'datetime2(7)' },
    ],
    rows: [['9007199254740993', '1234567890123456789012345678.1234', '2024-05-06 07:08:09.1234567']],
  });
  const missing = told((context) => preview({ ...ask, table: { schema: 'dbo', name: 'none' } }, context)).catch(toFault);
  expect(await missing).toMatchObject({ kind: 'missing', code: 'TableMissing', target: 'dbo.none' });
});

test('there is nothing to release, and nobody is asked', async () => {
  const before = server.loginsSeen.length;
  const events: JobEvent[] = [];
  await release(
    { kind: 'release', store: store(), slot: 'isthmus_x', timeoutMs },
    {
      dialer: directDialer,
      signal: new AbortController().signal,
      log: silentLog,
      tell: (event) => events.push(event),
      onMessage: () => undefined,
    },
  );
  expect([events, server.loginsSeen.length]).toEqual([[], before]);
});
