import fc from 'fast-check';
import { expect, test } from 'vitest';
import { answers, seccompFilter } from './seccomp.ts';
import { callNumber, judgedCalls, newestCall, refusedCalls, type Cpu } from './syscalls.ts';

const audit = { x64: 0xc000_003e, arm64: 0xc000_00b7 };
const processors: readonly Cpu[] = ['x64', 'arm64'];

interface Call {
  readonly number: number;
  readonly processor?: number;
  readonly args?: readonly bigint[];
}

/** The kernel's interpreter for what filters use, with its checks: every jump lands inside, and only aligned words of the call are read. */
function run(filter: Uint8Array, processor: Cpu, call: Call): number {
  const program = new DataView(filter.buffer, filter.byteOffset, filter.byteLength);
  const seen = new DataView(new ArrayBuffer(64));
  seen.setInt32(0, call.number, true);
  seen.setUint32(4, call.processor ?? audit[processor], true);
  for (const [index, value] of (call.args ?? []).entries()) seen.setBigUint64(16 + index * 8, BigInt.asUintN(64, value), true);
  let accumulator = 0;
  for (let at = 0; at < filter.length / 8; at += 1) {
    const [code, yes, no, k] = [
      program.getUint16(at * 8, true),
      program.getUint8(at * 8 + 2),
      program.getUint8(at * 8 + 3),
      program.getUint32(at * 8 + 4, true),
    ];
    if (code === 0x20) accumulator = seen.getUint32(k, true);
    else if (code === 0x54) accumulator = (accumulator & k) >>> 0;
    else if (code === 0x06) return k;
    else at += jumps(code, accumulator, k) ? yes : no;
  }
  throw new Error('the filter ends without an answer');
}

function jumps(code: number, accumulator: number, k: number): boolean {
  if (code === 0x15) return accumulator === k;
  if (code === 0x25) return accumulator > k;
  if (code === 0x35) return accumulator >= k;
  if (code === 0x45) return (accumulator & k) >>> 0 !== 0;
  throw new Error(`code ${code}`);
}

const anyArgs = fc.array(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), { minLength: 6, maxLength: 6 });
/** An `int` in a register: the upper half is whatever was there. */
const intWithNoise = (low: number): fc.Arbitrary<bigint> =>
  fc.bigInt({ min: 0n, max: 2n ** 32n - 1n }).map((high) => (high << 32n) | BigInt(low));

