import { expect, test } from 'vitest';
import { packetsOf, packetType } from './packets.ts';
import { usualCollation } from './types/collation.ts';
import type { TdsVersion } from './version.ts';
import { decodeTokens, encodeTokens, type Token } from './tokens.ts';

const hex = (...parts: readonly string[]): Buffer => Buffer.from(parts.join(''), 'hex');
const collation = usualCollation;

/** The sample of MS-TDS section 4.9. */
const answerOfProcedure = hex(
  '0401002700000100', // header: answer, end of message, 39 bytes
  'ff', // DONEINPROC
  '1100', // more follows, the count is right
  'c100', // of a SELECT
  '0100000000000000', // one row
  '79', // RETURNSTATUS
  '00000000', // 0
  'fe', // DONEPROC
  '0000', // the last
  'e000', // of an EXECUTE
  '0000000000000000', // no count
);

test("the document's sample of a procedure's answer is what we send and read", () => {
  const tokens: readonly Token[] = [
    { kind: 'done-in-proc', status: 0x11, command: 0xc1, rows: 1n },
    { kind: 'return-status', value: 0 },
    { kind: 'done-proc', status: 0, command: 0xe0, rows: 0n },
  ];
  expect(decodeTokens(answerOfProcedure.subarray(8))).toEqual(tokens);
  expect(Buffer.from(packetsOf({ type: packetType.response, payload: encodeTokens(tokens) }))).toEqual(answerOfProcedure);
});

/** After the sample of MS-TDS section 4.15: rows with a set of sparse columns, and rows whose set is NULL. */
const sparse = hex(
  '81' + '0200', // COLMETADATA of two columns
  '00000000' + '0900' + '26' + '04' + '02' + '69006400', // id int
  '00000000' + '0b04' + 'f1' + '00' + '01' + '7300', // s xml: a set of sparse columns
  'd1', // ROW
  '04' + '01000000', // 1
  'feffffffffffffff' + '08000000' + '3c0061002f003e00' + '00000000', // <a/>, in a part whose end is not told before
  'd2', // NBCROW
  '02', // the second is NULL
  '04' + '04000000', // 4
  'fd' + '1000' + 'c100' + '0200000000000000', // DONE: two rows of a SELECT
);

test('rows with sparse columns are read', () => {
  expect(decodeTokens(sparse).slice(1)).toEqual([
    { kind: 'row', compact: false, values: [1n, '<a/>'] },
    { kind: 'row', compact: true, values: [4n, null] },
    { kind: 'done', status: 0x10, command: 0xc1, rows: 2n },
  ]);
});

test('a row whose bits say that there is a value where there is none is corrupt', () => {
  const bytes = hex('81' + '0100' + '00000000' + '0900' + '26' + '04' + '00', 'd2' + '00' + '00');
  expect(() => decodeTokens(bytes)).toThrow('a NULL that the bits in front do not say');
});

type Fixture = readonly [what: string, version: TdsVersion, bytes: Buffer, tokens: readonly Token[]];

