import { describe, expect, test } from 'vitest';
import { directDialer, type Dialer } from '#base/dialer.ts';
import { fault } from '#base/fault.ts';
import { LinkWishes } from '#replication/link-wishes.ts';
import type { Capture } from '#replication/sources/sqlserver/place.ts';
import { deadlock, once, unavailable, type Interference, type SeenStatement } from '../servers/sqlserver-double/interference.ts';
import { SqlServerDouble } from '../servers/sqlserver-double/server.ts';
import { insert, remove, truncate, update } from '../servers/sqlserver-double/writes.ts';
import { SqlServerScene } from './sqlserver-scene.ts';

/** Two tables that a link follows, with rows. */
async function shop(capture: Capture = 'change-tracking'): Promise<SqlServerScene> {
  const scene = await SqlServerScene.make({ capture });
  const { database } = scene;
  database.create('dbo.customers', { id: 'int', name: 'nvarchar(40)', credit: 'decimal(12,2) null' }, ['id']);
  database.create('dbo.orders', { region: 'nvarchar(10)', id: 'bigint', total: 'money null' }, ['region', 'id']);
  database.transact([
    insert('dbo.customers', ...numbers(30).map((id) => ({ id, name: `customer ${id}`, credit: `${id}.25` }))),
    insert('dbo.orders', ...numbers(30).map((id) => ({ region: id % 3 === 0 ? 'North' : 'south', id, total: `${id}.0001` }))),
  ]);
  for (const table of ['dbo.customers', 'dbo.orders'])
    if (capture === 'cdc') database.captureTable(table);
    else database.trackTable(table);
  return scene;
}

/** Every so manieth statement is tried: all of them (1) take minutes. */
const stride = Number(process.env['ISTHMUS_STRIDE'] ?? 7);

function numbers(count: number): readonly number[] {
  return Array.from({ length: count }, (_, index) => index + 1);
}

/** Changes of each kind, over both tables in one transaction. */
function change(scene: SqlServerScene): void {
  scene.database.transact([
    update('dbo.customers', { id: 3 }, { credit: '-1.00' }),
    update('dbo.customers', { id: 4 }, { id: 400 }),
    remove('dbo.customers', { id: 5 }),
    remove('dbo.customers', { id: 6 }),
    insert('dbo.customers', { id: 6, name: 'again' }, { id: 31, name: 'short-lived' }),
    remove('dbo.customers', { id: 31 }),
    insert('dbo.orders', { region: 'East', id: 1, total: null }),
    update('dbo.orders', { region: 'south', id: 1 }, { region: 'west' }),
  ]);
}

const isTracking = (capture: Capture): boolean => capture === 'change-tracking';
const captures: readonly Capture[] = ['change-tracking', 'cdc'];

