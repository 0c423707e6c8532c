import { malformed } from './bytes.ts';

/** What a message is (MS-TDS 2.2.3.1.1). */
export const packetType = {
  sqlBatch: 0x01,
  rpc: 0x03,
  /** What a server answers, to PRELOGIN too. */
  response: 0x04,
  attention: 0x06,
  bulkLoad: 0x07,
  federatedToken: 0x08,
  transaction: 0x0e,
  login7: 0x10,
  sspi: 0x11,
  /** Also carries the TLS handshake of TDS 7. */
  prelogin: 0x12,
} as const;

export interface TdsMessage {
  readonly type: number;
  /** Of all its packets, without their headers. */
  readonly payload: Uint8Array;
}

const headerBytes = 8;
export const usualPacketBytes = 4096;
const mostPacketBytes = 32_767;
const endOfMessage = 0x01;
const known: ReadonlySet<number> = new Set(Object.values(packetType));

/** A whole message, in packets of at most `packetBytes`. */
export function packetsOf({ type, payload }: TdsMessage, packetBytes: number = usualPacketBytes): Uint8Array {
  const room = packetBytes - headerBytes;
  const packets = Math.max(1, Math.ceil(payload.length / room));
  const bytes = Buffer.alloc(payload.length + packets * headerBytes);
  for (let index = 0; index < packets; index += 1) {
    const part = payload.subarray(index * room, (index + 1) * room);
    const at = index * packetBytes;
    bytes[at] = type;
    bytes[at + 1] = index === packets - 1 ? endOfMessage : 0;
    bytes.writeUInt16BE(headerBytes + part.length, at + 2);
    // Who sends counts its packets from 1; nobody reads it.
    bytes[at + 6] = (index + 1) & 0xff;
    bytes.set(part, at + headerBytes);
  }
  return bytes;
}

/** Joins the bytes that come to whole messages, however they are cut. Fault: `MalformedMessage` (corrupt), for messages above `mostBytes` too. */
export class MessageReader {
  readonly #mostBytes: number;
  #parts: Uint8Array[] = [];
  #partsBytes = 0;
  #type: number | undefined;
  #rest: Uint8Array = new Uint8Array(0);
  readonly #ready: TdsMessage[] = [];

  constructor(mostBytes: number) {
    this.#mostBytes = mostBytes;
  }

  /** Whether the bytes so far end with a message. */
  get isBetween(): boolean {
    return this.#rest.length === 0 && this.#type === undefined;
  }

  push(chunk: Uint8Array): void {
    const bytes = this.#rest.length === 0 ? new Uint8Array(chunk) : Buffer.concat([this.#rest, chunk]);
    let at = 0;
    while (at < bytes.length) {
      const packetBytes = lengthAt(bytes, at);
      if (packetBytes === undefined || at + packetBytes > bytes.length) break;
      this.#take(bytes, at, packetBytes);
      at += packetBytes;
    }
    this.#rest = bytes.subarray(at);
  }

  /** Undefined: more bytes are needed. */
  next(): TdsMessage | undefined {
    return this.#ready.shift();
  }

  /** Bytes that came behind the last whole message, given away: what follows them is read by somebody else. */
  release(): Uint8Array {
    const rest = this.#rest;
    this.#rest = new Uint8Array(0);
    return rest;
  }

  #take(bytes: Uint8Array, at: number, packetBytes: number): void {
    const type = bytes[at]!;
    if (this.#type !== undefined && this.#type !== type) throw malformed(`a packet of type ${type} within a message of type ${this.#type}`);
    this.#type = type;
    this.#parts.push(bytes.subarray(at + headerBytes, at + packetBytes));
    this.#partsBytes += packetBytes - headerBytes;
    if (this.#partsBytes > this.#mostBytes) throw malformed(`a message of more than ${this.#mostBytes} bytes`);
    if ((bytes[at + 1]! & endOfMessage) === 0) return;
    this.#ready.push({ type, payload: new Uint8Array(Buffer.concat(this.#parts)) });
    this.#parts = [];
    this.#partsBytes = 0;
    this.#type = undefined;
  }
}

/** Bytes of the packet that begins here. Undefined: its header is not whole. */
function lengthAt(bytes: Uint8Array, at: number): number | undefined {
  const type = bytes[at]!;
  if (!known.has(type)) throw malformed(`a packet of the unknown type ${type}`);
  if (bytes.length - at < headerBytes) return undefined;
  const length = (bytes[at + 2]! << 8) | bytes[at + 3]!;
  if (length < headerBytes || length > mostPacketBytes) throw malformed(`a packet of ${length} bytes`);
  return length;
}
