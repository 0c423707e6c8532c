import { setImmediate as nextTurn } from 'node:timers/promises';
import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import type { PoolWriter } from './pool-writer.ts';
import { at, int64, progressOf, rows, schemaOf, segment, shape, text, type Value } from './sample-steps.contract.ts';
import { quoteIdentifier, type OnExisting, type TableSchema } from './schema.ts';
import type { Step } from './segment.ts';
import { same } from './writer.contract.ts';
import { Model } from './writer-model.contract.ts';

/** A pool that several links fill, as the suite sees it: what is wrong with one table stops that table only. */
export interface SharedPoolUnderTest {
  writer(run: string): PoolWriter;
  /** What the pool says of a run's table. */
  table(run: string, table: string): Promise<TableUnderTest | undefined>;
  runs(): Promise<readonly string[]>;
  forget(run: string): Promise<void>;
  /** A statement of somebody else, on a connection of its own. */
  readonly query: (sql: string) => Promise<readonly (readonly (string | null)[])[]>;
  /** As `PoolUnderTest.reopen`. */
  reopen(): Promise<SharedPoolUnderTest>;
  close(): Promise<void>;
}

interface TableUnderTest {
  readonly rejected: { readonly code: string; readonly remedy: string | undefined } | undefined;
  readonly processed: {
    readonly rows: number;
    readonly bytes: number;
    readonly atMs: number | undefined;
    readonly committedMs: number | undefined;
  };
}

const nowMs = 1_700_000_000_000;

/** The suite that every pool of several links passes. `open` makes a new, empty pool whose clock stands at the time it is given. */
export function writerRunsContract(name: string, open: (nowMs: number) => Promise<SharedPoolUnderTest>, numRuns = 12): void {
  describe(`writers of several runs: ${name}`, () => {
    const opened: SharedPoolUnderTest[] = [];
    const start = async (): Promise<SharedPoolUnderTest> => {
      const pool = await open(nowMs);
      opened.push(pool);
      return pool;
    };
    const again = async (pool: SharedPoolUnderTest): Promise<SharedPoolUnderTest> => {
      opened.splice(opened.indexOf(pool), 1);
      const next = await pool.reopen();
      opened.push(next);
      return next;
    };
    afterEach(async () => {
      for (const pool of opened.splice(0)) await pool.close();
    });
    sideBySide(start, again);
    countsOfMany(start, again);
    placements(start);
    tablesThere(start, again);
    rejections(start, again);
    anyInterleaving(start, again, numRuns);
  });
}

type Start = () => Promise<SharedPoolUnderTest>;
type Again = (pool: SharedPoolUnderTest) => Promise<SharedPoolUnderTest>;

function keyed(
  name: string,
  placement?: { readonly schema?: string; readonly name?: string; readonly onExisting?: OnExisting },
): TableSchema {
  const schema = schemaOf(name, [
    ['id', int64],
    ['v', text],
  ]);
  return placement === undefined
    ? schema
    : { ...schema, placement: { schema: 'dbo', name, onExisting: 'fail-if-not-empty', ...placement } };
}

/** The first steps of a table: shape and the beginning of its copy. */
function begin(schema: TableSchema): Step[] {
  return [shape(schema), progressOf(schema, { state: 'Waiting' })];
}