describe.for(captures)('by %s', (capture) => {
  test('rows are copied, and changes of each kind follow', async () => {
    await using scene = await shop(capture);
    await scene.run();
    expect(scene.differences()).toEqual([]);
    expect(scene.pool.rows('dbo.customers').length).toBe(30);
    change(scene);
    await scene.run();
    expect(scene.differences()).toEqual([]);
    expect(scene.pool.rows('dbo.customers').length).toBe(29);
  });

  test('what is written while rows are copied is there at the end', async () => {
    await using scene = await shop(capture);
    let pages = 0;
    scene.server.interferes = ({ name }) => {
      if (name !== 'page' || (pages += 1) > 5) return undefined;
      scene.database.transact([
        update('dbo.customers', { id: pages }, { id: 100 + pages }),
        update('dbo.customers', { id: 30 - pages }, { name: `written before page ${pages}` }),
        remove('dbo.orders', { region: 'North', id: 3 * pages }),
        insert('dbo.orders', { region: 'any', id: pages }),
      ]);
      return undefined;
    };
    await scene.run();
    expect(pages).toBeGreaterThan(5);
    await scene.run();
    expect(scene.differences()).toEqual([]);
  });

  test('a connection that breaks at any statement costs a try, and nothing else', { timeout: 120_000 }, async () => {
    const statements = await statementsOf(capture);
    expect(statements.length).toBeGreaterThan(20);
    const reached = new Set<string>();
    for (const at of statements.map((_, index) => index + 1)) {
      await using scene = await shop(capture);
      const cut =
        statements[at - 1]!.name === 'page' && at % 2 === 0 ? ({ kind: 'cut', afterRows: 3 } as const) : ({ kind: 'cut' } as const);
      scene.server.interferes = ({ ordinal, name }) => {
        if (ordinal !== at) return undefined;
        reached.add(name);
        return cut;
      };
      const broken = await twice(scene);
      // Some of it is asked again at once.
      expect([at, scene.differences(), broken.length <= 1]).toEqual([at, [], true]);
    }
    expect([...reached]).toEqual(
      expect.arrayContaining(['page', isTracking(capture) ? 'changes' : 'captured', 'begin', 'commit', 'tables']),
    );
  });

  test.for<[what: string, at: string, interference: Interference]>([
    ['a deadlock while a page is read', 'page', { kind: 'error', error: deadlock }],
    ['a deadlock while changes are read', isTracking(capture) ? 'changes' : 'captured', { kind: 'error', error: deadlock }],
    ['a database that is not available for a moment', 'begin', { kind: 'error', error: unavailable }],
    ['an answer that breaks off', 'page', { kind: 'cut', afterRows: 5 }],
  ])('%s: the link goes on', async ([, at, interference]) => {
    await using scene = await shop(capture);
    await scene.run();
    change(scene);
    scene.server.interferes = once(at, interference);
    await scene.runThrough();
    const fresh = await shop(capture);
    await using _ = fresh;
    fresh.server.interferes = once(at, interference);
    await fresh.runThrough();
    for (const one of [scene, fresh]) expect(one.differences()).toEqual([]);
  });

  test('columns come and go, and rows that were there get the values that the source gave them', async () => {
    await using scene = await shop(capture);
    await scene.run();
    scene.database.addColumn('dbo.customers', 'tier', 'nvarchar(10) null', 'silver');
    scene.database.dropColumn('dbo.customers', 'credit');
    adopt(scene, capture, 'dbo.customers');
    scene.database.transact([update('dbo.customers', { id: 1 }, { tier: 'gold' }), insert('dbo.customers', { id: 77, name: 'new' })]);
    await scene.run();
    await scene.run();
    expect(scene.pool.schema('dbo.customers').columns.map(({ name }) => name)).toEqual(['id', 'name', 'tier']);
    expect(scene.differences()).toEqual([]);
    expect(scene.pool.rows('dbo.customers').filter(([, , tier]) => tier === 'silver').length).toBe(29);
  });

  test('a database that was restored is another: nothing of it is taken for the old one', async () => {
    await using scene = await shop(capture);
    await scene.run();
    const backup = scene.database.state;
    change(scene);
    await scene.run();
    scene.database.restore(backup);
    scene.database.transact([insert('dbo.customers', { id: 900, name: 'after the restore' })]);
    expect(await scene.failure()).toMatchObject({ kind: 'lost-history', remedy: expect.anything() });
    await scene.run({ resync: 'everything' });
    await scene.run();
    expect(scene.differences()).toEqual([]);
  });

  test('a replica that took over with everything goes on; one that lacks the last changes is told from it', async () => {
    await using scene = await shop(capture);
    await scene.run();
    const received = scene.database.state;
    change(scene);
    scene.database.failOver();
    scene.server.cutAll();
    await scene.runThrough();
    expect(scene.differences()).toEqual([]);
    scene.database.failOver(received);
    expect(await scene.failure()).toMatchObject({ kind: 'lost-history' });
  });

  test('a table that is dropped stops alone, and one made anew under its name is copied', async () => {
    await using scene = await shop(capture);
    await scene.run();
    scene.database.drop('dbo.orders');
    scene.database.transact([insert('dbo.customers', { id: 500, name: 'goes on' })]);
    await scene.run();
    expect(scene.state('dbo.orders')).toMatchObject({ state: 'Failed', fault: { code: 'TableGone', remedy: expect.anything() } });
    expect(scene.differences()).toEqual([]);
    scene.database.create('dbo.orders', { id: 'int', note: 'nvarchar(max) null' }, ['id']);
    scene.database.transact([insert('dbo.orders', { id: 1, note: 'anew' })]);
    if (capture === 'cdc') scene.database.captureTable('dbo.orders');
    else scene.database.trackTable('dbo.orders');
    await scene.run();
    expect(scene.state('dbo.orders').state).toBe('Replicating');
    expect(scene.differences()).toEqual([]);
    expect(scene.pool.rows('dbo.orders')).toEqual([['1', 'anew']]);
  });

  test('rights that are taken away stop what needs them, and nothing else', async () => {
    await using scene = await shop(capture);
    await scene.run();
    const all = { password: scene.server.logins.get('owner')!.password, select: 'all', viewTracking: 'all', readsCapture: true } as const;
    scene.server.logins.set('owner', { ...all, select: ['dbo.customers'], viewTracking: ['dbo.customers'] });
    scene.database.transact([insert('dbo.customers', { id: 500, name: 'goes on' })]);
    await scene.run();
    expect(scene.state('dbo.orders').state).toBe('Failed');
    expect(scene.differences()).toEqual([]);
    change(scene);
    scene.server.logins.set('owner', all);
    await scene.run({ wishes: wanting('dbo.orders') });
    await scene.run();
    expect(scene.state('dbo.orders').state).toBe('Replicating');
    expect(scene.differences()).toEqual([]);
  });
});

