import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import type { PoolWriter } from './pool-writer.ts';
import { quoteIdentifier } from './schema.ts';
import type { Step } from './segment.ts';
import { freshProgress } from './link-book.ts';
import { at, batchOf, codeOf, int64, progressOf, rows, schemaOf, segment, shape, text, type Value } from './sample-steps.contract.ts';
import { continuations } from './writer-continuations.contract.ts';
import { Model } from './writer-model.contract.ts';

/** A pool as the suite sees it. */
export interface PoolUnderTest {
  readonly writer: PoolWriter;
  /** A query on a connection of its own: rows of values as the pool's own exact text. */
  query(sql: string): Promise<readonly (readonly (string | null)[])[]>;
  /** Ends the pool as a crash does: what is not committed is lost. Then opens it again. */
  reopen(): Promise<PoolUnderTest>;
  close(): Promise<void>;
}

/** The suite that every pool passes. `open` makes a new, empty pool; `runs` random histories are compared with a model. */
export function writerContract(name: string, open: () => Promise<PoolUnderTest>, runs = 15): void {
  describe(`writer contract: ${name}`, () => {
    const opened: PoolUnderTest[] = [];
    const start = async (): Promise<PoolUnderTest> => {
      const pool = await open();
      opened.push(pool);
      return pool;
    };
    const again = async (pool: PoolUnderTest): Promise<PoolUnderTest> => {
      opened.splice(opened.indexOf(pool), 1);
      const next = await pool.reopen();
      opened.push(next);
      return next;
    };
    afterEach(async () => {
      for (const pool of opened.splice(0)) await pool.close();
    });
    transactions(start, again);
    continuations(start, again);
    keyedRows(start);
    keylessRows(start);
    shapes(start, again);
    anything(start, again, runs);
  });
}

type Start = () => Promise<PoolUnderTest>;
type Again = (pool: PoolUnderTest) => Promise<PoolUnderTest>;

const plain = schemaOf('plain', [
  ['id', int64],
  ['name', text],
]);
const content = (pool: PoolUnderTest, sql = 'SELECT * FROM public.plain ORDER BY 1'): Promise<readonly (readonly (string | null)[])[]> =>
  pool.query(sql);