function sideBySide(start: Start, again: Again): void {
  const [a, b] = [keyed('a'), keyed('b')];

  test('each run has its own number, position and tables', async () => {
    let pool = await start();
    await pool.writer('1').apply(segment(1, [shape(a), rows(a, { inserts: [[1, 'a']] })], { position: at(7) }));
    await pool.writer('2').apply(segment(1, [shape(b), rows(b, { inserts: [[1, 'b']] })], { position: at(3) }));
    await pool.writer('1').apply(segment(2, [rows(a, { inserts: [[2, 'a2']] })]));
    pool = await again(pool);
    expect(await pool.runs()).toEqual(['1', '2']);
    expect(await pool.writer('1').progress()).toMatchObject({ number: 2, position: at(7), schemas: new Map([[a.table, a]]) });
    expect(await pool.writer('2').progress()).toMatchObject({ number: 1, position: at(3), schemas: new Map([[b.table, b]]) });
    expect(await pool.writer('3').progress()).toEqual({ number: 0, position: undefined, tables: new Map(), schemas: new Map() });
    expect(await pool.query('SELECT count(*) FROM public.a UNION ALL SELECT count(*) FROM public.b')).toEqual([['2'], ['1']]);
  });

  test('a transaction waits for the one that is open, and begins when that is committed or given up', async () => {
    const pool = await start();
    const [one, two] = [pool.writer('1'), pool.writer('2')];
    const order: string[] = [];
    await one.apply(segment(1, [shape(a)], { last: false }));
    const waiting = two.apply(segment(1, [shape(b)])).then(() => order.push('two'));
    await one.apply(segment(2, [rows(a, { inserts: [[1, 'a']] })], { first: false, last: false }));
    expect(await pool.query("SELECT 1 FROM duckdb_tables() WHERE schema_name = 'public'")).toEqual([]);
    order.push('one');
    await one.apply(segment(3, [], { first: false }));
    await waiting;
    await one.apply(segment(4, [rows(a, { inserts: [[2, 'lost']] })], { last: false }));
    const next = two.apply(segment(2, [rows(b, { inserts: [[1, 'b']] })])).then(() => order.push('two'));
    order.push('one gives up');
    await one[Symbol.asyncDispose]();
    await next;
    expect(order).toEqual(['one', 'two', 'one gives up', 'two']);
    await one.apply(segment(4, [rows(a, { inserts: [[3, 'c']] })]));
    expect(await pool.query('SELECT id FROM public.a UNION ALL SELECT id FROM public.b')).toEqual([['1'], ['3'], ['1']]);
  });

  test('a run with much to write does not keep others from writing', async () => {
    const pool = await start();
    const committed: string[] = [];
    const write = async (run: string, count: number): Promise<void> => {
      const schema = keyed(`of_${run}`);
      for (let n = 1; n <= count; n++) {
        await pool
          .writer(run)
          .apply(segment(n, [...(n === 1 ? [shape(schema)] : []), rows(schema, { inserts: [[n, 'x'.repeat(2_000)]] })]));
        committed.push(run);
      }
    };
    await Promise.all([write('heavy', 40), write('other', 8), write('third', 8)]);
    // Each in turn: between two of one run there is at most one of each other.
    for (const run of ['other', 'third']) {
      const places = committed.flatMap((one, i) => (one === run ? [i] : []));
      expect(Math.max(...places.map((place, i) => place - (places[i - 1] ?? -1)))).toBeLessThanOrEqual(5);
    }
  });

  test('a forgotten run leaves its tables, and nothing is known of it', async () => {
    let pool = await start();
    const fill = (run: string, schema: TableSchema): Promise<void> =>
      pool.writer(run).apply(segment(1, [shape(schema), rows(schema, { inserts: [[1, run]] })]));
    await fill('1', a);
    await fill('2', b);
    await pool.forget('1');
    await pool.forget('1');
    expect(await pool.runs()).toEqual(['2']);
    expect((await pool.writer('1').progress()).number).toBe(0);
    pool = await again(pool);
    expect(await pool.query('SELECT v FROM public.a UNION ALL SELECT v FROM public.b')).toEqual([['1'], ['2']]);
    await fill('3', { ...a, placement: { schema: 'public', name: 'a', onExisting: 'drop' } });
    expect(await pool.query('SELECT v FROM public.a')).toEqual([['3']]);
  });

  test('what a run brought is counted with its rows', async () => {
    let pool = await start();
    const committedAt = 1_600_000_000_123_456n;
    await pool.writer('1').apply(segment(1, begin(a)));
    expect(await pool.table('1', a.table)).toMatchObject({
      processed: { rows: 0, bytes: 0, atMs: undefined, committedMs: undefined },
    });
    const page: Value[][] = [
      [1, 'one'],
      [2, 'two'],
    ];
    await pool.writer('1').apply(segment(2, [rows(a, { inserts: page, replaces: true })]));
    const copied = await pool.table('1', a.table);
    expect(copied?.processed).toMatchObject({ rows: 2, atMs: nowMs, committedMs: undefined });
    expect(copied?.processed.bytes).toBeGreaterThan(16);
    const change = rows(a, { removes: [[1], [2]], inserts: [[1, 'uno']] });
    await pool.writer('1').apply(segment(3, [change], { committedAt, last: false }));
    await pool.writer('1')[Symbol.asyncDispose]();
    expect(await pool.table('1', a.table)).toEqual(copied);
    await pool.writer('1').apply(segment(3, [change], { committedAt }));
    await pool.writer('1').apply(segment(4, [progressOf(a, { state: 'Replicating' })]));
    pool = await again(pool);
    expect((await pool.table('1', a.table))?.processed).toEqual({
      rows: 4,
      bytes: expect.any(Number) as number,
      atMs: nowMs,
      committedMs: 1_600_000_000_123,
    });
  });
}

