import { TdsReader, type TdsWriter } from './bytes.ts';

/** ENVCHANGE: what became different for the session (MS-TDS 2.2.7.9). */
export interface EnvChange {
  readonly kind: 'env-change';
  readonly change:
    | { readonly type: 'text'; readonly of: number; readonly now: string; readonly before: string }
    | { readonly type: 'bytes'; readonly of: number; readonly now: Uint8Array; readonly before: Uint8Array }
    /** The server sends the client on: it is to log in there instead. */
    | { readonly type: 'routing'; readonly host: string; readonly port: number }
    /** What is not taken apart here. */
    | { readonly type: 'other'; readonly of: number; readonly bytes: Uint8Array };
}

export const envChangeToken = 0xe3;
/**
 * What changed, of those that matter by name. `begun` has the transaction's eight bytes as `now`; `committed`, `rolledBack` and `ended` (by a
 * batch that is undone) have them as `before`. `reset` answers a message that asked for a reset: both are empty.
 */
export const envOf = {
  database: 1,
  language: 2,
  packetBytes: 4,
  collation: 7,
  begun: 8,
  committed: 9,
  rolledBack: 10,
  ended: 17,
  reset: 18,
  routing: 20,
} as const;
const texts: ReadonlySet<number> = new Set([1, 2, 3, 4, 5, 6, 13, 19]);
const byteRuns: ReadonlySet<number> = new Set([7, 8, 9, 10, 11, 12, 17, 18]);
const tcp = 0;

export function writeEnvChange(writer: TdsWriter, { change }: Omit<EnvChange, 'kind'>): void {
  writer.counted((inner) => {
    switch (change.type) {
      case 'text':
        return void inner.u8(change.of).shortText(change.now).shortText(change.before);
      case 'bytes':
        return void inner.u8(change.of).u8(change.now.length).bytes(change.now).u8(change.before.length).bytes(change.before);
      case 'routing':
        return void inner
          .u8(envOf.routing)
          .counted((route) => route.u8(tcp).u16(change.port).longText(change.host))
          .u16(0);
      case 'other':
        return void inner.u8(change.of).bytes(change.bytes);
    }
  });
}

export function readEnvChange(reader: TdsReader): EnvChange {
  const inner = reader.part(reader.u16());
  const of = inner.u8();
  return { kind: 'env-change', change: readChange(of, inner) };
}

function readChange(of: number, inner: TdsReader): EnvChange['change'] {
  if (of === envOf.routing) return readRouting(inner);
  if (texts.has(of)) {
    const change = { type: 'text', of, now: inner.shortText(), before: inner.shortText() } as const;
    inner.done();
    return change;
  }
  if (byteRuns.has(of)) {
    const change = { type: 'bytes', of, now: inner.bytes(inner.u8()), before: inner.bytes(inner.u8()) } as const;
    inner.done();
    return change;
  }
  return { type: 'other', of, bytes: inner.bytes(inner.left) };
}

/** A protocol other than TCP is one that nobody speaks. */
function readRouting(inner: TdsReader): EnvChange['change'] {
  const whole = inner.bytes(inner.left);
  const reader = new TdsReader(whole, 'ENVCHANGE');
  const route = reader.part(reader.u16());
  const [protocol, port, host] = [route.u8(), route.u16(), route.longText()];
  route.done();
  if (protocol !== tcp) return { type: 'other', of: envOf.routing, bytes: whole };
  reader.u16();
  reader.done();
  return { type: 'routing', host, port };
}