function wanting(...tables: readonly string[]): LinkWishes {
  const wishes = new LinkWishes();
  wishes.recopy(tables);
  return wishes;
}

/** CDC tells new columns in a new capture instance only. */
function adopt({ database }: SqlServerScene, capture: Capture, table: string): void {
  if (capture === 'cdc') database.captureTable(table, { instance: `${table.replace('.', '_')}_2` });
}

/** Copies, then follows one transaction of changes; tried again as often as it breaks. */
async function twice(scene: SqlServerScene): Promise<readonly unknown[]> {
  const first = await scene.runThrough();
  change(scene);
  return [...first, ...(await scene.runThrough())];
}

async function statementsOf(capture: Capture): Promise<readonly SeenStatement[]> {
  await using scene = await shop(capture);
  await twice(scene);
  expect(scene.differences()).toEqual([]);
  return scene.server.seen;
}

test('a gap in what the source kept: that table is copied anew, the other goes on', async () => {
  await using scene = await shop();
  await scene.run();
  change(scene);
  const copied = scene.server.seen.length;
  scene.database.transact([remove('dbo.orders', { region: 'North', id: 3 })]);
  scene.database.cleanUpTracking(2n);
  await scene.run();
  expect(scene.differences()).toEqual([]);
  const pages = scene.server.seen.slice(copied).filter(({ name }) => name === 'page');
  expect(new Set(pages.map(({ about }) => about))).toEqual(new Set(['dbo.customers', 'dbo.orders']));
});

test('a table that was truncated is copied anew, whatever was written before and behind it', async () => {
  await using scene = await shop();
  await scene.run();
  scene.database.transact([update('dbo.customers', { id: 1 }, { name: 'before' })]);
  scene.database.transact([truncate('dbo.customers')]);
  scene.database.transact([insert('dbo.customers', { id: 7, name: 'behind' })]);
  const seen = scene.server.seen.length;
  await scene.run();
  expect(scene.differences()).toEqual([]);
  expect(scene.pool.rows('dbo.customers')).toEqual([['7', 'behind', null]]);
  expect(scene.server.seen.slice(seen).some(({ name, about }) => name === 'page' && about === 'dbo.orders')).toBe(false);
  // And while it is being copied, between two pages.
  scene.database.transact([insert('dbo.customers', ...numbers(40).map((id) => ({ id: 1000 + id, name: 'many' })))]);
  scene.database.untrackTable('dbo.customers');
  scene.database.trackTable('dbo.customers');
  let pages = 0;
  scene.server.interferes = ({ name, about }) => {
    if (name === 'page' && about === 'dbo.customers' && (pages += 1) === 2) scene.database.transact([truncate('dbo.customers')]);
    return undefined;
  };
  await scene.runThrough();
  await scene.runThrough();
  expect(scene.differences()).toEqual([]);
  expect(scene.pool.rows('dbo.customers')).toEqual([]);
});

test('a cleanup between the check and the reading loses nothing', async () => {
  for (const at of ['marks', 'changes', 'columns']) {
    await using scene = await shop();
    await scene.run();
    change(scene);
    scene.server.interferes = once(at, () => scene.database.cleanUpTracking());
    await scene.runThrough();
    expect([at, scene.differences()]).toEqual([at, []]);
    change2(scene);
    await scene.runThrough();
    expect([at, scene.differences()]).toEqual([at, []]);
  }
});

