import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

const tcpdump = '/usr/bin/tcpdump';

/** An IPv4 packet or another frame, as it passed one end of a link. */
export interface Packet {
  /** Milliseconds since 1970. */
  readonly atMs: number;
  readonly link: string;
  /** The hub sent it. */
  readonly isFromHub: boolean;
  readonly kind: 'tcp' | 'udp' | 'icmp-error' | 'other';
  readonly src: string;
  readonly dst: string;
  /** Of TCP only. */
  readonly tcp:
    | { readonly sport: number; readonly dport: number; readonly seq: number; readonly flags: number; readonly payload: number }
    | undefined;
}

export const flag = { fin: 1, syn: 2, rst: 4, ack: 16 } as const;

/** Packets that are wanted: of one interface, or of all that a network has. */
export interface Link {
  readonly name: string;
  readonly interface: string;
  /** What runs a program in its network; nothing: it is this host's. */
  readonly enter: readonly string[];
  /** What is wanted: what comes in there, what goes out, or both, where all interfaces are meant. */
  readonly way: 'in' | 'out' | 'inout';
  /** Whether the hub sends what comes in there, or what goes out. */
  readonly hubIs: 'there' | 'here';
}

/** A capture of all packets of one link into a file. */
export class Capture {
  readonly #link: Link;
  readonly #file: string;
  readonly #program: ChildProcess;
  #said = '';

  private constructor(link: Link, file: string, program: ChildProcess) {
    this.#link = link;
    this.#file = file;
    this.#program = program;
  }

  /** Resolves when no packet is missed any more. */
  static async begin(link: Link, file: string): Promise<Capture> {
    const args = [
      '-i',
      link.interface,
      '-Q',
      link.way,
      '-n',
      '-p',
      '-s',
      '144',
      '-B',
      '16384',
      '--immediate-mode',
      '-U',
      '-Z',
      'root',
      '-w',
      file,
    ];
    const [program, ...rest] = [...link.enter, tcpdump, ...args, 'not arp'];
    // It does not outlive us.
    const child = spawn('/usr/bin/setpriv', ['--pdeathsig', 'KILL', '--', program ?? tcpdump, ...rest], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const capture = new Capture(link, file, child);
    await new Promise<void>((ready, failed) => {
      createInterface({ input: child.stderr }).on('line', (line) => {
        capture.#said += `${line}\n`;
        if (line.includes('listening on')) ready();
      });
      child.once('exit', () => failed(new Error(`tcpdump ended: ${capture.#said}`)));
    });
    return capture;
  }

  /** Ends it and answers what it saw, in order. Throws where packets were missed: then nothing is proven. */
  async end(): Promise<readonly Packet[]> {
    if (this.#program.exitCode === null) {
      const ended = once(this.#program, 'close');
      this.#program.kill('SIGINT');
      await ended;
    }
    const missed = /(\d+) packets dropped by kernel/.exec(this.#said)?.[1];
    if (missed !== '0') throw new Error(`the capture of ${this.#link.name} missed packets: ${this.#said}`);
    return readPackets(readFileSync(this.#file), this.#link);
  }

  kill(): void {
    this.#program.kill('SIGKILL');
  }
}

const magic = 0xa1b2c3d4;
/** What stands before each packet, by the kind of file: Ethernet's header, or libpcap's own where it is of all interfaces. */
const kinds: Readonly<Record<number, { readonly bytes: number; readonly protocolAt: number; readonly wayAt: number | undefined }>> = {
  1: { bytes: 14, protocolAt: 12, wayAt: undefined },
  276: { bytes: 20, protocolAt: 0, wayAt: 10 },
};
const outgoing = 4;

/** The packets of a file of libpcap: 24 bytes, then each with 16 before it. The last may be cut off. */
function readPackets(file: Buffer, { name, way, hubIs }: Pick<Link, 'name' | 'way' | 'hubIs'>): readonly Packet[] {
  const kind = file.length < 24 || file.readUInt32LE(0) !== magic ? undefined : kinds[file.readUInt32LE(20)];
  if (kind === undefined) throw new Error(`the capture of ${name} is none of libpcap`);
  const packets: Packet[] = [];
  for (let at = 24; at + 16 <= file.length;) {
    const atMs = file.readUInt32LE(at) * 1_000 + file.readUInt32LE(at + 4) / 1_000;
    const size = file.readUInt32LE(at + 8);
    const frame = file.subarray(at + 16, at + 16 + size);
    at += 16 + size;
    if (frame.length < size || size < kind.bytes) continue;
    const isOut = kind.wayAt === undefined ? way === 'out' : frame[kind.wayAt] === outgoing;
    const content = readPacket(frame.readUInt16BE(kind.protocolAt), frame.subarray(kind.bytes));
    packets.push({ atMs, link: name, isFromHub: isOut === (hubIs === 'here'), ...content });
  }
  return packets;
}

type Content = Pick<Packet, 'kind' | 'src' | 'dst' | 'tcp'>;

function readPacket(protocol: number, ip: Buffer): Content {
  if (protocol !== 0x0800 || ip.length < 20) return { kind: 'other', src: `protocol ${protocol.toString(16)}`, dst: '', tcp: undefined };
  const headerBytes = (ip[0]! & 15) * 4;
  const places = { src: addressAt(ip, 12), dst: addressAt(ip, 16), tcp: undefined };
  const inner = ip.subarray(headerBytes);
  switch (ip[9]) {
    case 6: {
      if (inner.length < 20) return { ...places, kind: 'other' };
      const payload = ip.readUInt16BE(2) - headerBytes - (inner[12]! >> 4) * 4;
      const tcp = { sport: inner.readUInt16BE(0), dport: inner.readUInt16BE(2), seq: inner.readUInt32BE(4), flags: inner[13]!, payload };
      return { ...places, kind: 'tcp', tcp };
    }
    case 17:
      return { ...places, kind: 'udp' };
    case 1:
      return { ...places, kind: inner[0] === 3 || inner[0] === 11 ? 'icmp-error' : 'other' };
    default:
      return { ...places, kind: 'other' };
  }
}

function addressAt(ip: Buffer, at: number): string {
  return ip.subarray(at, at + 4).join('.');
}
