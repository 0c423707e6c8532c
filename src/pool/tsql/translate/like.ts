import { sqlError } from '../sql-error.ts';
import type { Condition, Place } from '../syntax/ast.ts';
import { castTo } from './convert.ts';
import { escapeRegex, patternParts, patternRegex } from './like-pattern.ts';
import { bound, boundAll, failing, textLiteral } from './sql-text.ts';
import { isNational, isText, knownType } from './type-order.ts';
import type { Typed } from './typed.ts';
import { inUnits, isNarrow, lengthInUnits } from './utf16.ts';

type LikeNode = Extract<Condition, { kind: 'like' }>;

/** Of a pattern without brackets and escapes. */
const plainPattern = /^[^[\]_%]*$/;

/** `operand LIKE pattern`: case does not count, nor do a varchar's trailing blanks; both do where `binaryOrder` says so. */
export function likeCondition(node: LikeNode, parts: { operand: Typed; pattern: Typed; escape: Typed | undefined }): string {
  const text = asText(parts.operand, node);
  const pattern = asText(parts.pattern, node);
  const escape = escapeOf(parts.escape, node);
  const cased = text.binaryOrder === true || pattern.binaryOrder === true;
  const national = isNational(knownType(text)) || isNational(knownType(pattern));
  const test = matchSql(text.sql, pattern, { escape, cased, blanks: !national, place: node });
  return node.negated ? `(NOT ${test})` : test;
}

function asText(value: Typed, node: LikeNode): Typed {
  const type = knownType(value);
  if (value.type === undefined) return castTo(value, { name: 'varchar', length: 1 }, { explicit: true, place: node });
  if (isText(type)) return value;
  return castTo(value, { name: 'varchar', length: 8000 }, { explicit: false, place: node });
}

function escapeOf(value: Typed | undefined, node: LikeNode): string | undefined {
  if (value === undefined || value.literal?.kind === 'null') return undefined;
  if (value.literal?.kind !== 'string')
    throw sqlError(40_510, 'ESCAPE with anything but a constant is not supported by this SQL pool.', { place: node, kind: 'unsupported' });
  if (Array.from(value.literal.text).length > 1)
    throw sqlError(506, `The invalid escape character "${value.literal.text}" was specified in a LIKE predicate.`, { place: node });
  return value.literal.text === '' ? undefined : value.literal.text;
}

interface Matching {
  readonly escape: string | undefined;
  readonly cased: boolean;
  /** Blanks at the text's end may be too many. */
  readonly blanks: boolean;
  readonly place: Pick<Place, 'line'>;
}

/** The pattern where it is known before the statement runs: a constant, a variable. */
function constantText({ literal, sql }: Typed): string | undefined {
  if (literal?.kind === 'string') return literal.text;
  return /^'(?:[^']|'')*'$/.test(sql) ? sql.slice(1, -1).replaceAll("''", "'") : undefined;
}

/** The text as the regular expression reads it. */
function read(text: string, counts: boolean): string {
  return counts ? bound('whole', text, (value) => `CASE WHEN ${isNarrow(value)} THEN ${value} ELSE ${inUnits(value)} END`) : text;
}

const notSure = failing(
  40_510,
  "A character that a range in a pattern of LIKE meets has no sure place in the collation's order, and is not supported there by this SQL pool. List the pattern's characters, or write COLLATE Latin1_General_BIN2 after the value to go by code points.",
);

function matchSql(text: string, pattern: Typed, how: Matching): string {
  const flags = how.cased ? 's' : 'si';
  const end = how.blanks ? ' *' : '';
  const written = constantText(pattern);
  if (written === undefined)
    return boundAll({ text, pattern: pattern.sql }, (value) => {
      const regex = `${runtimeRegex(read(value.pattern, true), how)}${end === '' ? '' : ` || '${end}'`}`;
      return `regexp_full_match(${read(value.text, true)}, ${regex}, '${flags}')`;
    });
  const simple = how.escape === undefined ? simpleMatch(how.cased ? text : `lower(${text})`, written, how) : undefined;
  if (simple !== undefined) return simple;
  const { sure, possible, ascii, counts } = patternRegex(patternParts(written, how.escape), how);
  const matches = (value: string, regex: string): string => `regexp_full_match(${value}, ${textLiteral(regex + end)}, '${flags}')`;
  if (sure === possible) return matches(read(text, counts), sure);
  return bound('text', text, (value) => {
    const doubted = bound(
      'searched',
      read(value, counts),
      (units) =>
        `CASE WHEN ${matches(units, sure)} THEN TRUE WHEN ${matches(units, possible)} THEN ${notSure} ELSE ${matches(units, sure)} END`,
    );
    return `CASE WHEN ${isAscii(value)} THEN ${matches(value, ascii)} ELSE ${doubted} END`;
  });
}

const isAscii = (text: string): string => `strlen(${text}) = length(${text})`;

/** `abc%` and `%abc%`, which need no regular expression. */
function simpleMatch(text: string, pattern: string, how: Matching): string | undefined {
  const folded = (part: string): string => (how.cased ? textLiteral(part) : `lower(${textLiteral(part)})`);
  if (pattern === '%') return `(${text} IS NOT NULL OR NULL)`;
  if (!pattern.endsWith('%')) return undefined;
  const middle = pattern.slice(0, -1);
  if (plainPattern.test(middle)) return `starts_with(${text}, ${folded(middle)})`;
  const inner = middle.startsWith('%') ? middle.slice(1) : undefined;
  return inner !== undefined && plainPattern.test(inner) ? `contains(${text}, ${folded(inner)})` : undefined;
}

