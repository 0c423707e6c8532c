import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeLogin7, encodeLogin7, usualFlags, type Login7 } from './login7.ts';
import { packetsOf, packetType } from './packets.ts';
import { allowedOutcomes, outcomeOf } from './test-outcome.ts';
import { tdsVersion } from './version.ts';

/** The sample of MS-TDS section 4.2. */
const sample = Buffer.from(
  [
    '1001009000000100', // header: LOGIN7, end of message, 144 bytes
    '88000000', // 136 bytes
    '02000972', // TDS 7.2
    '00100000', // packets of 4096 bytes
    '00000007', // version of the client
    '00010000', // its process
    '00000000', // no connection before
    'e0030000', // OptionFlags1, OptionFlags2, TypeFlags, OptionFlags3
    '00000000', // time zone
    '09040000', // locale
    '5e000800', // host name at 94, 8 characters
    '6e000200', // user at 110, 2 characters
    '72000000', // password, none
    '72000700', // application at 114, 7 characters
    '80000000', // server, none
    '80000000', // extension, none
    '80000400', // library at 128, 4 characters
    '88000000', // language, none
    '88000000', // database, none
    '00508be2b78f', // client id
    '88000000', // SSPI, none
    '88000000', // file to attach, none
    '88000000', // new password, none
    '00000000', // long SSPI, none
    '73006b006f00730074006f0076003100', // skostov1
    '73006100', // sa
    '4f00530051004c002d0033003200', // OSQL-32
    '4f00440042004300', // ODBC
  ].join(''),
  'hex',
);

const login: Login7 = {
  tdsVersion: tdsVersion['7.2'],
  packetBytes: 4096,
  clientVersion: 7,
  clientProcess: 256,
  connectionId: 0,
  flags: usualFlags,
  timeZone: 0,
  locale: 0x409,
  hostName: 'skostov1',
  userName: 'sa',
  password: '',
  appName: 'OSQL-32',
  serverName: '',
  libraryName: 'ODBC',
  language: '',
  database: '',
  clientId: Uint8Array.from([0x00, 0x50, 0x8b, 0xe2, 0xb7, 0x8f]),
  sspi: new Uint8Array(0),
  attachFile: '',
  newPassword: '',
  features: [],
};

test("the document's sample is what we send and read", () => {
  expect(decodeLogin7(sample.subarray(8))).toEqual(login);
  expect(Buffer.from(packetsOf({ type: packetType.login7, payload: encodeLogin7(login) }))).toEqual(sample);
});

test('a password is disguised as the document says: halves swapped, then 0xA5', () => {
  const bytes = Buffer.from(encodeLogin7({ ...login, password: 'aZ' }));
  // 'a' is 61 00: swapped 16 00, flipped b3 a5. 'Z' is 5a 00: swapped a5 00, flipped 00 a5.
  expect(bytes.includes(Buffer.from('b3a500a5', 'hex'))).toBe(true);
  expect(bytes.includes(Buffer.from('aZ', 'utf16le'))).toBe(false);
});

test('before TDS 7.2 there is no place for a new password, and the text begins 8 bytes earlier', () => {
  const early = encodeLogin7({ ...login, tdsVersion: tdsVersion['7.1'] });
  // Host name at 86, 8 characters.
  expect(Buffer.from(early.subarray(36, 40)).toString('hex')).toBe('56000800');
  expect(early).toHaveLength(136 - 8);
  expect(decodeLogin7(early)).toEqual({ ...login, tdsVersion: tdsVersion['7.1'] });
});

const text = fc.string({ maxLength: 24, unit: 'grapheme' }).filter((value) => value.length <= 128);
const bytes = (maxLength: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ maxLength });
const logins: fc.Arbitrary<Login7> = fc
  .record({
    tdsVersion: fc.constantFrom(...Object.values(tdsVersion)),
    packetBytes: fc.integer({ min: 512, max: 32_767 }),
    clientVersion: fc.nat(0xffff_ffff),
    clientProcess: fc.nat(0xffff_ffff),
    connectionId: fc.nat(0xffff_ffff),
    flags: fc.tuple(fc.nat(255), fc.nat(255), fc.nat(255), fc.nat(255)),
    timeZone: fc.integer({ min: -1000, max: 1000 }),
    locale: fc.nat(0xffff),
    hostName: text,
    userName: text,
    password: text,
    appName: text,
    serverName: text,
    libraryName: text,
    language: text,
    database: text,
    clientId: fc.uint8Array({ minLength: 6, maxLength: 6 }),
    sspi: bytes(40),
    attachFile: text,
    newPassword: text,
    features: fc.array(fc.record({ id: fc.nat(254), bytes: bytes(20) }), { maxLength: 4 }),
  })
  .map((one) => ({
    ...one,
    newPassword: one.tdsVersion === tdsVersion['7.1'] ? '' : one.newPassword,
    flags: [one.flags[0], one.flags[1], one.flags[2], (one.flags[3] & ~0x10) | (one.features.length > 0 ? 0x10 : 0)],
  }));

test('what is encoded is decoded', () => {
  fc.assert(
    fc.property(logins, (one) => {
      expect(decodeLogin7(encodeLogin7(one))).toEqual(one);
    }),
    { numRuns: 300 },
  );
});

test('changed and random bytes are refused as corrupt, or are another login', () => {
  fc.assert(
    fc.property(logins, fc.nat(), fc.nat(255), fc.uint8Array({ maxLength: 120 }), (one, at, byte, random) => {
      const changed = encodeLogin7(one);
      changed[at % changed.length] = byte;
      for (const payload of [changed, changed.subarray(0, at % changed.length), random])
        expect(allowedOutcomes).toContain(outcomeOf(() => decodeLogin7(payload)));
    }),
  );
});
