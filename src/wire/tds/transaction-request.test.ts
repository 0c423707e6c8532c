import fc from 'fast-check';
import { expect, test } from 'vitest';
import { allowedOutcomes, outcomeOf } from './test-outcome.ts';
import { decodeTransactionRequest, encodeTransactionRequest, type TransactionRequest } from './transaction-request.ts';

const hex = (...parts: readonly string[]): Buffer => Buffer.from(parts.join(''), 'hex');
const headers = [
  '16000000', // ALL_HEADERS: 22 bytes
  '12000000', // a header of 18 bytes
  '0200', // transaction descriptor
  '0700000000000000', // the transaction
  '00000000', // requests outstanding
];

const fixtures: readonly (readonly [what: string, bytes: Buffer, step: TransactionRequest['step']])[] = [
  [
    'TM_BEGIN_XACT',
    hex(
      ...headers,
      '0500', // begin
      '05', // snapshot
      '04' + '74003100', // a name of 4 bytes: t1
    ),
    { kind: 'begin', isolation: 'snapshot', name: 't1' },
  ],
  [
    'TM_COMMIT_XACT that begins the next',
    hex(
      ...headers,
      '0700', // commit
      '00', // no name
      '01', // begins the next
      '00', // in the isolation that there is
      '00', // without name
    ),
    { kind: 'commit', name: '', thenBegin: { isolation: undefined, name: '' } },
  ],
  ['TM_ROLLBACK_XACT', hex(...headers, '0800', '02' + '7300', '00'), { kind: 'rollback', name: 's', thenBegin: undefined }],
  ['TM_SAVE_XACT', hex(...headers, '0900', '02' + '7300'), { kind: 'save', name: 's' }],
];

test.for(fixtures)('%s (MS-TDS 2.2.6.9)', ([, bytes, step]) => {
  expect(decodeTransactionRequest(bytes)).toEqual({ transaction: 7n, step });
  expect(Buffer.from(encodeTransactionRequest({ transaction: 7n, step }))).toEqual(bytes);
});

test('a distributed transaction is refused by name', () => {
  expect(() => decodeTransactionRequest(hex(...headers, '0000', '0000'))).toThrow('A distributed transaction is not supported.');
});

const name = fc.string({ maxLength: 16, unit: 'grapheme' }).filter(({ length }) => length <= 32);
const isolation = fc.constantFrom('read-uncommitted', 'read-committed', 'repeatable-read', 'serializable', 'snapshot', undefined);
const begin = fc.record({ isolation, name });
const requests: fc.Arbitrary<TransactionRequest> = fc.record({
  transaction: fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }),
  step: fc.oneof(
    begin.map((one) => ({ kind: 'begin' as const, ...one })),
    fc.record({
      kind: fc.constantFrom('commit' as const, 'rollback' as const),
      name,
      thenBegin: fc.option(begin, { nil: undefined }),
    }),
    fc.record({ kind: fc.constant('save' as const), name }),
  ),
});

test('what is encoded is decoded', () => {
  fc.assert(
    fc.property(requests, (request) => {
      expect(decodeTransactionRequest(encodeTransactionRequest(request))).toEqual(request);
    }),
  );
});

test('changed, cut and random bytes are refused, or are another request', () => {
  fc.assert(
    fc.property(requests, fc.nat(), fc.nat(255), fc.uint8Array({ maxLength: 60 }), (request, at, byte, random) => {
      const changed = encodeTransactionRequest(request);
      const place = at % changed.length;
      changed[place] = byte;
      for (const payload of [changed, changed.subarray(0, place), random])
        expect(allowedOutcomes).toContain(outcomeOf(() => decodeTransactionRequest(payload)));
    }),
  );
});
