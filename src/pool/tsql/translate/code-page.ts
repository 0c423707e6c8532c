import { fittedFrom, fittedInto } from './best-fit.ts';
import { bound, textLiteral } from './sql-text.ts';

/** Windows' code page 1252 from 0x80 to 0x9F; the rest is as in Unicode. */
export const windows1252 = '€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008DŽ\u008F\u0090‘’“”•–—˜™š›œ\u009DžŸ';

const intoOf: ReadonlyMap<string, string> = new Map(Array.from(fittedFrom, (from, at) => [from, fittedInto.charAt(at)]));

/** Of a `varchar`: characters in the order of their bytes. */
export function inByteOrder(sql: string): string {
  return `translate(${sql}, ${textLiteral(windows1252)}, ${textLiteral(Array.from(windows1252, (_, at) => String.fromCodePoint(0x80 + at)).join(''))})`;
}

/** In classes of regular expressions: what the code page has. */
const held = `\\x{0}-\\x{7F}\\x{A0}-\\x{FF}${Array.from(windows1252, (character) => `\\x{${character.codePointAt(0)!.toString(16)}}`).join('')}`;
const lacking = new RegExp(`[^${held.replaceAll(/\\x\{([0-9A-Fa-f]+)\}/g, '\\u{$1}')}]`, 'gu');
const beyond = '[\\x{10000}-\\x{10FFFF}]';

/** A text as `varchar` has it: of characters that the code page lacks the one that fits best, or `?` for each unit. */
export function asCodePage(text: string): string {
  return text.replaceAll(lacking, (character) => intoOf.get(character) ?? '?'.repeat(character.length));
}

const constant = /^'(?:[^']|'')*'$/;

/** `asCodePage` in SQL. */
export function toCodePage(sql: string): string {
  if (constant.test(sql)) return textLiteral(asCodePage(sql.slice(1, -1).replaceAll("''", "'")));
  return bound('wide', sql, (text) => {
    const near = `translate(${text}, ${textLiteral(fittedFrom)}, ${textLiteral(fittedInto)})`;
    const marked = `regexp_replace(regexp_replace(${near}, '${beyond}', '??', 'g'), '[^${held}]', '?', 'g')`;
    return `CASE WHEN strlen(${text}) = length(${text}) THEN ${text} ELSE ${marked} END`;
  });
}

/** The bytes of a `varchar` as hex digits. */
export function codePageHex(sql: string): string {
  const page = textLiteral(windows1252);
  const byte = `CASE WHEN strpos(${page}, c) > 0 THEN strpos(${page}, c) + 127 ELSE unicode(c) END`;
  return `array_to_string(list_transform(regexp_extract_all(${sql}, '.', 0, 's'), lambda c: printf('%02X', ${byte})), '')`;
}

/** The `varchar` of bytes. */
export function ofCodePageBytes(sql: string): string {
  const digit = (place: number): string => `(strpos('0123456789ABCDEF', pair[${place}]) - 1)`;
  const character = `list_transform([${digit(1)} * 16 + ${digit(2)}], lambda byte: CASE WHEN byte BETWEEN 128 AND 159 THEN substring(${textLiteral(windows1252)}, byte - 127, 1) ELSE chr(CAST(byte AS INTEGER)) END)[1]`;
  return `array_to_string(list_transform(regexp_extract_all(hex(${sql}), '..'), lambda pair: ${character}), '')`;
}
