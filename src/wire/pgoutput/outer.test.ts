import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Fault } from '#base/fault.ts';
import { encodeKeepalive, encodeWal } from './encode.ts';
import { newWalCursor, nextWal, outer, readKeepalive, standbyStatus, walEnd, walStart } from './outer.ts';

/** Bytes of a fixture; what follows `#` on a line is its comment. */
const fixture = (text: string): Buffer => Buffer.from(text.replaceAll(/#.*$/gm, '').replaceAll(/\s/g, ''), 'hex');

test('XLogData and keepalive, one after another', () => {
  const bytes = fixture(`
    64 0000001f          # CopyData, length 31
    77                   # w
    0000000001000100     # the message's place
    0000000001000200     # the log's end
    0002ede0fee8d40a     # the server's clock
    4501                 # the message
    64 00000016          # CopyData, length 22
    6b                   # k
    0000000001000300     # the log's end
    0000000000000001     # 1 µs after 2000-01-01
    01                   # reply now
  `);
  const cursor = newWalCursor();
  expect(nextWal(bytes, cursor)).toBe(true);
  expect(cursor).toMatchObject({ kind: outer.walRecords, start: 30, end: 32, next: 32 });
  expect([walStart(bytes, cursor), walEnd(bytes, cursor)]).toEqual([0x1000100n, 0x1000200n]);
  expect(nextWal(bytes, cursor)).toBe(true);
  expect(cursor.kind).toBe(outer.keepalive);
  expect(readKeepalive(bytes, cursor)).toEqual({ walEnd: 0x1000300n, sentAtUs: 946_684_800_000_001n, replyRequested: true });
  expect(nextWal(bytes, cursor)).toBe(false);
});

test('Standby status update', () => {
  const status = standbyStatus({ written: 0x10n, flushed: 0xfn, applied: 0xen, sentAtUs: 946_684_800_000_002n, replyRequested: false });
  expect(Buffer.from(status).toString('hex')).toBe(
    fixture(`
      72                   # r
      0000000000000010     # written
      000000000000000f     # flushed
      000000000000000e     # applied
      0000000000000002     # our clock
      00                   # no reply asked
    `).toString('hex'),
  );
});

const lsn = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const clockUs = fc.bigInt({ min: 0n, max: 4_000_000_000_000_000n });

test('what is encoded is decoded', () => {
  const message = fc.record({ start: lsn, end: lsn, body: fc.uint8Array({ minLength: 1, maxLength: 50 }) });
  const keepalive = fc.record({ walEnd: lsn, sentAtUs: clockUs, replyRequested: fc.boolean() });
  fc.assert(
    fc.property(fc.array(fc.oneof(message, keepalive), { maxLength: 10 }), (sent) => {
      const bytes = Buffer.concat(sent.map((one) => ('body' in one ? encodeWal(one.body, one) : encodeKeepalive(one))));
      const cursor = newWalCursor();
      const found = sent.map((one) => {
        expect(nextWal(bytes, cursor)).toBe(true);
        if (!('body' in one)) return readKeepalive(bytes, cursor);
        return {
          start: walStart(bytes, cursor),
          end: walEnd(bytes, cursor),
          body: new Uint8Array(bytes.subarray(cursor.start, cursor.end)),
        };
      });
      expect(found).toEqual(sent);
      expect(nextWal(bytes, cursor)).toBe(false);
    }),
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

test('random and cut bytes are only ever corrupt', () => {
  const good = Buffer.concat([
    encodeWal(Buffer.from('B'), { start: 1n, end: 2n }),
    encodeKeepalive({ walEnd: 1n, sentAtUs: 0n, replyRequested: true }),
  ]);
  fc.assert(
    fc.property(fc.nat({ max: good.length - 1 }), fc.nat({ max: 255 }), fc.nat({ max: good.length }), (place, value, length) => {
      const bytes = Buffer.from(good);
      bytes[place] = value;
      const cursor = newWalCursor();
      const kind = kindOf(() => {
        while (nextWal(bytes.subarray(0, length), cursor)) expect(cursor.end).toBeLessThanOrEqual(length);
      });
      expect([undefined, 'corrupt']).toContain(kind);
    }),
    { numRuns: 2000 },
  );
});
