import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Fault } from '#base/fault.ts';
import { encodeRowChange, type SentRowChange, type SentValue } from './encode.ts';
import { isRowChange, newRowChange, oldKind, readRowChange, rowTag, tupleKind, type RowChange, type TupleView } from './tuple.ts';

/** Bytes of a fixture; what follows `#` on a line is its comment. */
const fixture = (text: string): Buffer => Buffer.from(text.replaceAll(/#.*$/gm, '').replaceAll(/\s/g, ''), 'hex');

function valuesOf(bytes: Uint8Array, view: TupleView): SentValue[] {
  return Array.from({ length: view.count }, (_, i): SentValue => {
    const value = bytes.subarray(view.start[i], view.end[i]);
    switch (view.kind[i]) {
      case tupleKind.null:
        return null;
      case tupleKind.unchanged:
        return 'unchanged';
      case tupleKind.text:
        return { text: Buffer.from(value).toString('utf8') };
      default:
        return { binary: new Uint8Array(value) };
    }
  });
}

const names = { [rowTag.insert]: 'insert', [rowTag.update]: 'update', [rowTag.delete]: 'delete' } as const;

function toSent(bytes: Uint8Array, change: RowChange, streamed: boolean): SentRowChange {
  return {
    kind: names[change.tag as keyof typeof names],
    relation: change.relation,
    xid: streamed ? change.xid : undefined,
    old:
      change.oldKind === oldKind.none
        ? undefined
        : { kind: change.oldKind === oldKind.key ? 'key' : 'full', values: valuesOf(bytes, change.old) },
    new: change.tag === rowTag.delete ? undefined : valuesOf(bytes, change.new),
  };
}

test('Insert', () => {
  const bytes = fixture(`
    49                     # I
    00004001               # relation 16385
    4e                     # new row
    0003                   # three columns
    74 00000002 3432       # text 42
    6e                     # null
    62 00000001 ff         # binary
  `);
  const change = newRowChange();
  readRowChange(bytes, { start: 0, end: bytes.length }, false, change);
  expect(toSent(bytes, change, false)).toEqual({
    kind: 'insert',
    relation: 16385,
    xid: undefined,
    old: undefined,
    new: [{ text: '42' }, null, { binary: new Uint8Array([255]) }],
  });
});

test('Update within a stream, with the old key and a value that was not sent', () => {
  const bytes = fixture(`
    00 00                  # not part of the message
    55                     # U
    000002f1               # transaction 753
    00004001               # relation 16385
    4b 0002 74 00000001 31 6e   # old key: 1, null
    4e 0002 74 00000001 32 75   # new row: 2, unchanged
  `);
  const change = newRowChange();
  readRowChange(bytes, { start: 2, end: bytes.length }, true, change);
  expect(toSent(bytes, change, true)).toEqual({
    kind: 'update',
    relation: 16385,
    xid: 753,
    old: { kind: 'key', values: [{ text: '1' }, null] },
    new: [{ text: '2' }, 'unchanged'],
  });
});

test('Delete with the full old row', () => {
  const bytes = fixture('44 00004001 4f 0001 74 00000000 # D, relation, old row, one column, empty text');
  const change = newRowChange();
  readRowChange(bytes, { start: 0, end: bytes.length }, false, change);
  expect(toSent(bytes, change, false)).toMatchObject({ kind: 'delete', old: { kind: 'full', values: [{ text: '' }] } });
});

const value: fc.Arbitrary<SentValue> = fc.oneof(
  fc.constant(null),
  fc.constant('unchanged' as const),
  fc.record({ text: fc.string({ maxLength: 12, unit: 'grapheme' }) }),
  fc.record({ binary: fc.uint8Array({ maxLength: 12 }) }),
);
const tuple = fc.oneof(
  { weight: 20, arbitrary: fc.array(value, { maxLength: 8 }) },
  { weight: 1, arbitrary: fc.array(value, { minLength: 40, maxLength: 80 }) },
);
const old = fc.record({ kind: fc.constantFrom('key' as const, 'full' as const), values: tuple });
const oid = fc.nat({ max: 0xffff_ffff });
const change = (streamed: boolean): fc.Arbitrary<SentRowChange> => {
  const xid = streamed ? oid : fc.constant(undefined);
  return fc.oneof(
    fc.record({ kind: fc.constant('insert' as const), relation: oid, xid, old: fc.constant(undefined), new: tuple }),
    fc.record({ kind: fc.constant('update' as const), relation: oid, xid, old: fc.option(old, { nil: undefined }), new: tuple }),
    fc.record({ kind: fc.constant('delete' as const), relation: oid, xid, old, new: fc.constant(undefined) }),
  );
};

test('what is encoded is decoded, into one view that is reused', () => {
  const view = newRowChange();
  fc.assert(
    fc.property(
      fc.boolean().chain((streamed) => fc.tuple(fc.constant(streamed), change(streamed))),
      fc.nat({ max: 20 }),
      ([streamed, sent], before) => {
        const message = encodeRowChange(sent);
        const bytes = Buffer.concat([Buffer.alloc(before, 0x4e), message, Buffer.alloc(3, 0x4e)]);
        expect(isRowChange(bytes[before]!)).toBe(true);
        readRowChange(bytes, { start: before, end: before + message.length }, streamed, view);
        expect(toSent(bytes, view, streamed)).toEqual(sent);
      },
    ),
    { numRuns: 500 },
  );
});

function kindOf(work: () => void): string | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    return error instanceof Fault ? error.kind : String(error);
  }
}

test('cut, lengthened or overwritten messages are only ever corrupt, and every place lies within the message', () => {
  const view = newRowChange();
  const wrong = fc.record({ sent: change(false), place: fc.nat(), byte: fc.option(fc.nat({ max: 255 })), length: fc.nat() });
  fc.assert(
    fc.property(wrong, fc.boolean(), ({ sent, place, byte, length }, streamed) => {
      const message = Buffer.from(encodeRowChange(sent));
      if (byte !== null) message[place % message.length] = byte;
      const bytes = Buffer.concat([message, Buffer.alloc(4)]);
      const end = length % (bytes.length + 1);
      const kind = kindOf(() => {
        readRowChange(bytes, { start: 0, end }, streamed, view);
        const tuples = [...(view.oldKind === oldKind.none ? [] : [view.old]), ...(view.tag === rowTag.delete ? [] : [view.new])];
        for (const one of tuples) for (let i = 0; i < one.count; i++) expect(one.end[i]).toBeLessThanOrEqual(end);
      });
      expect([undefined, 'corrupt']).toContain(kind);
    }),
    { numRuns: 3000 },
  );
});

test('a range beyond the buffer is corrupt', () => {
  const message = encodeRowChange({ kind: 'insert', relation: 1, xid: undefined, old: undefined, new: [{ text: 'abc' }] });
  expect(() => readRowChange(message, { start: 0, end: message.length + 1 }, false, newRowChange())).toThrow(
    expect.objectContaining({ kind: 'corrupt' }),
  );
});
