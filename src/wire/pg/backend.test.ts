import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Fault } from '#base/fault.ts';
import * as backend from './backend.ts';

/** Bytes of a fixture; what follows `#` on a line is its comment. */
const fixture = (text: string): Uint8Array => Buffer.from(text.replaceAll(/#.*$/gm, '').replaceAll(/\s/g, ''), 'hex');

test('Authentication', () => {
  expect(backend.parseAuthentication(fixture('52 00000008 00000000 # ok'))).toEqual({ kind: 'ok' });
  expect(backend.parseAuthentication(fixture('52 00000008 00000003'))).toEqual({ kind: 'cleartext' });
  expect(backend.parseAuthentication(fixture('52 0000000c 00000005 01020304 # salt'))).toEqual({ kind: 'md5', salt: fixture('01020304') });
  expect(backend.parseAuthentication(fixture('52 00000008 00000007'))).toEqual({ kind: 'other', code: 7 });
  expect(
    backend.parseAuthentication(
      fixture(`
        52 0000002a 0000000a                          # R, length, SASL
        534352414d2d5348412d3235362d504c555300        # SCRAM-SHA-256-PLUS
        534352414d2d5348412d32353600                  # SCRAM-SHA-256
        00                                            # end of list
      `),
    ),
  ).toEqual({ kind: 'sasl', mechanisms: ['SCRAM-SHA-256-PLUS', 'SCRAM-SHA-256'] });
  expect(backend.parseAuthentication(fixture('52 0000000b 0000000b 723d61'))).toEqual({
    kind: 'sasl-continue',
    payload: fixture('723d61'),
  });
  expect(backend.parseAuthentication(fixture('52 0000000b 0000000c 763d61'))).toEqual({ kind: 'sasl-final', payload: fixture('763d61') });
});

test('BackendKeyData, of any length of key that servers send', () => {
  expect(backend.parseBackendKey(fixture('4b 0000000c 00000102 0a0b0c0d # process id, key'))).toEqual({
    processId: 258,
    secret: new Uint8Array([10, 11, 12, 13]),
  });
  expect(backend.parseBackendKey(fixture(`4b 00000028 00000001 ${'ab'.repeat(32)}`)).secret).toHaveLength(32);
  expect(() => backend.parseBackendKey(fixture('4b 00000008 00000001'))).toThrow(expect.objectContaining({ kind: 'corrupt' }));
});

test('ParameterStatus, ReadyForQuery', () => {
  expect(backend.parseParameterStatus(fixture('53 0000000a 6100 62c3a900 # a, bé'))).toEqual({ name: 'a', value: 'bé' });
  expect(['49', '54', '45'].map((state) => backend.parseReadyForQuery(fixture(`5a 00000005 ${state}`)))).toEqual([
    'idle',
    'transaction',
    'failed',
  ]);
});

test('ErrorResponse gives state, message and places, never detail or context', () => {
  const error = backend.parseNotice(
    fixture(`
      45 00000049                    # E, length
      53 4645484c455200              # S, FEHLER
      56 4552524f5200                # V, ERROR
      43 323335303500                # C, 23505
      4d 6475706c696361746500        # M, duplicate
      44 4b65792028613d31292065786973747300   # D, Key (a=1) exists
      57 78797a00                    # W, xyz
      73 7300 74 7400 6e 6e00        # s, t, n
      52 7200 5a 7a00                # R; Z is unknown and ignored
      00
    `),
  );
  expect(error).toEqual({
    severity: 'ERROR',
    sqlstate: '23505',
    message: 'duplicate',
    schema: 's',
    table: 't',
    constraint: 'n',
    routine: 'r',
  });
  expect(JSON.stringify(error)).not.toContain('a=1');
});

test('RowDescription and DataRow', () => {
  expect(
    backend.parseRowDescription(
      fixture(`
        54 0000001b 0001           # T, length, one column
        69 64 00                   # id
        00004001 0001              # table's oid, column's number
        00000017 0004 ffffffff     # int4, 4 bytes, no modifier
        0000                       # text
      `),
    ),
  ).toEqual([{ name: 'id', tableOid: 16385, typeOid: 23, typeModifier: -1 }]);
  expect(backend.parseRow(fixture('44 00000013 0003 00000001 37 ffffffff 00000000 # 7, null, empty'))).toEqual(['7', null, '']);
});

const parsers = [
  backend.parseAuthentication,
  backend.parseBackendKey,
  backend.parseParameterStatus,
  backend.parseReadyForQuery,
  backend.parseNotice,
  backend.parseRowDescription,
  backend.parseRow,
];

function kindOf(work: () => void): string | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    return error instanceof Fault ? error.kind : String(error);
  }
}

test('random bytes give a message or the fault corrupt', () => {
  fc.assert(
    fc.property(fc.constantFrom(...parsers), fc.uint8Array({ minLength: 5, maxLength: 60 }), (parse, bytes) => {
      expect([undefined, 'corrupt']).toContain(kindOf(() => parse(bytes)));
    }),
    { numRuns: 2000 },
  );
});

test('a message cut anywhere is corrupt', () => {
  const row = fixture('44 00000013 0003 00000001 37 ffffffff 00000000');
  for (let length = 5; length < row.length; length++)
    expect(() => backend.parseRow(row.subarray(0, length))).toThrow(expect.objectContaining({ kind: 'corrupt' }));
});
