import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Fault } from '#base/fault.ts';
import { encodeMessage } from './encode.ts';
import { readMessage, type LogicalMessage } from './messages.ts';

/** Bytes of a fixture; what follows `#` on a line is its comment. */
const fixture = (text: string): Buffer => Buffer.from(text.replaceAll(/#.*$/gm, '').replaceAll(/\s/g, ''), 'hex');
const read = (text: string, streamed = false): LogicalMessage => {
  const bytes = fixture(text);
  return readMessage(bytes, { start: 0, end: bytes.length }, streamed);
};
/** 2026-11-22 00:00:00 UTC, as the server counts and as we do. */
const serverClock = '0003045e 6e2e4000';
const clockUs = BigInt(`0x${serverClock.replace(' ', '')}`) + 946_684_800_000_000n;

test('Begin, Commit, Origin', () => {
  expect(read(`42 00000000 01000200 ${serverClock} 000002f1 # B, commit's place, time, xid`)).toEqual({
    kind: 'begin',
    finalLsn: 0x1000200n,
    committedAtUs: clockUs,
    xid: 753,
  });
  expect(read(`43 00 00000000 01000200 00000000 01000230 ${serverClock} # C, flags, commit, behind it, time`)).toEqual({
    kind: 'commit',
    commitLsn: 0x1000200n,
    endLsn: 0x1000230n,
    committedAtUs: clockUs,
  });
  expect(read('4f 00000000 01000000 6e3100 # O, place, n1')).toEqual({ kind: 'origin', commitLsn: 0x1000000n, name: 'n1' });
});

const relation = `
  00004001               # oid 16385
  7075626c696300         # public
  7400                   # t
  64                     # replica identity: the key
  0002                   # two columns
  01 696400 00000014 ffffffff   # key, id, int8, no modifier
  00 6e00 000006a4 000c0006     # n, numeric(12,2)
`;
const readRelation = {
  kind: 'relation',
  oid: 16385,
  schema: 'public',
  name: 't',
  replicaIdentity: 'd',
  columns: [
    { key: true, name: 'id', typeOid: 20, typeModifier: -1 },
    { key: false, name: 'n', typeOid: 1700, typeModifier: 786_438 },
  ],
};

test('Relation, also within a stream', () => {
  expect(read(`52 ${relation}`)).toEqual({ ...readRelation, xid: 0 });
  expect(read(`52 000002f1 ${relation}`, true)).toEqual({ ...readRelation, xid: 753 });
});

test('Type, Truncate, Message', () => {
  expect(read('59 00004005 7075626c696300 6d6f6f6400 # Y, oid, public, mood')).toEqual({
    kind: 'type',
    xid: 0,
    oid: 16389,
    schema: 'public',
    name: 'mood',
  });
  expect(read('54 00000002 03 00004001 00004002 # T, two, cascade + restart, oids')).toEqual({
    kind: 'truncate',
    xid: 0,
    relations: [16385, 16386],
    cascade: true,
    restartIdentity: true,
  });
  expect(read('4d 01 00000000 01000000 686200 00000002 0102 # M, transactional, place, hb, 2 bytes')).toEqual({
    kind: 'message',
    xid: 0,
    transactional: true,
    lsn: 0x1000000n,
    prefix: 'hb',
    content: new Uint8Array([1, 2]),
  });
});

test('Stream Start, Stop, Commit, Abort', () => {
  expect(read('53 000002f1 01 # S, xid, first')).toEqual({ kind: 'stream-start', xid: 753, first: true });
  expect(read('45')).toEqual({ kind: 'stream-stop' });
  expect(read(`63 000002f1 00 00000000 01000200 00000000 01000230 ${serverClock}`)).toEqual({
    kind: 'stream-commit',
    xid: 753,
    commitLsn: 0x1000200n,
    endLsn: 0x1000230n,
    committedAtUs: clockUs,
  });
  expect(read('41 000002f1 000002f2 # A, xid, subtransaction')).toEqual({ kind: 'stream-abort', xid: 753, subXid: 754 });
});

const u32 = fc.nat({ max: 0xffff_ffff });
const lsn = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const time = fc.bigInt({ min: -4_000_000_000_000_000n, max: 4_000_000_000_000_000n });
const name = fc.string({ maxLength: 10, unit: 'grapheme' }).filter((text) => !text.includes('\0'));
const column = fc.record({ key: fc.boolean(), name, typeOid: u32, typeModifier: fc.integer() });
const message = (streamed: boolean): fc.Arbitrary<LogicalMessage> => {
  const xid = streamed ? u32 : fc.constant(0);
  const identity = fc.constantFrom('d' as const, 'n' as const, 'f' as const, 'i' as const);
  return fc.oneof(
    fc.record({ kind: fc.constant('begin' as const), finalLsn: lsn, committedAtUs: time, xid: u32 }),
    fc.record({ kind: fc.constant('commit' as const), commitLsn: lsn, endLsn: lsn, committedAtUs: time }),
    fc.record({ kind: fc.constant('origin' as const), commitLsn: lsn, name }),
    fc.record({
      kind: fc.constant('relation' as const),
      xid,
      oid: u32,
      schema: name,
      name,
      replicaIdentity: identity,
      columns: fc.array(column, { maxLength: 6 }),
    }),
    fc.record({ kind: fc.constant('type' as const), xid, oid: u32, schema: name, name }),
    fc.record({
      kind: fc.constant('truncate' as const),
      xid,
      relations: fc.array(u32, { maxLength: 5 }),
      cascade: fc.boolean(),
      restartIdentity: fc.boolean(),
    }),
    fc.record({
      kind: fc.constant('message' as const),
      xid,
      transactional: fc.boolean(),
      lsn,
      prefix: name,
      content: fc.uint8Array({ maxLength: 20 }),
    }),
    fc.record({ kind: fc.constant('stream-start' as const), xid: u32, first: fc.boolean() }),
    fc.record({ kind: fc.constant('stream-stop' as const) }),
    fc.record({ kind: fc.constant('stream-commit' as const), xid: u32, commitLsn: lsn, endLsn: lsn, committedAtUs: time }),
    fc.record({ kind: fc.constant('stream-abort' as const), xid: u32, subXid: u32 }),
  );
};
const either = fc.boolean().chain((streamed) => fc.tuple(fc.constant(streamed), message(streamed)));

test('what is encoded is decoded', () => {
  fc.assert(
    fc.property(either, ([streamed, sent]) => {
      const bytes = encodeMessage(sent, streamed);
      expect(readMessage(bytes, { start: 0, end: bytes.length }, streamed)).toEqual(sent);
    }),
    { numRuns: 1000 },
  );
});

test('a message cut or lengthened anywhere is corrupt', () => {
  fc.assert(
    fc.property(either, ([streamed, sent]) => {
      const bytes = Buffer.concat([encodeMessage(sent, streamed), Buffer.alloc(1)]);
      for (const end of [...Array(bytes.length - 1).keys(), bytes.length]) {
        expect(() => readMessage(bytes, { start: 0, end }, streamed)).toThrow(expect.objectContaining({ kind: 'corrupt' }));
      }
    }),
    { numRuns: 100 },
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

test('random bytes are only ever corrupt', () => {
  const tags = fc.constantFrom(...Buffer.from('BCORYTMSEcA?'));
  fc.assert(
    fc.property(tags, fc.uint8Array({ maxLength: 60 }), fc.boolean(), (tag, rest, streamed) => {
      const bytes = Buffer.from([tag, ...rest]);
      const kind = kindOf(() => readMessage(bytes, { start: 0, end: bytes.length }, streamed));
      expect([undefined, 'corrupt']).toContain(kind);
    }),
    { numRuns: 3000 },
  );
});