function countsOfMany(start: Start, again: Again): void {
  test('counts of many tables last too, of those that come back from the start', async () => {
    let pool = await start();
    const tables = Array.from({ length: 70 }, (_, i) => keyed(`t${i}`));
    await pool.writer('1').apply(
      segment(
        1,
        tables.map((one) => shape(one)),
      ),
    );
    const add = (schema: TableSchema, n: number): Step => rows(schema, { inserts: [[n, 'x']] });
    for (let n = 2; n < 8; n++)
      await pool.writer('1').apply(
        segment(
          n,
          tables.slice(0, n * 10).map((one) => add(one, n)),
        ),
      );
    const [first, back, other] = [tables[0]!, tables[1]!, tables[65]!];
    await pool.writer('1').apply(segment(8, [{ kind: 'drop', table: back.table }]));
    await pool.writer('1').apply(segment(9, [shape(back), add(back, 1), add(first, 100)]));
    for (let time = 0; time < 2; time++) {
      const counts = await Promise.all(
        [first, back, other, tables[30]!].map(async ({ table }) => (await pool.table('1', table))?.processed.rows),
      );
      expect(counts).toEqual([7, 1, 1, 4]);
      pool = await again(pool);
    }
  });
}

function placements(start: Start): void {
  test('a table goes where it is placed', async () => {
    const pool = await start();
    const odd = keyed('odd', { schema: 'Sales "EU"', name: "it's; here" });
    await pool.writer('1').apply(segment(1, [shape(odd), rows(odd, { inserts: [[1, 'x']] })]));
    const there = `${quoteIdentifier('Sales "EU"')}.${quoteIdentifier("it's; here")}`;
    expect(await pool.query(`SELECT v FROM ${there}`)).toEqual([['x']]);
    await pool.writer('1').apply(segment(2, [{ kind: 'drop', table: odd.table }]));
    expect(await pool.query("SELECT 1 FROM duckdb_tables() WHERE schema_name LIKE 'Sales%'")).toEqual([]);
  });

  test('a table keeps its place until it leaves the link, and its rows then too', async () => {
    const pool = await start();
    const [from, to] = [keyed('t', { name: 'old' }), keyed('t', { name: 'new' })];
    await pool.writer('1').apply(segment(1, [shape(from), rows(from, { inserts: [[1, 'one']] })]));
    await pool.writer('1').apply(segment(2, [shape(to), rows(to, { inserts: [[2, 'two']] })]));
    expect(await pool.query('SELECT v FROM dbo.old ORDER BY id')).toEqual([['one'], ['two']]);
    await pool.writer('1').apply(segment(3, [{ kind: 'leave', table: to.table }, ...begin(to), rows(to, { inserts: [[3, 'three']] })]));
    expect(await pool.query('SELECT v FROM dbo.old ORDER BY id')).toEqual([['one'], ['two']]);
    expect(await pool.query('SELECT v FROM dbo.new')).toEqual([['three']]);
    // It is nobody's now.
    const other = keyed('other', { name: 'old', onExisting: 'merge' });
    await pool.writer('2').apply(segment(1, [...begin(other), rows(other, { inserts: [[1, 'uno']], replaces: true })]));
    expect(await pool.query('SELECT v FROM dbo.old ORDER BY id')).toEqual([['uno'], ['two']]);
  });
}

