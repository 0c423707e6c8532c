import fc from 'fast-check';
import { expect, test } from 'vitest';
import { packetsOf, packetType } from './packets.ts';
import type { Column, Row } from './token-rows.ts';
import { decodeTokens, encodeTokens, type Token } from './tokens.ts';
import { allowedOutcomes, outcomeOf } from './test-outcome.ts';
import { typesAndValues } from './test-types.ts';
import type { TdsType } from './types/tds-type.ts';
import { tdsVersion, type TdsVersion } from './version.ts';

const hex = (...parts: readonly string[]): Buffer => Buffer.from(parts.join(''), 'hex');

/** The sample of MS-TDS section 4.7: `select 'foo' as 'bar'`. */
const sample = hex(
  '0401003300000100', // header: answer, end of message, 51 bytes
  '81', // COLMETADATA
  '0100', // one column
  '00000000', // no user type
  '2000', // flags: an expression
  'a7', // varchar
  '0300', // of 3 bytes
  '0904d00034', // collation
  '03', // its name has 3 characters
  '620061007200', // bar
  'd1', // ROW
  '0300', // 3 bytes
  '666f6f', // foo
  'fd', // DONE
  '1000', // the count is right
  'c100', // of a SELECT
  '0100000000000000', // one row
);
const bar: Column = {
  name: 'bar',
  userType: 0,
  flags: 0x20,
  type: { name: 'varchar', length: 3, collation: Uint8Array.from([0x09, 0x04, 0xd0, 0x00, 0x34]) },
};
const answered: readonly Token[] = [
  { kind: 'columns', columns: [bar] },
  { kind: 'row', compact: false, values: ['foo'] },
  { kind: 'done', status: 0x10, command: 0xc1, rows: 1n },
];

test("the document's sample of an answer is what we send and read", () => {
  expect(decodeTokens(sample.subarray(8))).toEqual(answered);
  expect(Buffer.from(packetsOf({ type: packetType.response, payload: encodeTokens(answered) }))).toEqual(sample);
});

/** Each by the rules of its section. */
const fixtures: readonly (readonly [what: string, bytes: Buffer, token: Token])[] = [
  [
    'LOGINACK (2.2.7.14)',
    hex(
      'ad', // LOGINACK
      '1000', // 16 bytes
      '01', // Transact-SQL
      '74000004', // TDS 7.4
      '03', // the name has 3 characters
      '530051004c00', // SQL
      '100003e8', // 16.0.1000
    ),
    { kind: 'login-ack', language: 1, tdsVersion: 0x7400_0004, program: 'SQL', version: [16, 0, 1000] },
  ],
  [
    'ENVCHANGE of the database (2.2.7.9)',
    hex(
      'e3', // ENVCHANGE
      '0f00', // 15 bytes
      '01', // the database
      '02', // of 2 characters
      '64006200', // db
      '04', // before, of 4 characters
      '6d00610069006e00', // main
    ),
    { kind: 'env-change', change: { type: 'text', of: 1, now: 'db', before: 'main' } },
  ],
  [
    'ENVCHANGE that routes elsewhere (2.2.7.9)',
    hex(
      'e3', // ENVCHANGE
      '1000', // 16 bytes
      '14', // routing
      '0b00', // 11 bytes
      '00', // TCP
      'fd2a', // port 11005
      '0300', // a host of 3 characters
      '640062003100', // db1
      '0000', // before: nothing
    ),
    { kind: 'env-change', change: { type: 'routing', host: 'db1', port: 11_005 } },
  ],
  [
    'ERROR (2.2.7.10)',
    hex(
      'aa', // ERROR
      '1800', // 24 bytes
      '18480000', // 18456
      '01', // state
      '0e', // severity 14
      '0200', // 2 characters
      '6e006f00', // no
      '02', // the server's name has 2 characters
      '73003100', // s1
      '01', // the procedure's has one
      '7000', // p
      '01000000', // line 1
    ),
    { kind: 'error', number: 18_456, state: 1, severity: 14, text: 'no', server: 's1', procedure: 'p', line: 1 },
  ],
  [
    'FEATUREEXTACK (2.2.7.11)',
    hex(
      'ae', // FEATUREEXTACK
      '0a', // UTF-8
      '01000000', // one byte
      '01', // yes
      'ff', // no more
    ),
    { kind: 'feature-ack', features: [{ id: 0x0a, bytes: Uint8Array.from([1]) }] },
  ],
  ['ORDER (2.2.7.17)', hex('a9', '0400', '0100', '0300'), { kind: 'order', columns: [1, 3] }],
  ['RETURNSTATUS (2.2.7.18)', hex('79', 'ffffffff'), { kind: 'return-status', value: -1 }],
];

test.for(fixtures)('%s', ([, bytes, token]) => {
  expect(decodeTokens(bytes)).toEqual([token]);
  expect(Buffer.from(encodeTokens([token]))).toEqual(bytes);
});