function change2(scene: SqlServerScene): void {
  scene.database.transact([remove('dbo.customers', { id: 7 }), insert('dbo.orders', { region: 'late', id: 2 })]);
}

test('a table that is altered, truncated or tracked anew at any statement ends equal', { timeout: 120_000 }, async () => {
  const alterations: Readonly<Record<string, (scene: SqlServerScene) => void>> = {
    add: ({ database }) => database.addColumn('dbo.customers', 'tier', 'nvarchar(10) null', 'silver'),
    drop: ({ database }) => database.dropColumn('dbo.customers', 'credit'),
    alter: ({ database }) => database.alterColumn('dbo.customers', 'credit', 'decimal(14,4)', (value) => value),
    rename: ({ database }) => database.renameColumn('dbo.customers', 'name', 'called'),
    truncate: ({ database }) => database.transact([truncate('dbo.customers'), insert('dbo.customers', { id: 2, name: 'behind' })]),
    anew: ({ database }) => {
      database.untrackTable('dbo.customers');
      database.transact([remove('dbo.customers', { id: 9 })]);
      database.trackTable('dbo.customers');
    },
  };
  const count = (await statementsOf('change-tracking')).length;
  for (const [what, alter] of Object.entries(alterations))
    for (let at = 2; at <= count; at += stride) {
      await using scene = await shop();
      scene.server.interferes = ({ ordinal }) => {
        if (ordinal === at) alter(scene);
        return undefined;
      };
      await scene.runThrough();
      scene.database.transact([update('dbo.orders', { id: 1 }, { total: '9.0000' }), remove('dbo.orders', { id: 2 })]);
      await scene.runThrough();
      await scene.runThrough();
      expect([what, at, scene.differences(), scene.state('dbo.customers').state]).toEqual([what, at, [], 'Replicating']);
    }
});

test('without snapshots there is no link, and it is said how they are allowed', async () => {
  await using scene = await shop();
  scene.database.snapshotIsolation = 'off';
  expect(await scene.failure()).toMatchObject({
    code: 'SnapshotIsolationOff',
    remedy: expect.stringContaining('ALLOW_SNAPSHOT_ISOLATION ON'),
  });
  scene.database.snapshotIsolation = 'on';
  scene.server.interferes = once('begin', () => void (scene.database.snapshotIsolation = 'off'));
  await expect(scene.runThrough()).rejects.toMatchObject({ code: 'SnapshotIsolationOff' });
});

test('a gateway that sends on is followed over the way that a route gives; without one it is said what to do', async () => {
  await using scene = await shop();
  await using gateway = await SqlServerDouble.start();
  const place = { host: 'db1.worker.example', port: 11_005 };
  gateway.route = place;
  const dialled: string[] = [];
  const dialer: Dialer = {
    dial: (host, port, signal) => {
      dialled.push(`${host}:${port}`);
      if (host.endsWith('.example')) throw fault('denied', 'NoEndpoint', `No endpoint is approved for ${host}.`);
      return directDialer.dial(host, port, signal);
    },
  };
  scene.set({ source: { dialer }, address: { port: gateway.port } });
  const refused = await scene.failure();
  expect([refused.kind, refused.code, refused.target]).toEqual(['precondition', 'ConnectionRedirected', 'db1.worker.example:11005']);
  expect(refused.message).toContain(`127.0.0.1:${gateway.port} sends clients on to db1.worker.example:11005 (connection policy Redirect)`);
  expect(refused.remedy).toMatch(/connectionPolicies\/default .*Proxy.*"hosts":"db1.worker.example"/s);

  const hosts = '*.worker.example';
  scene.set({ address: { routes: [{ hosts, ports: '11000-11999', action: 'fail' }] } });
  expect(await scene.failure()).toMatchObject({ code: 'ConnectionRedirected', message: expect.stringContaining('refuse') });

  dialled.length = 0;
  scene.set({ address: { routes: [{ hosts, ports: '11000-11999', action: 'follow', via: `127.0.0.1:${scene.server.port}` }] } });
  await scene.run();
  change(scene);
  await scene.run();
  expect(scene.differences()).toEqual([]);
  expect(new Set(dialled)).toEqual(new Set([`127.0.0.1:${gateway.port}`, `127.0.0.1:${scene.server.port}`]));
  expect(new Set(scene.server.loginsSeen.map(({ serverName }) => serverName))).toEqual(new Set([place.host]));
});
