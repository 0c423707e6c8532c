import { expect, test } from 'vitest';
import { toFault } from '#base/fault.ts';
import type { PoolWriter } from './pool-writer.ts';
import { at, codeOf, int64, rows, schemaOf, segment, shape, text } from './sample-steps.contract.ts';
import type { Segment } from './segment.ts';

interface Pool {
  readonly writer: PoolWriter;
  query(sql: string): Promise<readonly (readonly (string | null)[])[]>;
}

const plain = schemaOf('plain', [
  ['id', int64],
  ['name', text],
]);

const all = 'SELECT * FROM public.plain ORDER BY 1';

/** The part of `writerContract` about what a segment goes on from. */
export function continuations<P extends Pool>(start: () => Promise<P>, again: (pool: P) => Promise<P>): void {
  test('what is applied is ignored, a gap is refused and ends the open transaction', async () => {
    const pool = await start();
    await pool.writer.apply(segment(1, [shape(plain), rows(plain, { inserts: [[1, 'one']] })]));
    await pool.writer.apply(segment(1, [rows(plain, { inserts: [[9, 'nine']] })]));
    expect(await pool.query(all)).toEqual([['1', 'one']]);
    expect(await codeOf(pool.writer.apply(segment(3, [])))).toBe('SegmentGap');
    expect(await codeOf(pool.writer.apply(segment(2, [], { first: false })))).toBe('SegmentGap');
    await pool.writer.apply(segment(2, [rows(plain, { inserts: [[2, 'two']] })], { last: false }));
    expect(await codeOf(pool.writer.apply(segment(4, [], { first: false })))).toBe('SegmentGap');
    expect(await codeOf(pool.writer.apply(segment(3, [], { first: false })))).toBe('SegmentGap');
    await pool.writer.apply(segment(2, [rows(plain, { inserts: [[3, 'three']] })]));
    expect(await pool.query(all)).toEqual([
      ['1', 'one'],
      ['3', 'three'],
    ]);
  });

  test('a segment that does not go on from what the pool holds is refused, and so is one that only has a number of those applied', async () => {
    let pool = await start();
    await pool.writer.apply(segment(1, [shape(plain), rows(plain, { inserts: [[1, 'one']] })], { epoch: 'a', position: at(1) }));
    const held = { number: 1, epoch: 'a', position: at(1) };
    const next = (change: Partial<Segment>) =>
      segment(2, [rows(plain, { inserts: [[2, 'two']] })], { epoch: 'b', position: at(5), ...change });
    const foreign = [
      next({ continues: { ...held, epoch: 'b' } }),
      next({ continues: { ...held, epoch: undefined } }),
      next({ continues: { ...held, position: at(2) } }),
      next({ continues: { ...held, number: 0 } }),
      next({ number: 1 }),
      next({ number: 1, epoch: 'a' }),
      next({ number: 0 }),
    ];
    for (const crashed of [false, true]) {
      if (crashed) pool = await again(pool);
      for (const one of foreign) {
        const refused = await pool.writer.apply(one).then(() => undefined, toFault);
        expect([refused?.kind, refused?.code]).toEqual(['corrupt', 'SegmentForeign']);
        expect(refused?.remedy).toBeDefined();
        for (const told of [at(1), ...(one.continues?.position ? [one.continues.position] : [])]) expect(refused?.message).toContain(told);
      }
    }
    await pool.writer.apply(segment(1, [], { epoch: 'a', position: at(1) }));
    await pool.writer.apply(next({ continues: held, last: false, position: undefined }));
    await pool.writer.apply(next({ number: 3, steps: [], continues: held, first: false }));
    expect(await pool.writer.progress()).toMatchObject({ number: 3, epoch: 'b', position: at(5) });
    expect(await pool.query(all)).toEqual([
      ['1', 'one'],
      ['2', 'two'],
    ]);
  });
}
