import { expect, test } from 'vitest';
import { rawAnswers, rawCallProgram, rawCalls } from './raw-calls.ts';

test('the program is a small file for Linux on x64, with its calls at the end', () => {
  const program = rawCallProgram(rawCalls);
  const bytes = new DataView(program.buffer);
  expect(Buffer.from(program.subarray(0, 4)).toString('latin1')).toBe('\x7fELF');
  expect(bytes.getBigUint64(96, true)).toBe(BigInt(program.length));
  const rows = rawCalls.map((_, row) => Number(bytes.getBigInt64(program.length - (rawCalls.length - row) * 56, true)));
  expect(rows).toEqual(rawCalls.map(({ number }) => number));
});

test('answers are read in order', () => {
  const output = new DataView(new ArrayBuffer(112));
  output.setBigInt64(0, -1n, true);
  output.setBigInt64(56, 5n, true);
  expect(rawAnswers(new Uint8Array(output.buffer), 2)).toEqual([-1, 5]);
});
