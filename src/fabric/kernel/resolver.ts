import { isIPv4 } from 'node:net';
import { decode, type Answer, type DecodedPacket, type OptAnswer, type Question } from 'dns-packet';
import { canonicalName, meaningOf } from '../names.ts';
import { preferredEndpoint } from '../route.ts';
import type { SegmentTable, Tables } from '../tables.ts';

/**
 * What a network that is joined to a segment knows of names: those of the segment, and no others. Nobody else is ever asked, so that a question
 * takes nothing out. Endpoints that are not approved have their names too, as in Azure's zones: what is sent to them is refused, and counted.
 */

/** Seconds for which an answer may be kept: a plan changes at once, and whoever asks again hears of it. */
const keptSeconds = 5;
/** Before EDNS, and as long as anybody says without being split on the way. RFC 9715. */
const [leastBytes, mostBytes] = [512, 1_232];
const headerBytes = 12;
const [addressType, internetClass] = [1, 1];
const [noError, formatError, nameError, notImplemented, badVersion] = [0, 1, 3, 4, 16] as const;
type ResponseCode = typeof noError | typeof formatError | typeof nameError | typeof notImplemented | typeof badVersion;

export interface Answered {
  readonly packet: Buffer;
  /** The name that was asked for and is none of the segment's: lower case, at most 253 characters, none of them other than printable ASCII. */
  readonly unknown: string | undefined;
}

/**
 * The addresses of a name within a segment, as a dial's: where it means other endpoints for other ports, those of all of them; a zone's name has
 * the first of its addresses that leads anywhere. Undefined: it is no name of the segment, or there is no such segment.
 */
export function addressesOf({ segments }: Tables, segment: string, host: string, nowMs: number): readonly string[] | undefined {
  const table = segments.get(segment);
  const name = canonicalName(host);
  // `name:port` is a key of the table's, and no name; an address means itself, to whoever dials.
  if (table === undefined || name.includes(':') || isIPv4(name)) return undefined;
  const ports = [...(table.portsOfName.get(name) ?? []), anyOther];
  const addresses = ports.flatMap((port) => addressOf(table, name, port, nowMs) ?? []);
  return addresses.length === 0 ? undefined : [...new Set(addresses)];
}

/** A port that no name is for. */
const anyOther = 0;

function addressOf(table: SegmentTable, name: string, port: number, nowMs: number): string | undefined {
  const meaning = meaningOf(table, name, port);
  if (meaning.kind === 'endpoints') return preferredEndpoint(meaning.endpoints, nowMs)?.endpoint.address;
  if (meaning.kind !== 'addresses') return undefined;
  return meaning.addresses.find((address) => table.places.has(address)) ?? meaning.addresses[0];
}

/** Answers a question, given what a name's addresses are. Undefined: nothing is to be answered, since it is none. Never throws. */
export function answerTo(packet: Buffer, lookUp: (name: string) => readonly string[] | undefined): Answered | undefined {
  // Whoever answers an answer talks for ever.
  if (packet.length < headerBytes || isAnswer(packet)) return undefined;
  const whole = { packet, question: none, most: leastBytes, edns: false } as const;
  const [questions, answers, authorities, additionals] = [4, 6, 8, 10].map((at) => packet.readUInt16BE(at));
  if (opcodeOf(packet) !== 0) return said(whole, notImplemented);
  // Counts are believed by whoever decodes.
  if (questions !== 1 || answers !== 0 || authorities !== 0 || additionals! > mostAdditionals) return said(whole, formatError);
  const query = decoded(packet);
  if (query === undefined) return undefined;
  const [options, ...others] = query.additionals?.filter(isOptions) ?? [];
  const edns = options !== undefined;
  const most = edns ? Math.min(Math.max(options.udpPayloadSize, leastBytes), mostBytes) : leastBytes;
  const asked = { packet, question: query.question, most, edns };
  if (others.length > 0) return said(asked, formatError);
  if (options !== undefined && options.ednsVersion !== 0) return said(asked, badVersion);
  const [type, kind] = [-4, -2].map((at) => query.question.readUInt16BE(query.question.length + at));
  const addresses = kind === internetClass ? lookUp(query.name) : undefined;
  if (addresses === undefined) return { ...said(asked, nameError), unknown: shownName(query.name) };
  return said(asked, noError, type === addressType ? addresses : []);
}

