import type { HostPort } from '../plan.ts';

/** One connection as the kernel tracks it, in the hub. */
export interface Tracked {
  /** Of no other connection that lives at the same time. */
  readonly key: string;
  /** The endpoint's number. */
  readonly link: number;
  readonly client: { readonly address: string; readonly port: number };
  /** Where it was sent to: an endpoint's address. */
  readonly door: { readonly address: string; readonly port: number };
  /** What the database sees it as coming from. */
  readonly source: string;
  readonly sourcePort: number;
  readonly target: { readonly address: string; readonly port: number };
  /** On one side, too: the other may still send. */
  readonly isOpen: boolean;
  /** Of TCP's payload: see `payload`. */
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly packets: number;
  /** Undefined: the kernel keeps no times. */
  readonly ageSeconds: number | undefined;
  /** Every connection that is open: both ends have spoken. */
  readonly isAssured: boolean;
}

/** In one go: of ten thousand lines each look for a word costs as much as all of this. */
const way = String.raw`src=([0-9.]+) dst=([0-9.]+) sport=(\d+) dport=(\d+) (?:packets=(\d+) bytes=(\d+) )?(?:\[UNREPLIED\] )?`;
const shape = new RegExp(String.raw`\btcp +6 (?:\d+ )?(?:([A-Z_0-9]+) )?${way}${way}((?:\[[A-Z_]+\] )*)mark=([1-9]\d*)`);

const openStates = new Set(['ESTABLISHED', 'FIN_WAIT', 'CLOSE_WAIT']);

/**
 * A line of /proc/net/nf_conntrack, or of `conntrack -E -o extended`, that is TCP and carries a number: two tuples, as it came and as the answers
 * come. What cannot be read is undefined: the kernel writes lines of many kinds.
 */
export function trackedOf(line: string): Tracked | undefined {
  const found = shape.exec(line);
  if (found === null) return undefined;
  const [, state, src = '', dst = '', sport, dport, packetsIn, into, target = '', source = '', targetPort] = found;
  const [sourcePort, packetsOut, out, flags, link] = found.slice(11);
  const age = / delta-time=(\d+)/.exec(line)?.[1];
  return {
    key: `${src}:${sport} ${dst}:${dport}`,
    link: Number(link),
    client: { address: src, port: Number(sport) },
    door: { address: dst, port: Number(dport) },
    source,
    sourcePort: Number(sourcePort),
    target: { address: target, port: Number(targetPort) },
    isOpen: openStates.has(state ?? ''),
    isAssured: flags?.includes('[ASSURED]') ?? false,
    bytesIn: payload(Number(into ?? 0), Number(packetsIn ?? 0)),
    bytesOut: payload(Number(out ?? 0), Number(packetsOut ?? 0)),
    packets: Number(packetsIn ?? 0) + Number(packetsOut ?? 0),
    ageSeconds: age === undefined ? undefined : Number(age),
  };
}

/** What a line says beside how old it is and when the kernel forgets it: the same as before where nothing passed. To be asked of many lines often. */
export function lastingPart(line: string): string {
  const at = line.indexOf('src=');
  const end = line.indexOf(' delta-time=', at);
  return line.slice(line.lastIndexOf(' ', at - 2) + 1, end === -1 ? undefined : end);
}

/** See `Tracked`. */
export function trackedKey(client: HostPort, door: HostPort): string {
  return `${client.host}:${client.port} ${door.host}:${door.port}`;
}

/** What Linux puts before the payload of a TCP packet: 20 bytes of IPv4, 20 of TCP and 12 of a timestamp; in the first one 8 more. */
const headerBytes = 52;
const firstExtra = 8;

/**
 * The payload among counted bytes. Exact where both ends send timestamps, as Linux does, and nothing is sent again or acknowledged out of order: the
 * kernel counts a packet that is sent again twice, and one that says which packets are missing is longer. Measured between two namespaces: exact up
 * to a million bytes a connection, 0.02 % more among hundreds of millions over 24 at once. Where one end sends no timestamps (Windows, as it is
 * delivered) each packet counts 12 bytes less.
 */
function payload(bytes: number, packets: number): number {
  return packets === 0 ? 0 : Math.max(0, bytes - packets * headerBytes - firstExtra);
}