for (const processor of processors) {
  const filter = seccompFilter(processor, false);
  const number = (name: keyof typeof judgedCalls): number => callNumber(judgedCalls[name], processor) ?? -1;
  const judged = new Set(Object.values(judgedCalls).map((row) => callNumber(row, processor)));
  const refused = new Set(Object.values(refusedCalls).flatMap((row) => callNumber(row, processor) ?? []));
  const forNames = seccompFilter(processor, true);
  const socket = (args: readonly bigint[], by = filter): number => run(by, processor, { number: number('socket'), args });

  test.for([false, true])(`${processor}: is a program that the kernel takes, asking for names: %s`, (asksNames) => {
    const filter = asksNames ? forNames : seccompFilter(processor, false);
    expect(filter.length % 8).toBe(0);
    expect(filter.length / 8).toBeLessThanOrEqual(4_096);
    const program = new DataView(filter.buffer);
    for (let at = 0; at < filter.length / 8; at += 1) {
      const code = program.getUint16(at * 8, true);
      expect([0x20, 0x54, 0x15, 0x25, 0x35, 0x45, 0x06]).toContain(code);
      const furthest = (code & 7) === 5 ? Math.max(program.getUint8(at * 8 + 2), program.getUint8(at * 8 + 3)) : -1;
      expect(at + 1 + furthest).toBeLessThan(filter.length / 8);
      const read = code === 0x20 ? program.getUint32(at * 8 + 4, true) : 0;
      expect(read % 4).toBe(0);
      expect(read).toBeLessThan(64);
    }
    expect(program.getUint16(filter.length - 8, true)).toBe(0x06);
  });

  test(`${processor}: every number is answered as the table says, whatever its arguments`, () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: newestCall }), anyArgs, (call, args) => {
        fc.pre(!judged.has(call));
        expect(run(filter, processor, { number: call, args })).toBe(refused.has(call) ? answers.refuse : answers.allow);
      }),
      { numRuns: 2_000 },
    );
    for (const call of refused) expect(run(filter, processor, { number: call })).toBe(answers.refuse);
  });

  test(`${processor}: calls newer than the table do not exist`, () => {
    fc.assert(
      fc.property(fc.integer({ min: newestCall + 1, max: 0x3fff_ffff }), anyArgs, (call, args) => {
        expect(run(filter, processor, { number: call, args })).toBe(answers.unknown);
      }),
    );
    expect(run(filter, processor, { number: -1 })).toBe(processor === 'x64' ? answers.kill : answers.unknown);
  });

  test(`${processor}: another processor's calls end the process`, () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 0, max: 0xffff_ffff }), anyArgs, (call, other, args) => {
        fc.pre(other !== audit[processor]);
        expect(run(filter, processor, { number: call, processor: other, args })).toBe(answers.kill);
      }),
    );
  });

  test(`${processor}: sockets are unix, or TCP over the internet's families, and UDP to ask for names, whatever lies in the upper halves`, () => {
    const families = fc.oneof(fc.constantFrom(1, 2, 10, 16, 17, 40), fc.integer({ min: 0, max: 0xffff_ffff }));
    const types = fc
      .tuple(fc.integer({ min: 0, max: 15 }), fc.constantFrom(0, 0o2000000, 0o4000, 0o2004000))
      .map(([type, flags]) => type | flags);
    const protocols = fc.oneof(fc.constantFrom(0, 6, 17, 132, 262), fc.integer({ min: 0, max: 0xffff_ffff }));
    const asked = fc
      .tuple(families, types, protocols)
      .chain(([family, type, protocol]) =>
        fc.tuple(fc.constant({ family, type, protocol }), intWithNoise(family), intWithNoise(type), intWithNoise(protocol)),
      );
    fc.assert(
      fc.property(asked, ([{ family, type, protocol }, ...args]) => {
        const isTcp = (type & 15) === 1 && (protocol === 0 || protocol === 6);
        const internet = isTcp ? answers.allow : answers.refuse;
        const expected = family === 1 ? answers.allow : family === 2 || family === 10 ? internet : answers.noFamily;
        expect(socket(args)).toBe(expected);
        const isUdp = family === 2 && (type & 15) === 2 && (protocol === 0 || protocol === 17);
        expect(socket(args, forNames)).toBe(isUdp ? answers.allow : expected);
      }),
      { numRuns: 2_000 },
    );
  });

  test(`${processor}: threads are made, processes and namespaces are not`, () => {
    const clone = (flags: number): number => run(filter, processor, { number: number('clone'), args: [BigInt(flags)] });
    // What glibc asks for a thread, and for a fork.
    expect(clone(0x3d_0f00)).toBe(answers.allow);
    expect(clone(0x120_0011)).toBe(answers.refuse);
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 0xffff_ffff }), (flags) => {
        const isThread = (flags & 0x1_0000) !== 0 && (flags & 0x7e02_0000) === 0;
        expect(clone(flags >>> 0)).toBe(isThread ? answers.allow : answers.refuse);
      }),
    );
    expect(run(filter, processor, { number: number('clone3') })).toBe(answers.unknown);
  });

  test(`${processor}: nothing is typed into a terminal`, () => {
    fc.assert(
      fc.property(fc.oneof(fc.constantFrom(0x5412, 0x541c, 0x5401), fc.integer({ min: 0, max: 0xffff_ffff })), (request) => {
        const answer = run(filter, processor, { number: number('ioctl'), args: [0n, BigInt(request) | (7n << 32n)] });
        expect(answer).toBe(request === 0x5412 || request === 0x541c ? answers.refuse : answers.allow);
      }),
    );
  });
}

test('x64: the second set of calls of x32 ends the process', () => {
  const filter = seccompFilter('x64', true);
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 0x3fff_ffff }), (call) => {
      expect(run(filter, 'x64', { number: 0x4000_0000 + call })).toBe(answers.kill);
    }),
  );
});
