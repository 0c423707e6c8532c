import { must } from '#base/fault.ts';
import { callNumber, judgedCalls, refusedCalls } from './syscalls.ts';

/** A system call with its arguments, tried by a program without any library between. */
export interface RawCall {
  readonly tried: string;
  readonly number: number;
  readonly args: readonly number[];
}

const allCalls: Readonly<Record<string, Parameters<typeof callNumber>[0]>> = { ...refusedCalls, ...judgedCalls };
const socketCall = numberOf('socket');
const newUser = 0x1000_0000;
const newNet = 0x4000_0000;
const stream = 1;
const datagram = 2;
const raw = 3;

/** What must be answered by the filter on x64, each harmless where it is not. */
export const rawCalls: readonly RawCall[] = [
  ...Object.entries({ AF_VSOCK: 40, AF_NETLINK: 16, AF_PACKET: 17, AF_ALG: 38, AF_BLUETOOTH: 31, AF_XDP: 44, AF_CAN: 29, AF_TIPC: 30 }).map(
    ([name, family]) => ({ tried: `open a socket of ${name}`, number: socketCall, args: [family, raw, 0] }),
  ),
  { tried: 'open a raw socket for ICMP', number: socketCall, args: [2, raw, 1] },
  { tried: 'open a raw socket over IPv6', number: socketCall, args: [10, raw, 58] },
  { tried: 'open a socket for pings', number: socketCall, args: [2, datagram, 1] },
  { tried: 'open a socket for UDP', number: socketCall, args: [2, datagram, 17] },
  { tried: 'open a socket for MPTCP', number: socketCall, args: [2, stream, 262] },
  { tried: 'io_uring_setup', number: numberOf('io_uring_setup'), args: [1, 0] },
  { tried: 'ptrace', number: numberOf('ptrace'), args: [0, 1, 0, 0] },
  { tried: 'process_vm_readv', number: numberOf('process_vm_readv'), args: [1, 0, 0, 0, 0, 0] },
  { tried: 'make a user namespace', number: numberOf('unshare'), args: [newUser] },
  { tried: 'make a network namespace', number: numberOf('unshare'), args: [newNet] },
  { tried: 'enter another namespace', number: numberOf('setns'), args: [0, 0] },
  { tried: 'clone3', number: numberOf('clone3'), args: [0, 0] },
  { tried: 'mount', number: numberOf('mount'), args: [0, 0, 0, 0, 0] },
  { tried: 'fsopen', number: numberOf('fsopen'), args: [0, 0] },
  { tried: 'open_by_handle_at', number: numberOf('open_by_handle_at'), args: [0, 0, 0] },
  { tried: 'bpf', number: numberOf('bpf'), args: [0, 0, 0] },
  { tried: 'perf_event_open', number: numberOf('perf_event_open'), args: [0, 0, 0, 0, 0] },
  { tried: 'userfaultfd', number: numberOf('userfaultfd'), args: [0] },
  { tried: 'keyctl', number: numberOf('keyctl'), args: [0, 0, 0, 0, 0] },
  { tried: 'type into a terminal', number: numberOf('ioctl'), args: [0, 0x5412, 0] },
  { tried: 'kexec_load', number: numberOf('kexec_load'), args: [0, 1, 0, 0] },
  { tried: 'a system call of the future', number: 1_000, args: [] },
];

function numberOf(name: string): number {
  const row = allCalls[name];
  return must(row && callNumber(row, 'x64'), name);
}

const rowBytes = 7 * 8;
const imageAt = 0x40_0000;
const headerBytes = 64 + 56;

/**
 * A program for Linux on x64 that makes the calls in order and writes what the kernel answered, 8 bytes each (negative: an error's number), with 48
 * bytes between them. Nothing in it but the calls: what they answer is what the filter says.
 */