function transactions(start: Start, again: Again): void {
  test('a new pool has no progress', async () => {
    const { writer } = await start();
    expect(await writer.progress()).toEqual({ number: 0, position: undefined, tables: new Map(), schemas: new Map() });
  });

  test('rows, number, position, states and shapes come back together', async () => {
    const pool = await start();
    const progress = {
      state: 'Snapshotting' as const,
      after: ['1', 'x\'"'],
      rowsCopied: 1,
      moved: [['2'], ['3']],
      fault: { code: 'A', message: 'b', remedy: undefined },
    };
    await pool.writer.apply(
      segment(1, [shape(plain), progressOf(plain, progress), rows(plain, { inserts: [[1, 'one']], replaces: true })], {
        position: at(10),
        committedAt: 5n,
      }),
    );
    const expected = {
      number: 1,
      epoch: 'sample',
      position: at(10),
      tables: new Map([[plain.table, { ...freshProgress(plain.table), ...progress }]]),
      schemas: new Map([[plain.table, plain]]),
    };
    expect(await pool.writer.progress()).toEqual(expected);
    const reopened = await again(pool);
    expect(await reopened.writer.progress()).toEqual(expected);
    expect(await content(reopened)).toEqual([['1', 'one']]);
    await reopened.writer.apply(segment(2, []));
    expect((await reopened.writer.progress()).position).toBe(at(10));
  });

  test('parts show nothing until the last, and nothing of an unfinished transaction stays', async () => {
    const pool = await start();
    await pool.writer.apply(segment(1, [shape(plain)]));
    await pool.writer.apply(segment(2, [rows(plain, { inserts: [[1, 'one']] })], { last: false }));
    await pool.writer.apply(
      segment(
        3,
        [
          rows(plain, {
            removes: [[1]],
            inserts: [
              [1, 'uno'],
              [2, 'two'],
            ],
          }),
        ],
        { first: false, last: false },
      ),
    );
    expect(await content(pool)).toEqual([]);
    expect((await pool.writer.progress()).number).toBe(1);
    await pool.writer.apply(segment(2, [rows(plain, { inserts: [[5, 'five']] })], { last: false }));
    await pool.writer.apply(segment(3, [rows(plain, { inserts: [[6, 'six']] })], { first: false, position: at(3) }));
    expect(await content(pool)).toEqual([
      ['5', 'five'],
      ['6', 'six'],
    ]);
    await pool.writer.apply(segment(4, [rows(plain, { inserts: [[7, 'seven']] })], { last: false }));
    const reopened = await again(pool);
    expect(await content(reopened)).toEqual([
      ['5', 'five'],
      ['6', 'six'],
    ]);
    expect((await reopened.writer.progress()).number).toBe(3);
  });

  test('a transaction left open is given up for the next one that begins, whose number goes on from it or starts over', async () => {
    const pool = await start();
    await pool.writer.apply(segment(1, [shape(plain), rows(plain, { inserts: [[1, 'one']] })]));
    await pool.writer.apply(segment(2, [rows(plain, { inserts: [[2, 'lost']] })], { last: false }));
    await pool.writer.apply(segment(3, [rows(plain, { inserts: [[3, 'lost']] })], { first: false, last: false }));
    await pool.writer.apply(segment(4, [rows(plain, { inserts: [[4, 'four']] })], { last: false }));
    await pool.writer.apply(segment(2, [rows(plain, { inserts: [[5, 'lost']] })], { last: false }));
    await pool.writer.apply(segment(3, [rows(plain, { inserts: [[6, 'six']] })]));
    expect(await content(pool)).toEqual([
      ['1', 'one'],
      ['6', 'six'],
    ]);
    expect((await pool.writer.progress()).number).toBe(3);
    expect(await codeOf(pool.writer.apply(segment(5, [])))).toBe('SegmentGap');
  });

  test('rows of an unknown table, of other columns, or broken ones are refused and change nothing', async () => {
    const pool = await start();
    await pool.writer.apply(segment(1, [shape(plain), rows(plain, { inserts: [[1, 'one']] })]));
    const other = schemaOf('plain', [
      ['id', text],
      ['name', text],
    ]);
    const good = batchOf(
      [int64, text],
      [
        [2, 'a text of some length'],
        [3, 'x'],
      ],
    );
    const withName = (change: object): Step =>
      ({ ...rows(plain, {}), kind: 'rows', inserts: { rows: 2, columns: [good.columns[0]!, { ...good.columns[1]!, ...change }] } }) as Step;
    const bad: readonly (readonly [string, Step])[] = [
      ['TableUnknown', rows(schemaOf('elsewhere', [['id', int64]]), { inserts: [[1]] })],
      ['BatchCorrupt', rows(other, { inserts: [['2', 'two']] })],
      ['BatchCorrupt', withName({ offsets: Int32Array.of(0, 30, 22) })],
      ['BatchCorrupt', withName({ offsets: Int32Array.of(0, 21, 2_000_000) })],
      ['BatchCorrupt', withName({ offsets: Int32Array.of(-8, 21, 22) })],
      ['BatchCorrupt', withName({ offsets: undefined })],
      ['TextNotUtf8', withName({ data: Uint8Array.from(good.columns[1]!.data, (byte, i) => (i === 5 ? 0xff : byte)) })],
      ['TextNotUtf8', withName({ data: new TextEncoder().encode('twenty and one bytesü'), offsets: Int32Array.of(0, 21, 22) })],
    ];
    for (const [code, step] of bad) {
      expect(await codeOf(pool.writer.apply(segment(2, [rows(plain, { inserts: [[8, 'eight']] }), step])))).toBe(code);
      expect(await content(pool)).toEqual([['1', 'one']]);
    }
    await pool.writer.apply(segment(2, [rows(plain, { inserts: [[2, 'two']] })]));
    expect(await content(pool)).toEqual([
      ['1', 'one'],
      ['2', 'two'],
    ]);
  });
}

