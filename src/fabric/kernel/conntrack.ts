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
  /** One side, too: the other may still send. */
  readonly isOpen: boolean;
  /** Of TCP's payload: see `payload`. */
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly packets: number;
  /** Until the kernel forgets it. */
  readonly secondsLeft: number;
  /** Undefined: the kernel keeps no times. */
  readonly ageSeconds: number | undefined;
  /** Every connection that is open: both ends have spoken. */
  readonly isAssured: boolean;
}

/**
 * The lines of /proc/net/nf_conntrack, and of `conntrack -E -o extended`, that are TCP and carry a number: two tuples, as it came and as the answers
 * come. What cannot be read is passed over: the kernel writes lines of many kinds.
 */
export function parseTracked(text: string): readonly Tracked[] {
  const found: Tracked[] = [];
  for (const line of text.split('\n')) {
    const one = trackedOf(line);
    if (one !== undefined) found.push(one);
  }
  return found;
}

export function trackedOf(line: string): Tracked | undefined {
  const marked = / mark=(\d+)/.exec(line);
  if (marked === null || marked[1] === '0' || !/\btcp\b/.test(line)) return undefined;
  const values = (name: string): string[] => [...line.matchAll(new RegExp(`\\b${name}=([0-9.]+)`, 'g'))].map((match) => match[1]!);
  const [src, dst, sport, dport] = [values('src'), values('dst'), values('sport'), values('dport')];
  if (src.length < 2 || dst.length < 2 || sport.length < 2 || dport.length < 2) return undefined;
  const [packets, bytes] = [values('packets').map(Number), values('bytes').map(Number)];
  const age = /delta-time=(\d+)/.exec(line)?.[1];
  return {
    key: `${src[0]!}:${sport[0]!} ${dst[0]!}:${dport[0]!}`,
    link: Number(marked[1]),
    client: { address: src[0]!, port: Number(sport[0]) },
    door: { address: dst[0]!, port: Number(dport[0]) },
    source: dst[1]!,
    sourcePort: Number(dport[1]),
    target: { address: src[1]!, port: Number(sport[1]) },
    isOpen: openState.test(line),
    isAssured: line.includes('[ASSURED]'),
    bytesIn: payload(bytes[0] ?? 0, packets[0] ?? 0),
    bytesOut: payload(bytes[1] ?? 0, packets[1] ?? 0),
    packets: (packets[0] ?? 0) + (packets[1] ?? 0),
    secondsLeft: Number(/ tcp +6 (\d+)/.exec(line)?.[1] ?? 0),
    ageSeconds: age === undefined ? undefined : Number(age),
  };
}

const openState = / (?:ESTABLISHED|FIN_WAIT|CLOSE_WAIT) /;

/** What Linux puts before the payload of a TCP packet: 20 bytes of IPv4, 20 of TCP and 12 of a timestamp; in the first one 8 more. */
const headerBytes = 52;
const firstExtra = 8;

/**
 * The payload among counted bytes. Exact where both ends send timestamps, as Linux does, and nothing was lost on the way; a packet that is
 * sent again is counted again, and one that says which packets are missing is longer.
 */
function payload(bytes: number, packets: number): number {
  return packets === 0 ? 0 : Math.max(0, bytes - packets * headerBytes - firstExtra);
}