export function rawCallProgram(calls: readonly RawCall[]): Uint8Array {
  const code = machineCode(calls.length);
  const bytes = new DataView(new ArrayBuffer(headerBytes + code.length + calls.length * rowBytes));
  new Uint8Array(bytes.buffer).set(code, headerBytes);
  writeHeader(bytes);
  for (const [row, { number, args }] of calls.entries()) {
    const at = headerBytes + code.length + row * rowBytes;
    bytes.setBigInt64(at, BigInt(number), true);
    for (const [index, value] of args.entries()) bytes.setBigInt64(at + 8 + index * 8, BigInt(value), true);
  }
  return new Uint8Array(bytes.buffer);
}

/** What the program wrote, in the order of its calls. */
export function rawAnswers(output: Uint8Array, count: number): number[] {
  const bytes = new DataView(output.buffer, output.byteOffset, output.byteLength);
  return Array.from({ length: count }, (_, row) => Number(bytes.getBigInt64(row * rowBytes, true)));
}

function machineCode(count: number): Uint8Array {
  const code = [
    [0x48, 0x8d, 0x1d, 0, 0, 0, 0], // lea rbx, [rip + table]
    [0x41, 0xbc, ...little(count)], // mov r12d, count
    // each:
    [0x48, 0x8b, 0x03], // mov rax, [rbx]
    [0x48, 0x8b, 0x7b, 8], // mov rdi, [rbx + 8]
    [0x48, 0x8b, 0x73, 16], // mov rsi, [rbx + 16]
    [0x48, 0x8b, 0x53, 24], // mov rdx, [rbx + 24]
    [0x4c, 0x8b, 0x53, 32], // mov r10, [rbx + 32]
    [0x4c, 0x8b, 0x43, 40], // mov r8, [rbx + 40]
    [0x4c, 0x8b, 0x4b, 48], // mov r9, [rbx + 48]
    [0x0f, 0x05], // syscall
    [0x48, 0x89, 0x03], // mov [rbx], rax
    [0x48, 0x83, 0xc3, rowBytes], // add rbx, 56
    [0x41, 0xff, 0xcc], // dec r12d
    [0x75, 0], // jnz each
    [0xb8, ...little(1)], // mov eax, write
    [0xbf, ...little(1)], // mov edi, 1
    [0x48, 0x8d, 0x35, 0, 0, 0, 0], // lea rsi, [rip + table]
    [0xba, ...little(count * rowBytes)], // mov edx, bytes
    [0x0f, 0x05], // syscall
    [0xb8, ...little(60)], // mov eax, exit
    [0x31, 0xff], // xor edi, edi
    [0x0f, 0x05], // syscall
  ].flat();
  const eachAt = 7 + 6;
  const jumpEnd = code.indexOf(0x75, eachAt) + 2;
  code[jumpEnd - 1] = (eachAt - jumpEnd) & 0xff;
  code.splice(3, 4, ...little(code.length - 7));
  const secondAt = jumpEnd + 5 + 5;
  code.splice(secondAt + 3, 4, ...little(code.length - (secondAt + 7)));
  return Uint8Array.from(code);
}

function little(value: number): number[] {
  return [value & 0xff, (value >> 8) & 0xff, (value >> 16) & 0xff, (value >> 24) & 0xff];
}

/** One segment that holds all of the file, to be read, written and run. */
function writeHeader(bytes: DataView): void {
  new Uint8Array(bytes.buffer).set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  bytes.setUint16(16, 2, true); // a program
  bytes.setUint16(18, 62, true); // for x64
  bytes.setUint32(20, 1, true);
  bytes.setBigUint64(24, BigInt(imageAt + headerBytes), true); // where it begins
  bytes.setBigUint64(32, 64n, true); // segments
  bytes.setUint16(52, 64, true);
  bytes.setUint16(54, 56, true);
  bytes.setUint16(56, 1, true);
  bytes.setUint32(64, 1, true); // to be loaded
  bytes.setUint32(68, 7, true);
  bytes.setBigUint64(80, BigInt(imageAt), true);
  bytes.setBigUint64(88, BigInt(imageAt), true);
  bytes.setBigUint64(96, BigInt(bytes.byteLength), true);
  bytes.setBigUint64(104, BigInt(bytes.byteLength), true);
  bytes.setBigUint64(112, 0x1000n, true);
}
