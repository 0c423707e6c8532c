/** Slows down whoever fails again and again. One table: keys are what is counted, a client id or an address. */
export interface Throttle {
  /** Seconds until `key` may try again, at least 1; undefined: it may try now. Counts those who must wait. */
  waitSeconds(key: string): number | undefined;
  /** A try was refused. */
  failed(key: string): void;
  /** A try was good: all is forgotten. */
  succeeded(key: string): void;
  /** How many tries were held up since this was last asked. */
  takeHeldUp(key: string): number;
}

export interface ThrottleOptions {
  /** So many failures cost nothing; each one after that costs twice the pause of the one before, from 1 s to `longestPauseMs`. */
  readonly free: number;
  readonly longestPauseMs?: number;
  /** Failures are forgotten after so long without another one. */
  readonly forgetMs?: number;
  /** The longest silent keys beyond this are forgotten. */
  readonly maxKeys?: number;
  /** Monotonic or wall-clock milliseconds. */
  readonly now: () => number;
}

interface Record {
  failures: number;
  blockedUntilMs: number;
  lastMs: number;
  heldUp: number;
}

const firstPauseMs = 1_000;

export function throttle({ free, longestPauseMs = 300_000, forgetMs = 3_600_000, maxKeys = 10_000, now }: ThrottleOptions): Throttle {
  // In order of the last failure: the first is the one to forget.
  const records = new Map<string, Record>();
  const current = (key: string): Record | undefined => {
    const record = records.get(key);
    if (record === undefined || now() - record.lastMs < forgetMs) return record;
    records.delete(key);
    return undefined;
  };
  return {
    waitSeconds: (key) => {
      const record = current(key);
      const leftMs = (record?.blockedUntilMs ?? 0) - now();
      if (record === undefined || leftMs <= 0) return undefined;
      record.heldUp += 1;
      return Math.ceil(leftMs / 1_000);
    },
    failed: (key) => {
      const { failures = 0, heldUp = 0 } = current(key) ?? {};
      const over = failures + 1 - free;
      const pauseMs = over <= 0 ? 0 : Math.min(longestPauseMs, firstPauseMs * 2 ** Math.min(over - 1, 30));
      const lastMs = now();
      records.delete(key);
      records.set(key, { failures: failures + 1, blockedUntilMs: lastMs + pauseMs, lastMs, heldUp });
      const oldest = records.size > maxKeys ? records.keys().next().value : undefined;
      if (oldest !== undefined) records.delete(oldest);
    },
    succeeded: (key) => void records.delete(key),
    takeHeldUp: (key) => {
      const record = records.get(key);
      const heldUp = record?.heldUp ?? 0;
      if (record !== undefined) record.heldUp = 0;
      return heldUp;
    },
  };
}

/** An address as it is counted: of IPv6 the network of 64 bits that one customer has, of mapped IPv4 the IPv4. */
export function countedAddress(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined || !address.includes(':')) return mapped ?? address;
  const [head = '', tail] = address.split('%')[0]!.toLowerCase().split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - left.length - right.length);
  const groups = [...left, ...Array.from({ length: zeros }, () => '0'), ...right];
  return `${groups
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ''))
    .join(':')}::/64`;
}
