import fc from 'fast-check';
import { expect, test } from 'vitest';
import { packetsOf, packetType } from './packets.ts';
import { decodePrelogin, encodePrelogin, type Prelogin, type TdsEncryption } from './prelogin.ts';
import { allowedOutcomes, outcomeOf } from './test-outcome.ts';

/** The sample of MS-TDS section 4.1. */
const sample = Buffer.from(
  [
    '1201002f00000100', // header: PRELOGIN, end of message, 47 bytes
    '00001a0006', // VERSION lies at 26, 6 bytes
    '0100200001', // ENCRYPTION at 32, 1 byte
    '0200210001', // INSTOPT at 33, 1 byte
    '0300220004', // THREADID at 34, 4 bytes
    '0400260001', // MARS at 38, 1 byte
    'ff', // terminator
    '090000000000', // 9.0.0, sub-build 0
    '01', // encryption on
    '00', // no instance
    'b80d0000', // thread 3512
    '01', // several requests at once
  ].join(''),
  'hex',
);
const said: Prelogin = { version: '9.0.0', subBuild: 0, encryption: 'on', instance: '', threadId: 3512, mars: true };

test("the document's sample is what we send and read", () => {
  expect(decodePrelogin(sample.subarray(8))).toEqual(said);
  expect(Buffer.from(packetsOf({ type: packetType.prelogin, payload: encodePrelogin(said) }))).toEqual(sample);
});

/** Of a SQL Server 2022: VERSION, ENCRYPTION, terminator, then 16.0.1000 build 6 and 0 (off). */
const answer = Buffer.from('00000b0006' + '0100110001' + 'ff' + '100003e80006' + '00', 'hex');

test('an answer says version and encryption', () => {
  expect(decodePrelogin(answer)).toEqual({ version: '16.0.1000', subBuild: 6, encryption: 'off' });
});

const preLogins: fc.Arbitrary<Prelogin> = fc.record(
  {
    version: fc.tuple(fc.nat(255), fc.nat(255), fc.nat(65_535)).map((numbers) => numbers.join('.')),
    subBuild: fc.nat(65_535),
    encryption: fc.constantFrom<TdsEncryption>('off', 'on', 'not-supported', 'required'),
    instance: fc.stringMatching(/^[A-Za-z0-9_]{0,16}$/),
    threadId: fc.nat(0xffff_ffff),
    mars: fc.boolean(),
    federated: fc.boolean(),
  },
  { requiredKeys: ['version', 'subBuild', 'encryption'] },
);

test('what is encoded is decoded', () => {
  fc.assert(
    fc.property(preLogins, (one) => {
      expect(decodePrelogin(encodePrelogin(one))).toEqual(one);
    }),
  );
});

test('random bytes are refused as corrupt', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), fc.nat(answer.length), (bytes, kept) => {
      expect(allowedOutcomes).toContain(outcomeOf(() => decodePrelogin(Uint8Array.from([...answer.subarray(0, kept), ...bytes]))));
    }),
  );
});
