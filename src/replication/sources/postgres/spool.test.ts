import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Spool } from './spool.ts';

/** A CopyData message. */
function message(payload: number, byte: number): Uint8Array {
  const bytes = new Uint8Array(5 + payload).fill(byte);
  bytes[0] = 0x64;
  new DataView(bytes.buffer).setInt32(1, payload + 4);
  return bytes;
}

async function readAll(spool: Spool, xid: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const part of spool.read(xid)) parts.push(part);
  return Buffer.concat(parts);
}

test('transactions that are interleaved come back whole and in order, however their messages lie in the buffers', async () => {
  const sizes = fc.oneof(fc.integer({ min: 1, max: 200 }), fc.constantFrom(70_000, 262_139, 262_140, 300_000));
  const buffers = fc.array(fc.array(fc.tuple(fc.constantFrom(7, 8), sizes, fc.nat(255)), { minLength: 1, maxLength: 8 }), { maxLength: 8 });
  await fc.assert(
    fc.asyncProperty(buffers, async (all) => {
      const parent = mkdtempSync(join(tmpdir(), 'isthmus-spool-test-'));
      try {
        using spool = new Spool(parent, 'slot');
        const expected = new Map<number, Uint8Array[]>([
          [7, []],
          [8, []],
        ]);
        for (const xid of expected.keys()) spool.begin(xid);
        for (const messages of all) {
          const made = messages.map(([xid, payload, byte]) => ({ xid, bytes: message(payload, byte) }));
          const buffer = Buffer.concat(made.map((one) => one.bytes));
          let at = 0;
          for (const { xid, bytes } of made) {
            spool.append(xid, buffer, at, at + bytes.length);
            at += bytes.length;
            expected.get(xid)!.push(bytes);
          }
        }
        for (const [xid, parts] of expected) expect(Buffer.compare(await readAll(spool, xid), Buffer.concat(parts))).toBe(0);
      } finally {
        rmSync(parent, { recursive: true });
      }
    }),
    { numRuns: 30 },
  );
});

test('what was spooled is gone once it is dropped, aborted as a whole or given up', () => {
  const parent = mkdtempSync(join(tmpdir(), 'isthmus-spool-test-'));
  const spool = new Spool(parent, 'slot');
  const bytes = message(10, 1);
  for (const xid of [1, 2, 3]) {
    spool.begin(xid);
    spool.append(xid, bytes, 0, bytes.length);
  }
  const [folder] = readdirSync(parent);
  spool.drop(1);
  spool.abort(2, 2);
  spool.abort(3, 30);
  expect(readdirSync(join(parent, folder!))).toEqual(['3']);
  expect([...spool.aborted(3)]).toEqual([30]);
  expect(() => spool.append(2, bytes, 0, bytes.length)).toThrow(expect.objectContaining({ code: 'StreamUnknown' }));
  spool[Symbol.dispose]();
  expect(readdirSync(parent)).toEqual([]);
  rmSync(parent, { recursive: true });
  expect(existsSync(parent)).toBe(false);
});

test('what a process that was killed has left is removed, and that of other links is not', () => {
  const parent = mkdtempSync(join(tmpdir(), 'isthmus-spool-test-'));
  for (const name of ['isthmus-spool-slot-a1', 'isthmus-spool-slot2-a1']) mkdirSync(join(parent, name, 'inside'), { recursive: true });
  using spool = new Spool(parent, 'slot');
  expect(readdirSync(parent)).toHaveLength(2);
  spool.begin(1);
  expect(readdirSync(parent).filter((name) => name.startsWith('isthmus-spool-slot2-') || name === 'isthmus-spool-slot-a1')).toEqual([
    'isthmus-spool-slot2-a1',
  ]);
  spool[Symbol.dispose]();
  rmSync(parent, { recursive: true });
});

test('a folder that takes no file is a fault with a remedy', () => {
  using spool = new Spool(join(tmpdir(), 'isthmus-spool-test-that-is-not-there'), 'slot');
  expect(() => spool.begin(1)).toThrow(
    expect.objectContaining({ kind: 'unreachable', code: 'SpoolFull', remedy: expect.stringContaining('writable') }),
  );
});