function keyedRows(start: Start): void {
  test('removes come before inserts, and keys that are not there are ignored', async () => {
    const pool = await start();
    await pool.writer.apply(
      segment(1, [
        shape(plain),
        rows(plain, {
          inserts: [
            [1, 'one'],
            [2, null],
            [3, ''],
          ],
        }),
      ]),
    );
    await pool.writer.apply(
      segment(2, [
        rows(plain, {
          removes: [[1], [3], [99]],
          inserts: [
            [1, 'uno'],
            [4, 'four'],
          ],
        }),
      ]),
    );
    expect(await content(pool)).toEqual([
      ['1', 'uno'],
      ['2', null],
      ['4', 'four'],
    ]);
  });

  test('a page replaces what its keys had, after pages and after changes', async () => {
    const pool = await start();
    const page = (...inserts: Value[][]): Step => rows(plain, { inserts, replaces: true });
    await pool.writer.apply(segment(1, [shape(plain), progressOf(plain, { state: 'Snapshotting' }), page([1, 'a'], [2, 'b'])]));
    await pool.writer.apply(segment(2, [progressOf(plain, { state: 'Snapshotting', after: ['3'], rowsCopied: 3 }), page([3, 'c'])]));
    await pool.writer.apply(
      segment(3, [
        rows(plain, {
          removes: [[3], [5]],
          inserts: [
            [5, 'changed'],
            [7, 'new'],
          ],
        }),
      ]),
    );
    await pool.writer.apply(segment(4, [page([4, 'd'], [5, 'copied'])]));
    expect(await content(pool)).toEqual([
      ['1', 'a'],
      ['2', 'b'],
      ['4', 'd'],
      ['5', 'copied'],
      ['7', 'new'],
    ]);
    await pool.writer.apply(segment(5, [{ kind: 'truncate', table: plain.table }, page([1, 'x'], [5, 'y'])]));
    expect(await content(pool)).toEqual([
      ['1', 'x'],
      ['5', 'y'],
    ]);
  });

  test('a table copied once more over its rows has each of them once', async () => {
    const pool = await start();
    const page = (...inserts: Value[][]): Step => rows(plain, { inserts, replaces: true });
    await pool.writer.apply(
      segment(1, [shape(plain), page([1, 'a'], [2, 'b']), progressOf(plain, { state: 'Replicating', copied: true, rowsCopied: 2 })]),
    );
    await pool.writer.apply(
      segment(2, [
        progressOf(plain, { state: 'Snapshotting' }),
        page([1, 'a2']),
        progressOf(plain, { state: 'Snapshotting', after: ['1'], rowsCopied: 1 }),
      ]),
    );
    await pool.writer.apply(segment(3, [page([2, 'b2'], [3, 'c2'])]));
    expect(await content(pool)).toEqual([
      ['1', 'a2'],
      ['2', 'b2'],
      ['3', 'c2'],
    ]);
  });

  test('patches keep old values, also those of another key, and of a row taken away in the same step', async () => {
    const pool = await start();
    const wide = schemaOf('wide', [
      ['id', int64],
      ['a', text],
      ['b', text],
      ['n', { kind: 'decimal', precision: 20, scale: 2 }],
    ]);
    const all = 'SELECT * FROM public.wide ORDER BY 1';
    const old = 'kept over the change, long enough to lie in the heap';
    await pool.writer.apply(
      segment(1, [
        shape(wide),
        progressOf(wide, { state: 'Replicating' }),
        rows(wide, {
          inserts: [
            [1, old, 'b1', 100n],
            [2, null, 'b2', null],
            [3, 'a3', 'b3', -5n],
          ],
        }),
      ]),
    );
    await pool.writer.apply(
      segment(2, [
        rows(wide, {
          removes: [[1], [2], [3], [10]],
          inserts: [[1, 'new owner of the key', 'x', 1n]],
          patches: [
            { from: [1], row: [10, null, 'b10', null], kept: [1, 3] },
            { from: [2], row: [2, null, 'b2 new', 7n], kept: [1] },
            { from: [3], row: [3, 'a3 new', null, null], kept: [2] },
          ],
        }),
      ]),
    );
    expect(await pool.query(all)).toEqual([
      ['1', 'new owner of the key', 'x', '0.01'],
      ['2', null, 'b2 new', '0.07'],
      ['3', 'a3 new', 'b3', null],
      ['10', old, 'b10', '1.00'],
    ]);
  });

  test('a patch without its old row: null while copying, a fault once replicating', async () => {
    const pool = await start();
    const lost = rows(plain, { removes: [[5]], patches: [{ from: [5], row: [6, null], kept: [1] }] });
    await pool.writer.apply(segment(1, [shape(plain), progressOf(plain, { state: 'Snapshotting' }), lost]));
    expect(await content(pool)).toEqual([['6', null]]);
    await pool.writer.apply(segment(2, [progressOf(plain, { state: 'Replicating' })]));
    expect(await codeOf(pool.writer.apply(segment(3, [lost])))).toBe('RowMissing');
    expect(await content(pool)).toEqual([['6', null]]);
  });

  test('keys of several columns and types, in key order', async () => {
    const pool = await start();
    const uuid = { kind: 'uuid' } as const;
    const id = (byte: number): Uint8Array => new Uint8Array(16).fill(byte);
    const pair = schemaOf(
      'pair',
      [
        ['v', text],
        ['u', uuid],
        ['t', text],
      ],
      { key: [2, 1] },
    );
    await pool.writer.apply(
      segment(1, [
        shape(pair),
        rows(pair, {
          inserts: [
            ['1', id(1), 'a'],
            ['2', id(1), 'b'],
            ['3', id(200), 'a'],
          ],
        }),
      ]),
    );
    await pool.writer.apply(
      segment(2, [
        rows(pair, {
          removes: [
            ['a', id(200)],
            ['b', id(200)],
          ],
          inserts: [['4', id(200), 'a']],
        }),
      ]),
    );
    expect(await pool.query('SELECT v, t FROM public.pair ORDER BY 1')).toEqual([
      ['1', 'a'],
      ['2', 'b'],
      ['4', 'a'],
    ]);
  });
}

