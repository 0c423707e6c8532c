import { malformed, TdsReader, TdsWriter } from './bytes.ts';

/** How a client logs in (MS-TDS 2.2.6.4). */
export interface Login7 {
  readonly tdsVersion: number;
  readonly packetBytes: number;
  /** As four bytes: of the client's library. */
  readonly clientVersion: number;
  readonly clientProcess: number;
  readonly connectionId: number;
  /** OptionFlags1, OptionFlags2, TypeFlags, OptionFlags3. */
  readonly flags: readonly [number, number, number, number];
  readonly timeZone: number;
  readonly locale: number;
  readonly hostName: string;
  readonly userName: string;
  readonly password: string;
  readonly appName: string;
  /** The name by which the client addresses the server: gateways choose the server by it. */
  readonly serverName: string;
  readonly libraryName: string;
  readonly language: string;
  readonly database: string;
  /** Six bytes. */
  readonly clientId: Uint8Array;
  readonly sspi: Uint8Array;
  readonly attachFile: string;
  readonly newPassword: string;
  readonly features: readonly Feature[];
}

export interface Feature {
  readonly id: number;
  readonly bytes: Uint8Array;
}

/** Where the text begins: 36 bytes of numbers, then where each field lies; a new password only from TDS 7.2 on. */
const usualStart = 94;
const earlyStart = 86;

function isEarly(version: number): boolean {
  return version >>> 24 === 0x70 || version >>> 24 === 0x71;
}
/** `fExtension` of OptionFlags3: features follow. */
const extension = 0x10;
const lastFeature = 0xff;
/** "MUST NOT be longer than 128K-1". */
const mostBytes = 131_071;
const mostCharacters = 128;
/** Little-endian flags that a client of ours sends: a wrong database or language fails the login. */
export const usualFlags: Login7['flags'] = [0xe0, 0x03, 0x00, 0x00];

/** The payload of a LOGIN7 message. The password in it is disguised, not encrypted: it belongs under TLS. */
export function encodeLogin7(login: Login7): Uint8Array {
  const textStart = isEarly(login.tdsVersion) ? earlyStart : usualStart;
  const texts = new TdsWriter();
  const table = new TdsWriter();
  const place = (bytes: Uint8Array, count: number): void => {
    table.u16(textStart + texts.length).u16(count);
    texts.bytes(bytes);
  };
  const text = (value: string): void => place(Buffer.from(value, 'utf16le'), value.length);
  text(login.hostName);
  text(login.userName);
  place(disguise(Buffer.from(login.password, 'utf16le')), login.password.length);
  text(login.appName);
  text(login.serverName);
  const hasFeatures = login.features.length > 0;
  // The extension is where the features' place is written; they themselves come last.
  const pointerAt = texts.length;
  place(new Uint8Array(hasFeatures ? 4 : 0), hasFeatures ? 4 : 0);
  text(login.libraryName);
  text(login.language);
  text(login.database);
  table.bytes(login.clientId);
  place(login.sspi, login.sspi.length);
  text(login.attachFile);
  if (!isEarly(login.tdsVersion)) {
    place(disguise(Buffer.from(login.newPassword, 'utf16le')), login.newPassword.length);
    table.u32(0);
  }
  const area = texts.take();
  if (hasFeatures) new DataView(area.buffer, area.byteOffset).setUint32(pointerAt, textStart + area.length, true);
  const features = hasFeatures ? encodeFeatures(login.features) : new Uint8Array(0);
  const [first, second, types, third] = login.flags;
  const fixed = new TdsWriter()
    .u32(textStart + area.length + features.length)
    .u32(login.tdsVersion)
    .u32(login.packetBytes)
    .u32Big(login.clientVersion)
    .u32(login.clientProcess)
    .u32(login.connectionId)
    .u8(first)
    .u8(second)
    .u8(types)
    .u8(hasFeatures ? third | extension : third & ~extension)
    .i32(login.timeZone)
    .u32(login.locale);
  return Buffer.concat([fixed.take(), table.take(), area, features]);
}

/** Fault: `MalformedMessage` (corrupt). */
export function decodeLogin7(payload: Uint8Array): Login7 {
  const reader = new TdsReader(payload, 'LOGIN7');
  const length = reader.u32();
  if (length !== payload.length || length > mostBytes) throw malformed(`LOGIN7 says that it has ${length} bytes`);
  const numbers = {
    tdsVersion: reader.u32(),
    packetBytes: reader.u32(),
    clientVersion: reader.u32Big(),
    clientProcess: reader.u32(),
    connectionId: reader.u32(),
    flags: [reader.u8(), reader.u8(), reader.u8(), reader.u8()] as const,
    timeZone: reader.i32(),
    locale: reader.u32(),
  };
  const area = (unit: 1 | 2): Uint8Array => placed(payload, reader, unit);
  const text = (): string => Buffer.from(area(2)).toString('utf16le');
  const hidden = (): string => Buffer.from(reveal(area(2))).toString('utf16le');
  const [hostName, userName, password, appName, serverName] = [text(), text(), hidden(), text(), text()];
  const pointer = area(1);
  const [libraryName, language, database] = [text(), text(), text()];
  const clientId = reader.bytes(6);
  const [sspi, attachFile] = [area(1), text()];
  const newPassword = isEarly(numbers.tdsVersion) ? '' : hidden();
  if (!isEarly(numbers.tdsVersion)) reader.u32();
  const hasFeatures = (numbers.flags[3] & extension) !== 0;
  const features = hasFeatures ? decodeFeatures(payload, pointer) : [];
  const names = { hostName, userName, password, appName, serverName, libraryName, language, database, attachFile, newPassword };
  for (const [name, value] of Object.entries(names))
    if (name !== 'attachFile' && value.length > mostCharacters) throw malformed(`LOGIN7 has a ${name} of ${value.length} characters`);
  return { ...numbers, ...names, clientId, sspi, features };
}

function placed(payload: Uint8Array, reader: TdsReader, unit: 1 | 2): Uint8Array {
  const [at, count] = [reader.u16(), reader.u16()];
  if (count === 0) return new Uint8Array(0);
  if (at < earlyStart || at + count * unit > payload.length) throw malformed('LOGIN7 points outside of itself');
  return new Uint8Array(payload.subarray(at, at + count * unit));
}

function encodeFeatures(features: readonly Feature[]): Uint8Array {
  const writer = new TdsWriter();
  for (const { id, bytes } of features) writer.u8(id).u32(bytes.length).bytes(bytes);
  return writer.u8(lastFeature).take();
}

function decodeFeatures(payload: Uint8Array, pointer: Uint8Array): readonly Feature[] {
  if (pointer.length !== 4) throw malformed('LOGIN7 says that it has features, and not where');
  const reader = new TdsReader(payload, 'LOGIN7');
  reader.seek(new TdsReader(pointer, 'LOGIN7').u32());
  const features: Feature[] = [];
  for (let id = reader.u8(); id !== lastFeature; id = reader.u8()) features.push({ id, bytes: reader.bytes(reader.u32()) });
  return features;
}

/** Each byte's halves are swapped, then its bits flipped by 0xA5. No encryption. */
function disguise(bytes: Uint8Array): Uint8Array {
  return bytes.map((byte) => (((byte << 4) & 0xf0) | (byte >> 4)) ^ 0xa5);
}

function reveal(bytes: Uint8Array): Uint8Array {
  return bytes.map((byte) => {
    const flipped = byte ^ 0xa5;
    return ((flipped << 4) & 0xf0) | (flipped >> 4);
  });
}
