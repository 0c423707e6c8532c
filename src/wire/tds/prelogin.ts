import { fault } from '#base/fault.ts';

/** Whether a server encrypts: MS-TDS 2.2.6.5, option ENCRYPTION. */
export type TdsEncryption = 'off' | 'on' | 'not-supported' | 'required';

/** What a server says of itself before any login. */
export interface PreloginAnswer {
  /** `16.0.1000`. */
  readonly version: string;
  readonly encryption: TdsEncryption;
}

const headerBytes = 8;
const prelogin = 0x12;
const tabularResult = 0x04;
const endOfMessage = 0x01;
const version = 0x00;
const encryption = 0x01;
const terminator = 0xff;
const encryptions: readonly TdsEncryption[] = ['off', 'on', 'not-supported', 'required'];
/** An answer has a few dozen bytes; what says more is no TDS server. */
const mostBytes = 4096;

/** PRELOGIN of a client that can encrypt and does not insist (MS-TDS 2.2.6.5). */
export function preloginRequest(): Uint8Array {
  const options = [version, 0, 11, 0, 6, encryption, 0, 17, 0, 1, terminator];
  const payload = [...options, 0, 0, 0, 0, 0, 0, encryptions.indexOf('off')];
  const length = headerBytes + payload.length;
  return Uint8Array.from([prelogin, endOfMessage, length >> 8, length & 0xff, 0, 0, 1, 0, ...payload]);
}

/** Undefined: more bytes are needed. Fault: `NotTds` (corrupt). */
export function parsePrelogin(bytes: Uint8Array): PreloginAnswer | undefined {
  if (bytes.length > 0 && bytes[0] !== tabularResult) throw notTds();
  if (bytes.length < headerBytes) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = view.getUint16(2);
  if (length <= headerBytes || length > mostBytes || (bytes[1]! & endOfMessage) === 0) throw notTds();
  if (bytes.length < length) return undefined;
  const options = readOptions(new DataView(bytes.buffer, bytes.byteOffset + headerBytes, length - headerBytes));
  const [said, encrypts] = [options.get(version), options.get(encryption)];
  const word = encrypts?.byteLength === 1 ? encryptions[encrypts.getUint8(0)] : undefined;
  if (said === undefined || said.byteLength !== 6 || word === undefined) throw notTds();
  return { version: `${said.getUint8(0)}.${said.getUint8(1)}.${said.getUint16(2)}`, encryption: word };
}

function readOptions(payload: DataView): ReadonlyMap<number, DataView> {
  const options = new Map<number, DataView>();
  for (let at = 0; at < payload.byteLength; at += 5) {
    const token = payload.getUint8(at);
    if (token === terminator) return options;
    if (at + 5 > payload.byteLength) break;
    const [offset, length] = [payload.getUint16(at + 1), payload.getUint16(at + 3)];
    if (offset + length > payload.byteLength) break;
    options.set(token, new DataView(payload.buffer, payload.byteOffset + offset, length));
  }
  throw notTds();
}

function notTds(): Error {
  return fault('corrupt', 'NotTds', 'What answers does not speak the protocol of SQL Server.', {
    remedy: 'Check that host and port are those of the SQL Server, and what the forwarder passes on to.',
  });
}
