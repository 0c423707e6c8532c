import { TextDecoder } from 'node:util';
import { malformed } from '../bytes.ts';

/** How texts of one character set are bytes. */
export interface CodePage {
  /** `windows-1252`. */
  readonly name: string;
  /** Fault: `MalformedMessage` (corrupt), for bytes that mean nothing. */
  decode(bytes: Uint8Array): string;
  /** Undefined: it lacks a character. */
  encode(text: string): Uint8Array | undefined;
}

/** Those of Windows by number, as the encodings that Node knows. */
const encodings: Readonly<Record<number, string>> = { 874: 'windows-874', 932: 'shift_jis', 936: 'gbk', 949: 'euc-kr', 950: 'big5' };
const made = new Map<number, CodePage>();

/** 874, 932, 936, 949, 950, 1250 to 1258, and 65001 for UTF-8. Undefined: none that is known. */
export function codePage(number: number): CodePage | undefined {
  const known = made.get(number);
  if (known !== undefined) return known;
  const page = makePage(number);
  if (page !== undefined) made.set(number, page);
  return page;
}

function makePage(number: number): CodePage | undefined {
  if (number === 65_001) return utf8();
  if (number >= 1250 && number <= 1258) return singleBytes(`windows-${number}`);
  const name = encodings[number];
  if (name === undefined) return undefined;
  return number === 874 ? singleBytes(name) : doubleBytes(name);
}

function utf8(): CodePage {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  return {
    name: 'UTF-8',
    decode: (bytes) => decoded(decoder, bytes),
    encode: (text) => (text.isWellFormed() ? Buffer.from(text) : undefined),
  };
}

/** 0x80 to 0x9F of windows-1252; Node 24 takes the page for Latin-1. */
const windows1252 =
  '\u20ac\u0081\u201a\u0192\u201e\u2026\u2020\u2021\u02c6\u2030\u0160\u2039\u0152\u008d\u017d\u008f' +
  '\u0090\u2018\u2019\u201c\u201d\u2022\u2013\u2014\u02dc\u2122\u0161\u203a\u0153\u009d\u017e\u0178';

function singleBytes(name: string): CodePage {
  const decoder = new TextDecoder(name);
  const all = Array.from({ length: 256 }, (_, byte) => decoder.decode(Uint8Array.of(byte)));
  if (name === 'windows-1252') for (let byte = 0x80; byte < 0xa0; byte += 1) all[byte] = windows1252.charAt(byte - 0x80);
  const bytesOf = new Map(all.map((character, byte) => [character.charCodeAt(0), byte] as const).filter(([code]) => code !== 0xfffd));
  return {
    name,
    decode: (bytes) => {
      const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
      if (bytes.every((byte) => byte < 0x80)) return text.toString('latin1');
      const whole = Array.from(bytes, (byte) => all[byte]!).join('');
      if (whole.includes('\ufffd')) throw malformed(`a text with a byte that ${name} lacks`);
      return whole;
    },
    encode: (text) => {
      const bytes = new Uint8Array(text.length);
      for (let at = 0; at < text.length; at += 1) {
        const code = text.charCodeAt(at);
        const byte = code < 0x80 ? code : bytesOf.get(code);
        if (byte === undefined) return undefined;
        bytes[at] = byte;
      }
      return bytes;
    },
  };
}

/** The way back is found by decoding every pair of bytes, once. */
function doubleBytes(name: string): CodePage {
  const decoder = new TextDecoder(name, { fatal: true });
  const lenient = new TextDecoder(name);
  let bytesOf: ReadonlyMap<string, readonly number[]> | undefined;
  return {
    name,
    decode: (bytes) => decoded(decoder, bytes),
    encode: (text) => {
      bytesOf ??= waysBack(lenient);
      const bytes: number[] = [];
      for (const character of text) {
        const some = bytesOf.get(character);
        if (some === undefined) return undefined;
        bytes.push(...some);
      }
      return Uint8Array.from(bytes);
    },
  };
}

function waysBack(decoder: TextDecoder): ReadonlyMap<string, readonly number[]> {
  const ways = new Map<string, readonly number[]>();
  const add = (...bytes: readonly number[]): void => {
    const text = decoder.decode(Uint8Array.from(bytes));
    if (!text.includes('\ufffd') && text.length === (text.codePointAt(0)! > 0xffff ? 2 : 1) && !ways.has(text)) ways.set(text, bytes);
  };
  for (let byte = 0; byte < 0x100; byte += 1) add(byte);
  for (let lead = 0x81; lead < 0xff; lead += 1) for (let trail = 0x40; trail < 0xff; trail += 1) add(lead, trail);
  return ways;
}

function decoded(decoder: TextDecoder, bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch {
    throw malformed(`a text that is not ${decoder.encoding}`);
  }
}