test('NBCROW (2.2.7.15): nulls are bits in front', () => {
  const bytes = hex(
    '81', // COLMETADATA
    '0300', // three columns
    '00000000' + '0900' + '26' + '04' + '01' + '6100', // a int null
    '00000000' + '0900' + '68' + '01' + '01' + '6200', // b bit null
    '00000000' + '0900' + 'e7' + 'ffff' + '0904d00034' + '01' + '6300', // c nvarchar(max) null
    'd2', // NBCROW
    '02', // the second is null
    '04' + '2a000000', // 42
    'feffffffffffffff', // a length that is not known yet
    '04000000' + '68006900', // hi
    '00000000', // no more
  );
  expect(decodeTokens(bytes)[1]).toEqual({ kind: 'row', compact: true, values: [42n, null, 'hi'] });
});

const text = fc.string({ maxLength: 12, unit: 'grapheme' });

function tables(version: TdsVersion): fc.Arbitrary<readonly Token[]> {
  return fc
    .tuple(fc.array(fc.tuple(typesAndValues(version), text), { minLength: 1, maxLength: 10 }), fc.boolean(), fc.nat(3))
    .map(([cells, compact, rows]) => {
      const columns = cells.map(([[type], name]) => ({ name, userType: 0, flags: 9, type, ...(isLong(type) && { table: ['t'] }) }));
      const row: Row = { kind: 'row', compact: compact && version >= '7.3', values: cells.map(([[, value]]) => value) };
      return [{ kind: 'columns', columns }, ...Array.from({ length: rows }, () => row)];
    });
}

function isLong({ name }: TdsType): boolean {
  return name === 'text' || name === 'ntext' || name === 'image';
}

function returned(version: TdsVersion): fc.Arbitrary<Token> {
  return fc
    .tuple(typesAndValues(version), fc.nat(65_535), text, fc.constantFrom('parameter' as const, 'function' as const))
    .map(([[type, value], ordinal, name, of]) => ({ kind: 'return-value', ordinal, name, of, userType: 0, flags: 0, type, value }));
}

const u8 = fc.nat(255);
const u16 = fc.nat(65_535);
const i32 = fc.integer();
const bytes = fc.uint8Array({ maxLength: 20 });
const single: fc.Arbitrary<Token> = fc.oneof(
  fc.record({
    kind: fc.constant('login-ack' as const),
    language: u8,
    tdsVersion: fc.nat(0xffff_ffff),
    program: text,
    version: fc.tuple(u8, u8, u16),
  }),
  fc.record({
    kind: fc.constantFrom('error' as const, 'info' as const),
    number: i32,
    state: u8,
    severity: u8,
    text,
    server: text,
    procedure: text,
    line: fc.nat(0xffff_ffff),
  }),
  fc.record({
    kind: fc.constant('env-change' as const),
    change: fc.oneof(
      fc.record({ type: fc.constant('text' as const), of: fc.constantFrom(1, 2, 3, 4, 13), now: text, before: text }),
      fc.record({ type: fc.constant('bytes' as const), of: fc.constantFrom(7, 8, 17, 18), now: bytes, before: bytes }),
      fc.record({ type: fc.constant('routing' as const), host: text, port: u16 }),
      fc.record({ type: fc.constant('other' as const), of: fc.constantFrom(15, 16, 21), bytes }),
    ),
  }),
  fc.record({
    kind: fc.constant('feature-ack' as const),
    features: fc.uniqueArray(fc.record({ id: fc.nat(254), bytes }), { maxLength: 3, selector: ({ id }) => id }),
  }),
  fc.record({
    kind: fc.constantFrom('done' as const, 'done-proc' as const, 'done-in-proc' as const),
    status: u16,
    command: u16,
    rows: fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }),
  }),
  fc.record({ kind: fc.constant('order' as const), columns: fc.array(u16, { maxLength: 5 }) }),
  fc.record({ kind: fc.constant('return-status' as const), value: i32 }),
  fc.record({ kind: fc.constant('federated-place' as const), issuer: text, audience: text }),
);
function answers(version: TdsVersion): fc.Arbitrary<readonly Token[]> {
  const one = fc.oneof(single, returned(version)).map((token) => [token]);
  return fc.array(fc.oneof(one, tables(version)), { maxLength: 6 }).map((parts) => parts.flat());
}

const versions = Object.keys(tdsVersion) as readonly TdsVersion[];

test.for(versions)('what is encoded is decoded, in TDS %s', (version) => {
  fc.assert(
    fc.property(answers(version), (tokens) => {
      expect(decodeTokens(encodeTokens(tokens, version), version)).toEqual(tokens.map((token) => early(token, version)));
    }),
    { numRuns: 150 },
  );
});

/** Numbers that had fewer bytes before TDS 7.2. */
function early(token: Token, version: TdsVersion): Token {
  if (version >= '7.2') return token;
  if ('rows' in token) return { ...token, rows: token.rows > 0xffff_ffffn ? 0xffff_ffffn : token.rows };
  return 'line' in token ? { ...token, line: Math.min(token.line, 0xffff) } : token;
}

test.for(versions)('changed, cut and random bytes are refused as corrupt, or are another answer, in TDS %s', (version) => {
  fc.assert(
    fc.property(answers(version), fc.nat(), u8, fc.uint8Array({ maxLength: 120 }), (tokens, at, byte, random) => {
      const changed = encodeTokens(tokens, version);
      const place = at % (changed.length + 1);
      if (place < changed.length) changed[place] = byte;
      for (const payload of [changed, changed.subarray(0, place), random])
        expect(allowedOutcomes).toContain(outcomeOf(() => decodeTokens(payload, version)));
    }),
    { numRuns: 150 },
  );
});