const none: Buffer = Buffer.alloc(0);
/** EDNS, and a signature that nobody reads. */
const mostAdditionals = 2;
const mostName = 253;

/** As it may stand in a log. */
function shownName(name: string): string {
  const plain = canonicalName(name).replace(/[^\x21-\x7e]/g, '?');
  return plain.slice(0, mostName);
}

const isAnswer = (packet: Buffer): boolean => (packet.readUInt8(2) & 0x80) !== 0;
const opcodeOf = (packet: Buffer): number => (packet.readUInt8(2) >> 3) & 0xf;
const isOptions = (one: Answer): one is OptAnswer => one.type === 'OPT';

interface Query extends Pick<DecodedPacket, 'additionals'> {
  readonly name: string;
  /** As it came: an answer repeats it to the letter, in the same mixture of small and capital ones. */
  readonly question: Buffer;
}

/** Undefined: it cannot be read. */
function decoded(packet: Buffer): Query | undefined {
  try {
    const { questions, additionals } = decode(packet);
    const [{ name }] = questions as [Question];
    const end = endOfName(packet);
    return end === undefined ? undefined : { name, additionals, question: packet.subarray(headerBytes, end + 4) };
  } catch {
    // It throws many kinds of errors at what is no packet.
    return undefined;
  }
}

/** Of the first question's name, which has been read before. Undefined: it points elsewhere, which can only be into the header. */
function endOfName(packet: Buffer): number | undefined {
  let at = headerBytes;
  while (packet[at] !== 0) {
    const length = packet.readUInt8(at);
    if (length >= 0xc0) return undefined;
    at += length + 1;
  }
  return at + 1;
}

interface Asked {
  readonly packet: Buffer;
  readonly question: Buffer;
  /** Bytes of an answer. */
  readonly most: number;
  readonly edns: boolean;
}

/** Written by hand: dns-packet repeats a name with each address, and neither a question's letters nor bytes that are no text. */
function said({ packet, question, most, edns }: Asked, code: ResponseCode, addresses: readonly string[] = []): Answered {
  const room = Math.floor((most - headerBytes - question.length - (edns ? 11 : 0)) / addressBytes);
  const fitting = addresses.slice(0, Math.max(0, room));
  const header = Buffer.alloc(headerBytes);
  packet.copy(header, 0, 0, 2);
  const [isAnswered, isOwn, isCut, opcodeAndWish] = [0x8000, 0x0400, 0x0200, packet.readUInt16BE(2) & 0x7900];
  header.writeUInt16BE(isAnswered | isOwn | (fitting.length < addresses.length ? isCut : 0) | opcodeAndWish | (code & 0xf), 2);
  header.writeUInt16BE(question.length > 0 ? 1 : 0, 4);
  header.writeUInt16BE(fitting.length, 6);
  header.writeUInt16BE(edns ? 1 : 0, 10);
  return { packet: Buffer.concat([header, question, ...fitting.map(addressRow), edns ? optionsRow(code) : none]), unknown: undefined };
}

const addressBytes = 16;

/** Its name is the question's: a pointer to it. */
function addressRow(address: string): Buffer {
  const row = Buffer.alloc(addressBytes);
  row.writeUInt16BE(0xc000 | headerBytes, 0);
  row.writeUInt16BE(addressType, 2);
  row.writeUInt16BE(internetClass, 4);
  row.writeUInt32BE(keptSeconds, 6);
  row.writeUInt16BE(4, 10);
  Buffer.from(address.split('.').map(Number)).copy(row, 12);
  return row;
}

function optionsRow(code: ResponseCode): Buffer {
  const row = Buffer.alloc(11);
  row.writeUInt16BE(41, 1);
  row.writeUInt16BE(mostBytes, 3);
  row.writeUInt8(code >> 4, 5);
  return row;
}
