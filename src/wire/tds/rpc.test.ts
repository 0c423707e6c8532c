import fc from 'fast-check';
import { expect, test } from 'vitest';
import { packetsOf, packetType } from './packets.ts';
import { decodeRpc, encodeRpc, type RpcCall, type RpcRequest } from './rpc.ts';
import { allowedOutcomes, outcomeOf } from './test-outcome.ts';
import { typesAndValues } from './test-types.ts';
import { usualCollation } from './types/collation.ts';
import { tdsVersion, type TdsVersion } from './version.ts';

const hex = (...parts: readonly string[]): Buffer => Buffer.from(parts.join(''), 'hex');
const headers = hex(
  '16000000', // ALL_HEADERS: 22 bytes
  '12000000', // a header of 18 bytes
  '0200', // transaction descriptor
  '0000000000000001', // the transaction
  '00000000', // requests outstanding
);

/** The sample of MS-TDS section 4.8. */
const sample = hex(
  '0301002f00000100', // header: RPC, end of message, 47 bytes
  headers.toString('hex'),
  '0400', // a name of 4 characters
  '66006f006f003300', // foo3
  '0000', // no options
  '00', // a parameter without name
  '02', // its default
  '26', // an integer
  '02', // of 2 bytes
  '00', // of no value
);
const call: RpcCall = { procedure: 'foo3', byNumber: false, options: 0, parameters: [], isTakenBack: false };
const byDefault = { name: '', type: { name: 'smallint' as const }, value: null, output: false, isDefault: true };

test("the document's sample is what we send and read", () => {
  const request: RpcRequest = { transaction: 1n << 56n, calls: [{ ...call, parameters: [byDefault] }] };
  expect(decodeRpc(sample.subarray(8))).toEqual(request);
  expect(Buffer.from(packetsOf({ type: packetType.rpc, payload: encodeRpc(request) }))).toEqual(sample);
});

test('sp_prepare as an early client was recorded sending it, without ALL_HEADERS', () => {
  const bytes = hex(
    'ffff' + '0b00', // procedure 11
    '0000', // no options
    '00' + '01', // no name, output
    '26' + '04' + '04' + 'ffffffff', // int: -1
    '00' + '00', // no name
    '63' + '00000000' + '0904000132' + 'ffffffff', // ntext, its length, its collation: NULL
    '00' + '00', // no name
    '63' + '00000000' + '0904000132' + '08000000' + '6500780065006300', // ntext: exec
    '00' + '00', // no name
    '26' + '04' + '04' + '01000000', // int: 1
  );
  expect(decodeRpc(bytes, '7.1').calls).toMatchObject([
    {
      procedure: 'sp_prepare',
      byNumber: true,
      parameters: [
        { type: { name: 'int' }, value: -1n, output: true },
        { type: { name: 'ntext' }, value: null, output: false },
        { type: { name: 'ntext' }, value: 'exec' },
        { type: { name: 'int' }, value: 1n },
      ],
    },
  ]);
});

test('a statement with a named parameter, as drivers send it', () => {
  const bytes = hex(
    headers.toString('hex'),
    'ffff' + '0a00', // sp_executesql
    '0000', // no options
    '00' + '00', // no name
    'e7' + '401f' + '0904d00034' + '1200' + '730065006c0065006300740020004000' + '7000', // nvarchar(4000): select @p
    '00' + '00', // no name
    'e7' + 'ffff' + '0904d00034' + '0c00000000000000' + '0c000000' + '40007000200069006e007400' + '00000000', // nvarchar(max): @p int
    '02' + '40007000' + '00', // @p
    '26' + '04' + '04' + '07000000', // int: 7
  );
  const nvarchar = { name: 'nvarchar', collation: usualCollation };
  const [only] = decodeRpc(bytes).calls;
  expect(only).toMatchObject({ procedure: 'sp_executesql', byNumber: true });
  expect(only?.parameters.map(({ name, type, value }) => [name, type, value])).toEqual([
    ['', { ...nvarchar, length: 4000 }, 'select @p'],
    ['', { ...nvarchar, length: 'max' }, '@p int'],
    ['@p', { name: 'int' }, 7n],
  ]);
  expect(Buffer.from(encodeRpc(decodeRpc(bytes)))).toEqual(bytes);
});

