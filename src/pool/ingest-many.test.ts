import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { LandingReader } from '#replication/landing-zone/landing-reader.ts';
import { LandingZone } from '#replication/landing-zone/landing-zone.ts';
import { at, int64, rows, schemaOf, segment, shape } from '#replication/sample-steps.contract.ts';
import type { TableSchema } from '#replication/schema.ts';
import type { Draft } from '#replication/segment.ts';
import { DuckDbPool } from './engines/duckdb/pool.ts';
import { ingest } from './ingest.ts';

const folder = mkdtempSync(join(tmpdir(), 'isthmus-many-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Two tables of one link whose single rows change together: whoever sees them apart has seen half a transaction. */
function pair(link: string): readonly [TableSchema, TableSchema] {
  const make = (name: string): TableSchema => ({
    ...schemaOf(name, [
      ['id', int64],
      ['n', int64],
    ]),
    placement: { schema: link, name, onExisting: 'fail-if-not-empty' },
  });
  return [make('left'), make('right')];
}

/** The parts of transaction `n`: in some a part for each table. */
function transaction([left, right]: readonly [TableSchema, TableSchema], n: number): readonly Draft[] {
  const change = (schema: TableSchema) => rows(schema, { removes: n === 1 ? [] : [[0]], inserts: [[0, n]] });
  const draft = (steps: Draft['steps'], parts: Partial<Draft> = {}): Draft => segment(0, steps, { position: at(n), ...parts });
  if (n === 1) return [draft([shape(left), shape(right), change(left), change(right)])];
  if (n % 3 > 0) return [draft([change(left), change(right)])];
  return [draft([change(left)], { last: false, position: undefined }), draft([change(right)], { first: false })];
}

test(
  'two landing zones fill one pool, in turns, and no reader ever sees the tables of a transaction apart',
  { timeout: 60_000 },
  async () => {
    const count = 60;
    await using pool = await DuckDbPool.open(join(folder, 'p.duckdb'));
    const stop = new AbortController();
    const signal = AbortSignal.any([stop.signal, AbortSignal.timeout(50_000)]);
    const links = await Promise.all(
      ['one', 'two'].map(async (link) => {
        const zone = await LandingZone.open({ folder: join(folder, link), maxBytes: 2 ** 30 });
        const tables = pair(link);
        const put = async (): Promise<void> => {
          for (let n = 1; n <= count; n++) for (const draft of transaction(tables, n)) await zone.put(draft);
        };
        return { link, zone, put, reader: new LandingReader({ folder: join(folder, link), whole: true }) };
      }),
    );
    const engine = await pool.engine();
    const seen = { one: 0, two: 0, looks: 0 };
    const looking = (async () => {
      const reader = await engine.connect();
      const look = `SELECT (SELECT n FROM one."left"), (SELECT n FROM one."right"), (SELECT n FROM two."left"), (SELECT n FROM two."right")`;
      while (seen.one < count || seen.two < count) {
        signal.throwIfAborted();
        const found = await reader.run(look).catch(() => undefined);
        const [row] = found ? await found.getRows() : [];
        if (!row) continue;
        const [left, right, otherLeft, otherRight] = row.map(Number);
        expect([right, otherRight]).toEqual([left, otherLeft]);
        expect(left).toBeGreaterThanOrEqual(seen.one);
        Object.assign(seen, { one: left, two: otherLeft, looks: seen.looks + 1 });
      }
    })();
    const work = links.flatMap(({ link, put, reader }) => [
      put(),
      ingest({ reader, writer: pool.writer(link), signal, pruneAt: { segments: 5, bytes: 2 ** 30, ms: 1_000 } }),
    ]);
    await looking.finally(() => stop.abort());
    await Promise.all(work);
    expect(seen.looks).toBeGreaterThan(10);
    for (const { link, zone } of links) {
      expect((await pool.writer(link).progress()).position).toBe(at(count));
      await zone[Symbol.asyncDispose]();
    }
  },
);

test('a transaction whose end has not come keeps no other link waiting', async () => {
  await using pool = await DuckDbPool.open(join(folder, 'open.duckdb'));
  const stop = new AbortController();
  const signal = AbortSignal.any([stop.signal, AbortSignal.timeout(8_000)]);
  await using stuck = await LandingZone.open({ folder: join(folder, 'stuck'), maxBytes: 2 ** 30 });
  await using free = await LandingZone.open({ folder: join(folder, 'free'), maxBytes: 2 ** 30 });
  const [a, b] = [pair('stuck'), pair('free')];
  await stuck.put({ ...transaction(a, 1)[0]!, last: false, position: undefined });
  const read = (link: string) => new LandingReader({ folder: join(folder, link), whole: true });
  const committed: string[] = [];
  const intake = (link: string): Promise<void> =>
    ingest({ reader: read(link), writer: pool.writer(link), signal, onApplied: ({ last }) => void (last && committed.push(link)) });
  const work = [intake('stuck'), intake('free')];
  for (const n of [1, 2]) for (const draft of transaction(b, n)) await free.put(draft);
  await expect.poll(() => committed, { timeout: 5_000 }).toEqual(['free', 'free']);
  // It ends, or is given up for another one.
  await stuck.put({ ...transaction(a, 1)[0]! });
  await expect.poll(() => committed, { timeout: 5_000 }).toEqual(['free', 'free', 'stuck']);
  await stuck.put({ ...transaction(a, 3)[0]! });
  await stuck.put({ ...transaction(a, 3)[1]! });
  await expect.poll(() => committed.length, { timeout: 5_000 }).toBe(4);
  stop.abort();
  await Promise.all(work);
});
