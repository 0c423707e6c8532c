import { callNumber, judgedCalls, newestCall, refusedCalls, type Cpu } from './syscalls.ts';

/** One instruction of the kernel's classic packet filter: 8 bytes. Jumps count the instructions that are passed over. */
interface Instruction {
  readonly code: number;
  readonly whenTrue: number;
  readonly whenFalse: number;
  readonly k: number;
}

const codes = { load: 0x20, and: 0x54, isEqual: 0x15, isGreater: 0x25, isAtLeast: 0x35, hasBits: 0x45, answer: 0x06 } as const;

/** What the filter answers. Refusals carry the error that the caller sees. */
export const answers = {
  allow: 0x7fff_0000,
  /** A process that uses another processor's calls is ended: their numbers mean other things. */
  kill: 0x8000_0000,
  /** EPERM */
  refuse: 0x0005_0001,
  /** ENOSYS: libraries then try the older way. */
  unknown: 0x0005_0026,
  /** EAFNOSUPPORT */
  noFamily: 0x0005_0061,
} as const;

/** Audit numbers of processors; bit 31: 64 bits, bit 30: little endian. */
const processors: Readonly<Record<Cpu, number>> = { x64: 0xc000_003e, arm64: 0xc000_00b7 };

/** `struct seccomp_data`, little endian: the lower half of each argument is what the kernel looks at where an `int` is taken. */
const at = { number: 0, processor: 4, argument: (index: number): number => 16 + 8 * index } as const;

const families = { unix: 1, inet: 2, inet6: 10 } as const;
const stream = 1;
const datagram = 2;
const socketTypeMask = 0xf;
const tcp = 6;
const udp = 17;
/** Numbers from here on are those of x32, a second set of calls on x64. */
const x32 = 0x4000_0000;
const cloneThread = 0x0001_0000;
/** CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET. */
const cloneNewNamespaces = 0x7e02_0000;
/** TIOCSTI and TIOCLINUX type into a terminal in another's name. */
const terminalRequests = [0x5412, 0x541c] as const;

/**
 * The filter for a worker, as bubblewrap's `--seccomp` takes it. Allowed is what is not refused: threads, files, AF_UNIX, TCP over AF_INET and
 * AF_INET6; with `asksNames` also UDP over AF_INET, where the network itself decides to whom. Refused: every other family (AF_VSOCK is not part of a
 * network namespace), UDP otherwise and raw sockets, io_uring, new processes and namespaces, and `refusedCalls`.
 */
export function seccompFilter(processor: Cpu, asksNames: boolean): Uint8Array {
  const refused = Object.values(refusedCalls).flatMap((row) => callNumber(row, processor) ?? []);
  const judged = (name: keyof typeof judgedCalls, body: readonly Instruction[]): Instruction[] => {
    const number = callNumber(judgedCalls[name], processor);
    return number === undefined ? [] : when(number, body);
  };
  return assemble([
    load(at.processor),
    jump(codes.isEqual, processors[processor], 1, 0),
    answer(answers.kill),
    load(at.number),
    ...(processor === 'x64' ? [jump(codes.isAtLeast, x32, 0, 1), answer(answers.kill)] : []),
    jump(codes.isGreater, newestCall, 0, 1),
    answer(answers.unknown),
    ...judged('socket', asksNames ? judgeSocketForNames : judgeSocket),
    ...judged('clone', judgeClone),
    // Its flags lie in memory, where a filter cannot look.
    ...judged('clone3', [answer(answers.unknown)]),
    ...judged('ioctl', judgeIoctl),
    ...refused.flatMap((number) => when(number, [answer(answers.refuse)])),
    answer(answers.allow),
  ]);
}

const judgeSocket: readonly Instruction[] = [
  load(at.argument(0)),
  jump(codes.isEqual, families.unix, 10, 0),
  jump(codes.isEqual, families.inet, 2, 0),
  jump(codes.isEqual, families.inet6, 1, 0),
  answer(answers.noFamily),
  load(at.argument(1)),
  { code: codes.and, whenTrue: 0, whenFalse: 0, k: socketTypeMask },
  jump(codes.isEqual, stream, 0, 3),
  load(at.argument(2)),
  jump(codes.isEqual, 0, 2, 0),
  jump(codes.isEqual, tcp, 1, 0),
  answer(answers.refuse),
  answer(answers.allow),
];

const judgeSocketForNames: readonly Instruction[] = [
  load(at.argument(0)),
  jump(codes.isEqual, families.inet, 0, 7),
  load(at.argument(1)),
  { code: codes.and, whenTrue: 0, whenFalse: 0, k: socketTypeMask },
  jump(codes.isEqual, datagram, 0, 4),
  load(at.argument(2)),
  jump(codes.isEqual, 0, 1, 0),
  jump(codes.isEqual, udp, 0, 1),
  answer(answers.allow),
  ...judgeSocket,
];

const judgeClone: readonly Instruction[] = [
  load(at.argument(0)),
  jump(codes.hasBits, cloneNewNamespaces, 1, 0),
  jump(codes.hasBits, cloneThread, 1, 0),
  answer(answers.refuse),
  answer(answers.allow),
];

const judgeIoctl: readonly Instruction[] = [
  load(at.argument(1)),
  jump(codes.isEqual, terminalRequests[0], 2, 0),
  jump(codes.isEqual, terminalRequests[1], 1, 0),
  answer(answers.allow),
  answer(answers.refuse),
];

/** Each answers by itself, so that no jump is longer than the 255 that there is room for. */
function when(number: number, body: readonly Instruction[]): Instruction[] {
  return [jump(codes.isEqual, number, 0, body.length), ...body];
}

function load(offset: number): Instruction {
  return { code: codes.load, whenTrue: 0, whenFalse: 0, k: offset };
}

function jump(code: number, k: number, whenTrue: number, whenFalse: number): Instruction {
  return { code, whenTrue, whenFalse, k };
}

function answer(k: number): Instruction {
  return { code: codes.answer, whenTrue: 0, whenFalse: 0, k };
}

function assemble(instructions: readonly Instruction[]): Uint8Array {
  const bytes = new DataView(new ArrayBuffer(instructions.length * 8));
  for (const [index, { code, whenTrue, whenFalse, k }] of instructions.entries()) {
    bytes.setUint16(index * 8, code, true);
    bytes.setUint8(index * 8 + 2, whenTrue);
    bytes.setUint8(index * 8 + 3, whenFalse);
    bytes.setUint32(index * 8 + 4, k, true);
  }
  return new Uint8Array(bytes.buffer);
}
