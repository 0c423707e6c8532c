import { malformed, TdsReader, TdsWriter } from './bytes.ts';

/** How a side encrypts: option ENCRYPTION. */
export type TdsEncryption = 'off' | 'on' | 'not-supported' | 'required';

/** What each side says of itself before any login. Options that are not here are not sent, and not read. */
export interface Prelogin {
  /** `16.0.1000`: of the server, or of the client's library. */
  readonly version: string;
  readonly subBuild: number;
  readonly encryption: TdsEncryption;
  /** The instance that a client asks for; a server answers an empty one where that is its own. */
  readonly instance?: string;
  readonly threadId?: number;
  /** Several requests at once. */
  readonly mars?: boolean;
  /** A client will show a token instead of a password; a server answers that it takes one. */
  readonly federated?: boolean;
}

const option = { version: 0x00, encryption: 0x01, instance: 0x02, threadId: 0x03, mars: 0x04, federated: 0x06, terminator: 0xff } as const;
const encryptions: readonly TdsEncryption[] = ['off', 'on', 'not-supported', 'required'];
const entryBytes = 5;
const mostOptions = 32;

/** The payload of a PRELOGIN message, of either side (MS-TDS 2.2.6.5; its integers are big-endian). */
export function encodePrelogin(said: Prelogin): Uint8Array {
  const [major = 0, minor = 0, build = 0] = said.version.split('.').map(Number);
  const options: (readonly [token: number, bytes: readonly number[]])[] = [
    [option.version, [major, minor, build >> 8, build & 0xff, said.subBuild >> 8, said.subBuild & 0xff]],
    [option.encryption, [encryptions.indexOf(said.encryption)]],
  ];
  if (said.instance !== undefined) options.push([option.instance, [...Buffer.from(said.instance, 'latin1'), 0]]);
  // The client's own number, in its own order of bytes; the document's sample has it little-endian.
  if (said.threadId !== undefined) options.push([option.threadId, [...new TdsWriter().u32(said.threadId).take()]]);
  if (said.mars !== undefined) options.push([option.mars, [said.mars ? 1 : 0]]);
  if (said.federated !== undefined) options.push([option.federated, [said.federated ? 1 : 0]]);
  let offset = options.length * entryBytes + 1;
  const table: number[] = [];
  for (const [token, { length }] of options) {
    table.push(token, offset >> 8, offset & 0xff, length >> 8, length & 0xff);
    offset += length;
  }
  return Uint8Array.from([...table, option.terminator, ...options.flatMap(([, bytes]) => bytes)]);
}

/** Fault: `MalformedMessage` (corrupt). */
export function decodePrelogin(payload: Uint8Array): Prelogin {
  const options = readOptions(payload);
  const [version, encryption] = [options.get(option.version), options.get(option.encryption)];
  const word = encryption?.length === 1 ? encryptions[encryption[0]!] : undefined;
  if (version?.length !== 6) throw malformed('PRELOGIN says no version');
  if (word === undefined) throw malformed('PRELOGIN says nothing of encryption that is known');
  const [instance, threadId, mars] = [options.get(option.instance), options.get(option.threadId), options.get(option.mars)];
  const federated = options.get(option.federated);
  return {
    version: `${version[0]}.${version[1]}.${(version[2]! << 8) | version[3]!}`,
    subBuild: (version[4]! << 8) | version[5]!,
    encryption: word,
    ...(instance !== undefined && instance.length > 0 && { instance: instanceOf(instance) }),
    ...(threadId?.length === 4 && { threadId: new TdsReader(threadId, 'PRELOGIN').u32() }),
    ...(mars?.length === 1 && { mars: mars[0] === 1 }),
    ...(federated?.length === 1 && { federated: federated[0] === 1 }),
  };
}

function readOptions(payload: Uint8Array): ReadonlyMap<number, Uint8Array> {
  const options = new Map<number, Uint8Array>();
  for (let at = 0; at < mostOptions * entryBytes; at += entryBytes) {
    if (payload[at] === option.terminator) return options;
    if (at + entryBytes > payload.length) break;
    const offset = (payload[at + 1]! << 8) | payload[at + 2]!;
    const length = (payload[at + 3]! << 8) | payload[at + 4]!;
    if (offset + length > payload.length) break;
    options.set(payload[at]!, payload.subarray(offset, offset + length));
  }
  throw malformed('PRELOGIN has options without end');
}

/** Ends with a zero byte; some servers send that alone. */
function instanceOf(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return Buffer.from(end < 0 ? bytes : bytes.subarray(0, end)).toString('latin1');
}
