import fc from 'fast-check';
import { expect, test } from 'vitest';
import { placeOf } from '#replication/position.ts';
import type { DatabaseDouble } from '../servers/sqlserver-double/database.ts';
import { deadlock, type Interference } from '../servers/sqlserver-double/interference.ts';
import type { SqlServerDouble } from '../servers/sqlserver-double/server.ts';
import { insert, remove, truncate, update } from '../servers/sqlserver-double/writes.ts';
import { SqlServerScene } from './sqlserver-link-scene.ts';

type Table = 'a' | 'b';
const columnsOf: Readonly<Record<Table, readonly string[]>> = { a: ['id', 'v', 'amount'], b: ['id', 'v'] };

/** What happens at the source, or to the connection, once so many statements came. */
type Happening =
  | { readonly kind: 'put' | 'remove'; readonly table: Table; readonly id: number; readonly v: number }
  | { readonly kind: 'move'; readonly table: Table; readonly id: number; readonly to: number }
  /** One transaction over both tables. */
  | { readonly kind: 'transfer'; readonly id: number; readonly v: number }
  | { readonly kind: 'truncate' | 'retrack'; readonly table: Table }
  | { readonly kind: 'cleanup' }
  /** Every connection breaks: in the place of an answer, or somewhere within it. */
  | { readonly kind: 'cut' | 'cut-all' }
  | { readonly kind: 'deadlock' };

const table = fc.constantFrom<Table>('a', 'b');
const [id, v] = [fc.nat(12), fc.nat(99)];
const happening: fc.Arbitrary<Happening> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ kind: fc.constantFrom('put' as const, 'put' as const, 'remove' as const), table, id, v }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('move' as const), table, id, to: id }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('transfer' as const), id, v }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('truncate' as const, 'retrack' as const), table }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'cleanup' as const }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('cut' as const, 'cut-all' as const) }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'deadlock' as const }) },
);
const schedule = fc.record({
  initial: fc.uniqueArray(fc.nat(30), { maxLength: 20, size: 'max' }),
  happenings: fc.array(fc.tuple(fc.nat(9), happening), { minLength: 10, maxLength: 40, size: 'max' }),
});
const numRuns = Number(process.env['ISTHMUS_SIMULATIONS'] ?? 12);

function exists(database: DatabaseDouble, name: Table, key: number): boolean {
  return database.rows(`dbo.${name}`).some((row) => row['id'] === BigInt(key));
}

function happen(server: SqlServerDouble, one: Happening): Interference | undefined {
  const database = server.database();
  switch (one.kind) {
    case 'put':
      database.transact([
        exists(database, one.table, one.id)
          ? update(`dbo.${one.table}`, { id: one.id }, { v: String(one.v) })
          : insert(`dbo.${one.table}`, { id: one.id, v: String(one.v) }),
      ]);
      return undefined;
    case 'remove':
      database.transact([remove(`dbo.${one.table}`, { id: one.id })]);
      return undefined;
    case 'move':
      if (exists(database, one.table, one.id) && !exists(database, one.table, one.to))
        database.transact([update(`dbo.${one.table}`, { id: one.id }, { id: one.to })]);
      return undefined;
    case 'transfer':
      database.transact(
        (['a', 'b'] as const).flatMap((name) => [
          remove(`dbo.${name}`, { id: one.id }),
          insert(`dbo.${name}`, { id: one.id, v: `t${one.v}` }),
        ]),
      );
      return undefined;
    case 'truncate':
      database.transact([truncate(`dbo.${one.table}`)]);
      return undefined;
    case 'retrack':
      database.untrackTable(`dbo.${one.table}`);
      // Meanwhile something changes that nobody will ever be told of.
      database.transact([
        remove(`dbo.${one.table}`, { id: 1 }),
        remove(`dbo.${one.table}`, { id: 2 }),
        insert('dbo.other', { id: database.rows('dbo.other').length }),
      ]);
      database.trackTable(`dbo.${one.table}`);
      return undefined;
    case 'cleanup':
      database.cleanUpTracking();
      return undefined;
    case 'cut':
      return { kind: 'cut' };
    case 'cut-all':
      setImmediate(() => server.cutAll());
      return undefined;
    case 'deadlock':
      return { kind: 'error', error: deadlock };
    default:
      return one satisfies never;
  }
}

test(
  'at every commit each table that is whole equals the source as it was at that version, whenever it is killed and whatever is forgotten',
  { timeout: 300_000 },
  async () => {
    await fc.assert(
      fc.asyncProperty(schedule, async ({ initial, happenings }) => {
        /** Rows of both tables by version. */
        const history = new Map<bigint, Readonly<Record<Table, string>>>();
        const wrong: string[] = [];
        await using scene = await SqlServerScene.start(
          (database) => {
            database.create('dbo.a', { id: 'int', v: 'nvarchar(20) null', amount: 'decimal(18,4) null' }, ['id']);
            database.create('dbo.b', { id: 'int', v: 'varchar(20) null' }, ['id']);
            database.create('dbo.other', { id: 'int' }, ['id']);
            database.trackChanges(7 * 24 * 60);
            database.trackTable('dbo.a', 'dbo.b', 'dbo.other');
            for (const key of initial) database.transact([insert('dbo.a', { id: key, v: 'first', amount: '1.5' })]);
          },
          {
            onApplied: ({ last, position }) => {
              if (!last || position === undefined) return;
              for (const name of ['a', 'b'] as const) {
                if (scene.pool.progress.tables.get(`dbo.${name}`)?.state !== 'Replicating') continue;
                const rows = JSON.stringify(scene.poolRows(`dbo.${name}`));
                const then = history.get(BigInt(placeOf(position)))?.[name];
                if (rows !== then) wrong.push(`${name} at ${placeOf(position)}: ${rows} is not ${then}`);
              }
            },
          },
        );
        const { database } = scene;
        const note = (): void => {
          const rows = (name: Table): string => JSON.stringify(scene.sourceRows(`dbo.${name}`, columnsOf[name]));
          history.set(database.state.tracking?.version ?? 0n, { a: rows('a'), b: rows('b') });
        };
        note();
        const left = [...happenings];
        let pause = left[0]?.[0] ?? 0;
        scene.server.interferes = ({ name }) => {
          pause -= 1;
          if (left.length === 0 || pause >= 0 || name === 'begin') return undefined;
          const [, one] = left.shift()!;
          pause = left[0]?.[0] ?? 0;
          const interference = happen(scene.server, one);
          note();
          return interference;
        };
        // The link is caught up again and again; in between something happens while it is away.
        for (let away = 1; left.length > 0; away = (away % 3) + 1) {
          await scene.catchUp();
          for (const [, one] of left.splice(0, away)) {
            happen(scene.server, one);
            note();
          }
        }
        scene.server.interferes = undefined;
        await scene.catchUp();
        expect(wrong).toEqual([]);
        for (const name of ['a', 'b'] as const) {
          expect(scene.pool.progress.tables.get(`dbo.${name}`)?.state).toBe('Replicating');
          expect(scene.poolRows(`dbo.${name}`)).toEqual(scene.sourceRows(`dbo.${name}`, columnsOf[name]));
        }
      }),
      { numRuns, endOnFailure: true },
    );
  },
);
