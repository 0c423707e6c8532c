import { bound, failing } from './sql-text.ts';

/** T-SQL counts texts in units of UTF-16: characters beyond U+FFFF are two. DuckDB counts characters. */
const beyond = '[\\x{10000}-\\x{10FFFF}]';

/** Surely without characters beyond U+FFFF, which have four bytes. */
export function isNarrow(text: string): string {
  return `strlen(${text}) <= length(${text}) + 2`;
}

/** Units of a text, as INTEGER. */
export function lengthInUnits(sql: string): string {
  return bound('wide', sql, (text) => {
    const more = `CASE WHEN ${isNarrow(text)} THEN 0 ELSE length(regexp_replace(${text}, '[^\\x{10000}-\\x{10FFFF}]', '', 'g')) END`;
    return `CAST(length(${text}) + ${more} AS INTEGER)`;
  });
}

/** Each character beyond U+FFFF followed by U+FFFF, which no text holds: units are characters then. */
export function inUnits(text: string): string {
  return `regexp_replace(${text}, '(${beyond})', '\\1' || chr(65535), 'g')`;
}

/** Back from `inUnits`; half a character has no place in a text of ours. */
function fromUnits(sql: string): string {
  return bound('cut', sql, (text) => {
    const halved = `regexp_matches(${text}, '^\\x{FFFF}|${beyond}$|${beyond}[^\\x{FFFF}]|[^\\x{10000}-\\x{10FFFF}]\\x{FFFF}')`;
    return `CASE WHEN ${halved} THEN ${failing(40_510, 'Half of a surrogate pair is not supported by this SQL pool.')} ELSE replace(${text}, chr(65535), '') END`;
  });
}

/** What `work` makes of a text whose characters are units. */
export function byUnits(sql: string, work: (text: string) => string): string {
  return bound('wide', sql, (text) => `CASE WHEN ${isNarrow(text)} THEN ${work(text)} ELSE ${fromUnits(work(inUnits(text)))} END`);
}

/** The first units of a text; `length` not negative. */
export function firstUnits(sql: string, length: number | string): string {
  return byUnits(sql, (text) => `left(${text}, ${length})`);
}