const fixtures: readonly Fixture[] = [
  [
    'DONE (2.2.7.6)',
    '7.1',
    hex(
      'fd', // DONE
      '1000', // the count is right
      'c300', // of an INSERT
      '05000000', // five rows, in four bytes
    ),
    [{ kind: 'done', status: 0x10, command: 0xc3, rows: 5n }],
  ],
  [
    'INFO (2.2.7.13)',
    '7.1',
    hex(
      'ab', // INFO
      '0e00', // 14 bytes
      '45160000', // 5701
      '02', // state
      '00', // severity 0
      '0100', // one character
      '6d00', // m
      '00', // no server
      '00', // no procedure
      '0700', // line 7, in two bytes
    ),
    [{ kind: 'info', number: 5701, state: 2, severity: 0, text: 'm', server: '', procedure: '', line: 7 }],
  ],
  [
    'COLMETADATA and ROW with text (2.2.7.4)',
    '7.1',
    hex(
      '81', // COLMETADATA
      '0100', // one column
      '0000', // no user type, in two bytes
      '0900', // flags
      '63' + 'feffff7f' + '0904d00034', // ntext, its length, collation
      '0500' + '640062006f002e007400', // its table, whole: dbo.t
      '01' + '6300', // c
      'd1', // ROW
      '00', // no pointer: NULL
    ),
    [
      { kind: 'columns', columns: [{ name: 'c', userType: 0, flags: 9, type: { name: 'ntext', collation }, table: ['dbo.t'] }] },
      { kind: 'row', compact: false, values: [null] },
    ],
  ],
  [
    'COLMETADATA and ROW with text (2.2.7.4)',
    '7.2',
    hex(
      '81', // COLMETADATA
      '0100', // one column
      '00000000', // no user type, in four bytes
      '0900', // flags
      '23' + 'ffffff7f' + '0904d00034', // text, its length, collation
      '02', // its table, in two parts
      '0300' + '640062006f00', // dbo
      '0100' + '7400', // t
      '01' + '6300', // c
      'd1', // ROW
      '10' + '697374686d757320686173206e6f6e65' + '0000000000000000', // a pointer and a time stamp, of 16 and 8 bytes
      '02000000' + '6869', // hi
    ),
    [
      { kind: 'columns', columns: [{ name: 'c', userType: 0, flags: 9, type: { name: 'text', collation }, table: ['dbo', 't'] }] },
      { kind: 'row', compact: false, values: ['hi'] },
    ],
  ],
  [
    'RETURNVALUE (2.2.7.19)',
    '7.1',
    hex(
      'ac', // RETURNVALUE
      '0200', // the third parameter
      '02' + '40007000', // @p
      '01', // of a procedure
      '0000', // no user type, in two bytes
      '0000', // no flags
      '26' + '04', // int
      '04' + '07000000', // 7
    ),
    [{ kind: 'return-value', ordinal: 2, name: '@p', of: 'parameter', userType: 0, flags: 0, type: { name: 'int' }, value: 7n }],
  ],
  [
    'RETURNVALUE (2.2.7.19)',
    '7.4',
    hex(
      'ac', // RETURNVALUE
      '0000', // the first parameter
      '00', // without name
      '02', // of a function
      '00000000', // no user type, in four bytes
      '0100', // flags: nullable
      'e7' + 'ffff' + '0904d00034', // nvarchar(max)
      '0200000000000000' + '02000000' + '6800' + '00000000', // h
    ),
    [
      {
        kind: 'return-value',
        ordinal: 0,
        name: '',
        of: 'function',
        userType: 0,
        flags: 1,
        type: { name: 'nvarchar', length: 'max', collation },
        value: 'h',
      },
    ],
  ],
  [
    'ENVCHANGE of a transaction that begins (2.2.7.9)',
    '7.2',
    hex(
      'e3', // ENVCHANGE
      '0b00', // 11 bytes
      '08', // a transaction begins
      '08' + '0100000002000000', // its eight bytes
      '00', // none before
    ),
    [{ kind: 'env-change', change: { type: 'bytes', of: 8, now: Uint8Array.of(1, 0, 0, 0, 2, 0, 0, 0), before: new Uint8Array(0) } }],
  ],
  [
    'ENVCHANGE of a transaction that is rolled back (2.2.7.9)',
    '7.2',
    hex('e3', '0b00', '0a', '00', '08' + '0100000002000000'),
    [{ kind: 'env-change', change: { type: 'bytes', of: 10, now: new Uint8Array(0), before: Uint8Array.of(1, 0, 0, 0, 2, 0, 0, 0) } }],
  ],
  [
    'ENVCHANGE of the collation (2.2.7.9)',
    '7.1',
    hex('e3', '0800', '07', '05' + '0904d00034', '00'),
    [{ kind: 'env-change', change: { type: 'bytes', of: 7, now: collation, before: new Uint8Array(0) } }],
  ],
  [
    'ENVCHANGE that says that a reset is done (2.2.7.9)',
    '7.4',
    hex('e3', '0300', '12', '00', '00'),
    [{ kind: 'env-change', change: { type: 'bytes', of: 18, now: new Uint8Array(0), before: new Uint8Array(0) } }],
  ],
];

test.for(fixtures)('%s, in TDS %s', ([, version, bytes, tokens]) => {
  expect(decodeTokens(bytes, version)).toEqual(tokens);
  expect(Buffer.from(encodeTokens(tokens, version)).toString('hex')).toBe(bytes.toString('hex'));
});

test('a column of a type of the CLR is refused by name', () => {
  expect(() => decodeTokens(hex('81' + '0100' + '00000000' + '0900' + 'f0'))).toThrow('A user-defined type (CLR) is not supported.');
});