test.for([
  ['a table', hex('f3'), 'A table-valued parameter is not supported.'],
  ['a type of the CLR', hex('f0'), 'A user-defined type (CLR) is not supported.'],
] as const)('%s as parameter is refused by name', ([, token, message]) => {
  const bytes = Buffer.concat([headers, hex('0100' + '7000' + '0000' + '00' + '00'), token]);
  expect(() => decodeRpc(bytes)).toThrow(message);
});

test('a parameter that the client has encrypted is refused by name', () => {
  const bytes = Buffer.concat([headers, hex('0100' + '7000' + '0000' + '00' + '08' + '26' + '04' + '00')]);
  expect(() => decodeRpc(bytes)).toThrow('Always Encrypted');
});

const versions = Object.keys(tdsVersion) as readonly TdsVersion[];
const text = fc.string({ maxLength: 12, unit: 'grapheme' });

function requests(version: TdsVersion): fc.Arbitrary<RpcRequest> {
  const parameter = fc
    .tuple(typesAndValues(version), text, fc.boolean(), fc.boolean())
    .map(([[type, value], name, output, isDefault]) => ({ name, type, value, output, isDefault }));
  const procedures = fc.oneof(
    fc.record({ procedure: text, byNumber: fc.constant(false) }),
    fc.record({ procedure: fc.constantFrom('sp_executesql', 'sp_prepexec', 'sp_unprepare', 'sp_cursoropen'), byNumber: fc.constant(true) }),
  );
  const one = fc
    .tuple(procedures, fc.nat(7), fc.array(parameter, { maxLength: 5 }), version < '7.2' ? fc.constant(false) : fc.boolean())
    .map(([procedure, options, parameters, isTakenBack]) => ({ ...procedure, options, parameters, isTakenBack }));
  const transaction = version < '7.2' ? fc.constant(0n) : fc.bigInt({ min: 0n, max: (1n << 64n) - 1n });
  return fc.record({ transaction, calls: fc.array(one, { minLength: 1, maxLength: 3 }) });
}

test('a call has as many parameters as in SQL Server', () => {
  const one = { name: '', type: { name: 'bit' }, value: true, output: false, isDefault: false } as const;
  const asked = (count: number) => ({
    transaction: 0n,
    calls: [{ procedure: 'p', byNumber: false, options: 0, parameters: Array.from({ length: count }, () => one), isTakenBack: false }],
  });
  expect(decodeRpc(encodeRpc(asked(2_100))).calls[0]?.parameters).toHaveLength(2_100);
  expect(() => decodeRpc(encodeRpc(asked(2_101)))).toThrow('more than 2100 parameters');
});

test.for(versions)('what is encoded is decoded, in TDS %s', (version) => {
  fc.assert(
    fc.property(requests(version), (request) => {
      expect(decodeRpc(encodeRpc(request, version), version)).toEqual(request);
    }),
    { numRuns: 150 },
  );
});

test.for(versions)('changed, cut and random bytes are refused, or are another request, in TDS %s', (version) => {
  fc.assert(
    fc.property(requests(version), fc.nat(), fc.nat(255), fc.uint8Array({ maxLength: 120 }), (request, at, byte, random) => {
      const changed = encodeRpc(request, version);
      const place = at % changed.length;
      changed[place] = byte;
      for (const payload of [changed, changed.subarray(0, place), random])
        expect(allowedOutcomes).toContain(outcomeOf(() => decodeRpc(payload, version)));
    }),
    { numRuns: 150 },
  );
});