/** Tables that are there: somebody else's, and those of a run that is forgotten. */
function tablesThere(start: Start, again: Again): void {
  const former = keyed('t', { name: 't' });
  const cases: readonly (readonly [OnExisting, string | undefined, string | undefined, readonly (readonly string[])[]])[] = [
    [
      'drop',
      undefined,
      undefined,
      [
        ['1', 'new'],
        ['2', 'two'],
      ],
    ],
    [
      'merge',
      undefined,
      undefined,
      [
        ['1', 'new'],
        ['2', 'two'],
        ['9', 'nine'],
      ],
    ],
    [
      'fail-if-not-empty',
      undefined,
      'TableNotEmpty',
      [
        ['1', 'old'],
        ['9', 'nine'],
      ],
    ],
    [
      'fail-if-not-empty',
      'DELETE FROM dbo.t',
      undefined,
      [
        ['1', 'new'],
        ['2', 'two'],
      ],
    ],
    [
      'merge',
      'ALTER TABLE dbo.t ADD COLUMN more INTEGER',
      'TableDiffers',
      [
        ['1', 'old'],
        ['9', 'nine'],
      ],
    ],
    [
      'drop',
      'ALTER TABLE dbo.t ADD COLUMN more INTEGER',
      undefined,
      [
        ['1', 'new'],
        ['2', 'two'],
      ],
    ],
  ];
  test.each(cases)('%s, after %s: %s', async (onExisting, sql, code, expected) => {
    let pool = await start();
    const old: Value[][] = [
      [1, 'old'],
      [9, 'nine'],
    ];
    await pool.writer('1').apply(segment(1, [shape(former), rows(former, { inserts: old })]));
    await pool.forget('1');
    if (sql !== undefined) await pool.query(sql);
    pool = await again(pool);
    const next = keyed('t', { name: 'T', onExisting });
    const beside = keyed('beside', {});
    await pool
      .writer('2')
      .apply(
        segment(1, [
          ...begin(next),
          ...begin(beside),
          rows(next, { inserts: [[1, 'new']], replaces: true }),
          rows(beside, { inserts: [[5, 'five']] }),
          rows(next, { inserts: [[2, 'two']], replaces: true }),
        ]),
      );
    expect((await pool.table('2', next.table))?.rejected?.code).toBe(code);
    expect(await pool.query('SELECT id, v FROM dbo.t ORDER BY id')).toEqual(expected);
    expect(await pool.query('SELECT v FROM dbo.beside')).toEqual([['five']]);
  });

  test('without a key nothing can be merged; a table that was merged into stays when the link drops it', async () => {
    const pool = await start();
    await pool.query('CREATE SCHEMA dbo');
    await pool.query("CREATE TABLE dbo.bag AS SELECT 'x' AS v");
    await pool.query("CREATE TABLE dbo.t AS SELECT 5::BIGINT AS id, 'theirs' AS v");
    const bag = {
      ...schemaOf('bag', [['v', text]], { identity: 'full' }),
      placement: { schema: 'dbo', name: 'bag', onExisting: 'merge' as const },
    };
    const merged = keyed('t', { onExisting: 'merge' });
    await pool
      .writer('1')
      .apply(segment(1, [...begin(bag), ...begin(merged), rows(bag, { inserts: [['x']] }), rows(merged, { inserts: [[1, 'ours']] })]));
    expect(await pool.table('1', bag.table)).toMatchObject({ rejected: { code: 'MergeNeedsKey', remedy: expect.any(String) as string } });
    expect(await pool.query('SELECT v FROM dbo.bag')).toEqual([['x']]);
    await pool.writer('1').apply(segment(2, [{ kind: 'drop', table: merged.table }]));
    expect(await pool.query('SELECT v FROM dbo.t ORDER BY id')).toEqual([['ours'], ['theirs']]);
  });
}