function keylessRows(start: Start): void {
  test('identity full: each row takes one equal row away; nulls, NaN and signs of zero count', async () => {
    const pool = await start();
    const bag = schemaOf(
      'bag',
      [
        ['a', text],
        ['f', { kind: 'float64' }],
        ['i', { kind: 'interval' }],
      ],
      { identity: 'full' },
    );
    const month = Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
    const days = Uint8Array.of(0, 0, 0, 0, 30, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
    const one: Value[] = ['x', NaN, null];
    await pool.writer.apply(
      segment(1, [
        shape(bag),
        rows(bag, { inserts: [one, one, one, ['x', null, null], [null, 0, month], [null, -0, days], [null, 0, days]] }),
      ]),
    );
    await pool.writer.apply(
      segment(2, [
        rows(bag, {
          removes: [one, one, [null, -0, days], ['y', 1, null], [null, 0, month], [null, 0, month]],
          inserts: [['new', 1, null]],
        }),
      ]),
    );
    expect(await pool.query('SELECT a, f, i FROM public.bag ORDER BY 1, 2, 3')).toEqual([
      ['new', '1.0', null],
      ['x', 'nan', null],
      ['x', null, null],
      [null, '0.0', '30 days'],
    ]);
  });

  test('identity append: rows are only added, equal ones too', async () => {
    const pool = await start();
    const log = schemaOf('log', [['a', text]], { identity: 'append' });
    await pool.writer.apply(segment(1, [shape(log), rows(log, { inserts: [['x'], ['x']] })]));
    await pool.writer.apply(segment(2, [rows(log, { inserts: [['x']] })]));
    expect(await pool.query('SELECT count(*) FROM public.log')).toEqual([['3']]);
    await pool.writer.apply(segment(3, [{ kind: 'truncate', table: log.table }]));
    expect(await pool.query('SELECT count(*) FROM public.log')).toEqual([['0']]);
  });
}

function shapes(start: Start, again: Again): void {
  const before = schemaOf('t', [
    ['id', int64, 1],
    ['a', text, 2],
    ['b', { kind: 'int16' }, 3],
    ['gone', text, 4],
  ]);
  const after = schemaOf('t', [
    ['id', int64, 1],
    ['b', text, 2],
    ['a', { kind: 'int64' }, 3],
    ['new', text, 5],
    ['filled', { kind: 'decimal', precision: 9, scale: 2 }, 6],
    ['raw', { kind: 'bytes' }, 7],
  ]);
  const change = shape(after, [
    { id: 6, type: { kind: 'decimal', precision: 9, scale: 2 }, value: 1234n },
    { id: 7, type: { kind: 'bytes' }, value: Uint8Array.of(0, 65, 255) },
  ]);
  const rowsBefore = rows(before, {
    inserts: [
      [1, 'a1', 11, 'g'],
      [2, null, null, null],
      [3, 'a3', -32768, 'g'],
    ],
  });
  const columns = 'SELECT id, b, a, new, filled, raw FROM public.t ORDER BY id';

  test('columns are renamed, dropped, added, filled and widened by their id', async () => {
    const pool = await start();
    await pool.writer.apply(segment(1, [shape(before), rowsBefore]));
    await pool.writer.apply(segment(2, [change, rows(after, { removes: [[2]], inserts: [[4, 'b4', 44n, 'n', 5n, null]] })]));
    const expected = [
      ['1', 'a1', '11', null, '12.34', '\\x00A\\xFF'],
      ['3', 'a3', '-32768', null, '12.34', '\\x00A\\xFF'],
      ['4', 'b4', '44', 'n', '0.05', null],
    ];
    expect(await pool.query(columns)).toEqual(expected);
    const reopened = await again(pool);
    expect((await reopened.writer.progress()).schemas.get(after.table)).toEqual(after);
    expect(await reopened.query(columns)).toEqual(expected);
  });

  test('the shape changes in the middle of a transaction that has changed the rows', async () => {
    const pool = await start();
    await pool.writer.apply(segment(1, [shape(before), rowsBefore]));
    await pool.writer.apply(
      segment(2, [
        rows(before, { removes: [[1], [2]], inserts: [[2, 'a2', 22, null]] }),
        change,
        rows(after, { removes: [[3]], inserts: [[5, 'b5', 55n, null, null, null]] }),
        shape(before),
        rows(before, { removes: [[2]], inserts: [[6, 'a6', 66, 'g6']] }),
      ]),
    );
    expect(await pool.query('SELECT id, a, b, gone FROM public.t ORDER BY id')).toEqual([
      ['5', 'b5', '55', null],
      ['6', 'a6', '66', 'g6'],
    ]);
    await pool.writer.apply(segment(3, [{ kind: 'truncate', table: before.table }, rowsBefore, change]));
    expect((await pool.query(columns)).length).toBe(3);
  });

  test('columns change places by name, and all of them may be replaced', async () => {
    const pool = await start();
    const one = schemaOf('t', [
      ['x', int64, 1],
      ['y', text, 2],
      ['Z', text, 3],
    ]);
    const swapped = schemaOf('t', [
      ['x', int64, 1],
      ['Z', text, 2],
      ['y', text, 3],
    ]);
    await pool.writer.apply(segment(1, [shape(one), rows(one, { inserts: [[1, 'was y', 'was Z']] })]));
    await pool.writer.apply(segment(2, [shape(swapped)]));
    expect(await pool.query('SELECT y, "Z" FROM public.t')).toEqual([['was Z', 'was y']]);
    const replaced = schemaOf('t', [
      ['y', text, 8],
      ['x', text, 9],
    ]);
    await pool.writer.apply(segment(3, [shape(replaced, [{ id: 8, type: text, value: 'filled' }])]));
    expect(await pool.query('SELECT * FROM public.t')).toEqual([['filled', null]]);
  });

  test('a table that is dropped is gone; one made anew under its name starts empty', async () => {
    const pool = await start();
    await pool.writer.apply(segment(1, [shape(plain), progressOf(plain), rows(plain, { inserts: [[1, 'one']] })]));
    const other = schemaOf('plain', [['key', text]], { id: 'another' });
    await pool.writer.apply(segment(2, [rows(plain, { removes: [[1]] }), shape(other), rows(other, { inserts: [['k']] })]));
    expect(await content(pool)).toEqual([['k']]);
    await pool.writer.apply(segment(3, [{ kind: 'drop', table: other.table }]));
    expect(await pool.writer.progress()).toEqual({
      number: 3,
      epoch: 'sample',
      position: undefined,
      tables: new Map(),
      schemas: new Map(),
    });
    await pool.writer.apply(segment(4, [shape(plain), rows(plain, { inserts: [[2, 'two']] })]));
    expect(await content(pool)).toEqual([['2', 'two']]);
    const first = schemaOf('first', [['id', int64]]);
    const anew = [shape(first), { kind: 'drop' as const, table: plain.table }, shape(plain), rows(plain, { inserts: [[3, 'three']] })];
    await pool.writer.apply(segment(5, anew));
    expect(await content(pool)).toEqual([['3', 'three']]);
  });

  test('names that are odd, reserved or differ by case only', async () => {
    const pool = await start();
    const odd = schemaOf(
      'a "quoted"; name',
      [
        ['select', int64],
        ['ID', text],
        ['id', text],
        ['rowid', text],
        ["it's", text],
      ],
      { schema: 'Odd "schema"' },
    );
    const upper = schemaOf('T', [['id', int64]], { id: '11' });
    const lower = schemaOf('t', [['id', int64]], { id: '12' });
    const own = schemaOf('meta', [['id', int64]], { schema: 'isthmus' });
    await pool.writer.apply(
      segment(
        1,
        [odd, upper, lower, own].map((schema) => shape(schema)),
      ),
    );
    await pool.writer.apply(
      segment(2, [
        rows(odd, { inserts: [[1, 'A', 'b', 'c', 'd']] }),
        rows(upper, { inserts: [[1]] }),
        rows(lower, { inserts: [[2]] }),
        rows(own, { inserts: [[3]] }),
      ]),
    );
    await pool.writer.apply(
      segment(3, [rows(odd, { removes: [[1]], inserts: [[1, 'A', 'b', 'c', 'e']] }), { kind: 'truncate', table: upper.table }]),
    );
    expect(await pool.query(`SELECT * FROM ${quoteIdentifier(odd.schema)}.${quoteIdentifier(odd.name)}`)).toEqual([
      ['1', 'A', 'b', 'c', 'e'],
    ]);
    const reopened = await again(pool);
    expect((await reopened.writer.progress()).schemas.size).toBe(4);
    await reopened.writer.apply(segment(4, [rows(lower, { removes: [[2]], inserts: [[4]] })]));
    await reopened.writer.apply(
      segment(5, [
        { kind: 'drop', table: own.table },
        { kind: 'drop', table: upper.table },
      ]),
    );
    expect((await reopened.writer.progress()).number).toBe(5);
  });
}

const operation = fc.record({
  table: fc.constantFrom('one', 'two'),
  kind: fc.nat(11),
  seeds: fc.array(fc.nat(9999), { minLength: 3, maxLength: 9 }),
});
const transaction = fc.record({
  parts: fc.array(fc.array(operation, { maxLength: 3 }), { minLength: 1, maxLength: 3 }),
  end: fc.constantFrom('commit', 'commit', 'commit', 'give up', 'crash', 'reopen'),
});

function anything(start: Start, again: Again, numRuns: number): void {
  // oxlint-disable-next-line vitest/expect-expect -- `same` expects.
  test('whatever comes, the pool holds what a model holds', { timeout: 120_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(transaction, { minLength: 1, maxLength: 8 }), async (transactions) => {
        let pool = await start();
        let model = new Model();
        let number = 0;
        for (const { parts, end } of transactions) {
          const next = model.clone();
          const whole = end === 'commit' || end === 'reopen';
          for (const [i, operations] of parts.entries()) {
            const steps = operations.flatMap(({ table, kind, seeds }) => next.steps(table, kind, seeds));
            await pool.writer.apply(segment(number + 1 + i, steps, { first: i === 0, last: whole && i === parts.length - 1 }));
          }
          if (whole) {
            model = next;
            number += parts.length;
          }
          if (end === 'crash' || end === 'reopen') pool = await again(pool);
          await same(pool, model, number);
        }
      }),
      { numRuns },
    );
  });
}

/** Does the pool hold what the model holds? */
export async function same(pool: Pick<PoolUnderTest, 'writer' | 'query'>, model: Model, number: number): Promise<void> {
  for (const { schema, rows: expected } of model.tables.values()) {
    const names = schema.columns.map((column) => quoteIdentifier(column.name)).join(', ');
    const found = await pool.query(`SELECT ${names} FROM public.${schema.name} ORDER BY id`);
    expect(found).toEqual([...expected].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row.map((cell) => cell.text)));
  }
  const progress = await pool.writer.progress();
  // A transaction given up is still open here: only the committed one counts.
  expect(progress.number).toBe(number);
  expect(new Set(progress.schemas.keys())).toEqual(new Set([...model.tables.values()].map(({ schema }) => schema.table)));
}