/** `patternRegex` for a pattern that is only known as the statement runs, in units. */
function runtimeRegex(pattern: string, { escape, cased }: Pick<Matching, 'escape' | 'cased'>): string {
  const escaped = escape === undefined ? '' : `${escapeRegex(escape)}.|`;
  const split = `regexp_extract_all(${pattern}, ${textLiteral(`${escaped}\\[\\^?\\]?[^\\]]*\\]|.`)}, 0, 's')`;
  const none = `'[^\\x{0}-\\x{10FFFF}]'`;
  const bracket = `'[' || regexp_replace(regexp_replace(substring(token, 2, length(token) - 2), '([\\\\\\]\\[])', '\\\\\\1', 'g'), '(.)\\^', '\\1\\\\^', 'g') || ']'`;
  const unescaped =
    escape === undefined
      ? ''
      : ` WHEN length(token) = 2 AND starts_with(token, ${textLiteral(escape)}) THEN regexp_escape(substring(token, 2))`;
  const empty = failing(40_510, 'An empty bracket in a pattern of LIKE is not supported by this SQL pool.');
  const wide = failing(40_510, 'A character beyond U+FFFF in brackets of LIKE is not supported by this SQL pool.');
  const range = failing(
    40_510,
    'A range in a pattern of LIKE that is not a constant is not supported by this SQL pool. Give the pattern as a constant or a variable, or write COLLATE Latin1_General_BIN2 after the value.',
  );
  const reversed = `len(list_filter(regexp_extract_all(token, '[^\\[]-[^\\]]', 0, 's'), lambda pair: ${cased ? 'pair[1] > pair[3]' : 'TRUE'})) > 0`;
  const each = `CASE WHEN token = '%' THEN '.*' WHEN token = '_' THEN '.' WHEN token = '[' THEN ${none}${unescaped} WHEN token IN ('[]', '[^]') THEN ${empty} WHEN length(token) > 1 AND contains(token, chr(65535)) THEN ${wide} WHEN length(token) > 1 AND ${reversed} THEN ${range} WHEN length(token) > 1 THEN ${bracket} ELSE regexp_escape(token) END`;
  return `array_to_string(list_transform(${split}, lambda token: ${each}), '')`;
}

/** The first place of a pattern in a text, from 1; 0: nowhere. */
export function patternIndex(pattern: Typed, text: Typed, place: Parameters<typeof castTo>[2]['place']): string {
  const node = { kind: 'like', line: place.line } as LikeNode;
  const source = asText(text, node);
  const written = asText(pattern, node);
  const cased = source.binaryOrder === true || written.binaryOrder === true;
  const flags = cased ? 's' : 'si';
  const constant = constantText(written);
  if (constant === undefined)
    return boundAll({ text: source.sql, runtime: written.sql }, (value) => {
      const open = `starts_with(${value.runtime}, '%')`;
      const rest = `CASE WHEN ${open} THEN substring(${value.runtime}, 2) ELSE ${value.runtime} END`;
      const regex = runtimeRegex(read(rest, true), { escape: undefined, cased });
      const whole = `CASE WHEN ${open} THEN '^(.*?)(' ELSE '^()(' END || ${regex} || ')$'`;
      return placeSql(read(value.text, true), [value.text, value.runtime], { whole, flags, counts: true });
    });
  const open = constant.startsWith('%');
  const closed = constant.endsWith('%') && constant.length > 1;
  const { sure, possible, ascii, counts } = patternRegex(patternParts(constant.slice(open ? 1 : 0, closed ? -1 : undefined), undefined), {
    cased,
    place,
  });
  const whole = (regex: string): string => textLiteral(`${open ? '^(.*?)' : '^()'}(${regex})${closed ? '' : '$'}`);
  return bound('text', source.sql, (value) => {
    const doubted = bound('searched', read(value, counts), (searched) => {
      const at = (regex: string): string => placeSql(searched, [value], { whole: whole(regex), flags, counts });
      if (sure === possible) return at(sure);
      return bound(
        'least',
        at(sure),
        (least) => `CASE WHEN ${least} IS NULL OR ${least} = ${at(possible)} THEN ${least} ELSE ${notSure} END`,
      );
    });
    if (sure === possible) return doubted;
    return `CASE WHEN ${isAscii(value)} THEN ${placeSql(value, [value], { whole: whole(ascii), flags, counts })} ELSE ${doubted} END`;
  });
}

/** NULL where one of `given` is. */
function placeSql(
  searched: string,
  given: readonly string[],
  { whole, flags, counts }: { readonly whole: string; readonly flags: string; readonly counts: boolean },
): string {
  const before = `regexp_extract(${searched}, ${whole}, 1, '${flags}')`;
  const length = counts ? `CAST(length(${before}) AS INTEGER)` : lengthInUnits(before);
  return `CASE WHEN ${given.map((value) => `${value} IS NULL`).join(' OR ')} THEN NULL WHEN regexp_matches(${searched}, ${whole}, '${flags}') THEN ${length} + 1 ELSE 0 END`;
}