function rejections(start: Start, again: Again): void {
  test('a table of the pool has one link; the other one is told, and gets it once it is free and its copy begins anew', async () => {
    let pool = await start();
    const [mine, yours, fine] = [keyed('t', { name: 'shared' }), keyed('u', { name: 'SHARED', onExisting: 'drop' }), keyed('fine', {})];
    await pool.writer('1').apply(segment(1, [...begin(mine), rows(mine, { inserts: [[1, 'mine']] })]));
    await pool.writer('2').apply(segment(1, [...begin(yours), ...begin(fine), rows(yours, { inserts: [[1, 'yours']] })]));
    expect(await pool.table('2', yours.table)).toMatchObject({
      rejected: { code: 'TableTaken', message: expect.stringContaining('run 1') as string, remedy: expect.any(String) as string },
      processed: { rows: 0 },
    });
    pool = await again(pool);
    const two = pool.writer('2');
    // What the link said of it stays as it was said.
    expect((await two.progress()).tables.get(yours.table)?.state).toBe('Waiting');
    await two.apply(
      segment(2, [
        rows(yours, { removes: [[1]], inserts: [[2, 'yours']] }),
        { kind: 'truncate', table: yours.table },
        rows(fine, { inserts: [[1, 'fine']] }),
        progressOf(yours, { state: 'Replicating', copied: true }),
      ]),
    );
    expect(await pool.query('SELECT v FROM dbo.shared UNION ALL SELECT v FROM dbo.fine')).toEqual([['mine'], ['fine']]);
    await pool.writer('1').apply(segment(2, [{ kind: 'drop', table: mine.table }]));
    // Rows of it went by: a changed shape alone does not bring it back.
    await two.apply(
      segment(3, [
        shape({ ...yours, columns: yours.columns.toReversed(), key: [1] }),
        shape(yours),
        rows(yours, { inserts: [[3, 'late']] }),
      ]),
    );
    expect((await pool.table('2', yours.table))?.rejected?.code).toBe('TableTaken');
    await two.apply(segment(4, [progressOf(yours, { state: 'Snapshotting' }), rows(yours, { inserts: [[4, 'copied']], replaces: true })]));
    expect((await pool.table('2', yours.table))?.rejected).toBeUndefined();
    expect(await pool.query('SELECT v FROM dbo.shared')).toEqual([['copied']]);
  });

  test('two tables of one link cannot share a target, and the pool keeps its own', async () => {
    const pool = await start();
    const [one, two, own] = [keyed('one', { name: 't' }), keyed('two', { name: 'T' }), keyed('own', { schema: 'Isthmus', name: 'meta' })];
    await pool.writer('1').apply(segment(1, [...begin(one), ...begin(two), ...begin(own), rows(one, { inserts: [[1, 'x']] })]));
    expect((await pool.table('1', one.table))?.rejected).toBeUndefined();
    expect((await pool.table('1', two.table))?.rejected?.code).toBe('TableTaken');
    expect((await pool.table('1', own.table))?.rejected?.code).toBe('TableTaken');
    expect(await pool.query('SELECT v FROM dbo.t')).toEqual([['x']]);
  });

  test('a table left without columns stops alone, and comes back with them', async () => {
    const pool = await start();
    const t = keyed('t', {});
    const bare = { ...t, columns: [], key: [], identity: 'full' as const };
    await pool.writer('1').apply(segment(1, [...begin(t), rows(t, { inserts: [[1, 'x']] })]));
    await pool.writer('1').apply(segment(2, [shape(bare)]));
    expect((await pool.table('1', t.table))?.rejected?.code).toBe('NoColumns');
    await pool.writer('1').apply(segment(3, [{ kind: 'truncate', table: t.table }, ...begin(t), rows(t, { inserts: [[2, 'y']] })]));
    expect((await pool.table('1', t.table))?.rejected).toBeUndefined();
    expect(await pool.query('SELECT v FROM dbo.t')).toEqual([['y']]);
  });
}

const operation = fc.record({
  table: fc.constantFrom('one', 'two'),
  kind: fc.nat(11),
  seeds: fc.array(fc.nat(9999), { minLength: 3, maxLength: 6 }),
});
const transaction = fc.record({
  parts: fc.array(fc.record({ turns: fc.nat(3), operations: fc.array(operation, { maxLength: 3 }) }), { minLength: 1, maxLength: 3 }),
  commits: fc.oneof({ weight: 4, arbitrary: fc.constant(true) }, { weight: 1, arbitrary: fc.constant(false) }),
});
const history = fc.array(transaction, { maxLength: 6 });

/** One run with its model of what it has committed. */
class ModelledRun {
  readonly run: string;
  number = 0;
  model = new Model();

  constructor(run: string) {
    this.run = run;
  }

  async play(writer: PoolWriter, transactions: typeof history extends fc.Arbitrary<infer T> ? T : never): Promise<void> {
    for (const { parts, commits } of transactions) {
      const next = this.model.clone();
      for (const [i, { turns, operations }] of parts.entries()) {
        for (let turn = 0; turn < turns; turn++) await nextTurn();
        const steps = operations.flatMap(({ table, kind, seeds }) => next.steps(`${this.run}_${table}`, kind, seeds));
        await writer.apply(segment(this.number + 1 + i, steps, { first: i === 0, last: commits && i === parts.length - 1 }));
      }
      if (!commits) await writer[Symbol.asyncDispose]();
      else {
        this.model = next;
        this.number += parts.length;
      }
    }
  }
}

function anyInterleaving(start: Start, again: Again, numRuns: number): void {
  // oxlint-disable-next-line vitest/expect-expect -- `same` expects.
  test('however two runs come between each other, each leaves what it would alone', { timeout: 120_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(history, history), { minLength: 1, maxLength: 2 }), async (rounds) => {
        let pool = await start();
        const [a, b] = [new ModelledRun('a'), new ModelledRun('b')];
        for (const [ofA, ofB] of rounds) {
          await Promise.all([a.play(pool.writer('a'), ofA), b.play(pool.writer('b'), ofB)]);
          pool = await again(pool);
          for (const { run, model, number } of [a, b]) await same({ writer: pool.writer(run), query: pool.query }, model, number);
        }
      }),
      { numRuns },
    );
  });
}
