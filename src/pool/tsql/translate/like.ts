import { sqlError } from '../sql-error.ts';
import type { Condition } from '../syntax/ast.ts';
import { castTo } from './convert.ts';
import { boundAll, failing, textLiteral } from './sql-text.ts';
import { isNational, isText, knownType } from './type-order.ts';
import type { Typed } from './typed.ts';
import { lengthInUnits } from './utf16.ts';

type LikeNode = Extract<Condition, { kind: 'like' }>;

/** Of a pattern without brackets and escapes. */
const plainPattern = /^[^[\]_%]*$/;

/** One character of a pattern, or a bracket of it. */
const tokens = /\[\^?\]?[^\]]*\]|[\s\S]/gu;

/** A pattern of LIKE as a regular expression of RE2 for the whole text. */
function patternToRegex(pattern: string, escape: string | undefined): string {
  let regex = '';
  let rest = pattern;
  while (rest !== '') {
    if (escape !== undefined && rest.startsWith(escape) && rest.length > escape.length) {
      const [literal = ''] = rest.slice(escape.length);
      regex += escapeRegex(literal);
      rest = rest.slice(escape.length + literal.length);
      continue;
    }
    tokens.lastIndex = 0;
    const [token = ''] = tokens.exec(rest) ?? [];
    regex += tokenToRegex(token);
    rest = rest.slice(token.length);
  }
  return regex;
}

function tokenToRegex(token: string): string {
  if (token === '%') return '.*';
  if (token === '_') return '.';
  if (token.length > 1 && token.startsWith('[')) return bracketToRegex(token.slice(1, -1));
  // A bracket that is never closed matches nothing.
  return token === '[' ? '[^\\x{0}-\\x{10FFFF}]' : escapeRegex(token);
}

function bracketToRegex(inside: string): string {
  const negated = inside.startsWith('^');
  const set = negated ? inside.slice(1) : inside;
  if (set === '') return negated ? '.' : '[^\\x{0}-\\x{10FFFF}]';
  const escaped = set.replaceAll(/[\\\]^[]/g, (character) => `\\${character}`).replace(/^-|-$/g, '\\-');
  return `[${negated ? '^' : ''}${escaped}]`;
}

export function escapeRegex(text: string): string {
  return text.replaceAll(/[\\^$.|?*+()[\]{}]/g, (character) => `\\${character}`);
}

/** `operand LIKE pattern`: case does not count, nor do a varchar's trailing blanks; both do where `binaryOrder` says so. */
export function likeCondition(node: LikeNode, parts: { operand: Typed; pattern: Typed; escape: Typed | undefined }): string {
  const text = asText(parts.operand, node);
  const pattern = asText(parts.pattern, node);
  const escape = escapeOf(parts.escape, node);
  const cased = text.binaryOrder === true || pattern.binaryOrder === true;
  const national = isNational(knownType(text)) || isNational(knownType(pattern));
  const test = matchSql(text.sql, pattern, { escape, cased, blanks: !national });
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
}

function matchSql(text: string, pattern: Typed, how: Matching): string {
  const flags = how.cased ? 's' : 'si';
  const end = how.blanks ? ' *' : '';
  if (pattern.literal?.kind !== 'string')
    return boundAll({ text, pattern: pattern.sql }, (value) => {
      const regex = `${runtimeRegex(value.pattern, how.escape)}${end === '' ? '' : ` || '${end}'`}`;
      return `regexp_full_match(${value.text}, ${regex}, '${flags}')`;
    });
  const written = pattern.literal.text;
  const simple =
    how.escape === undefined ? simpleMatch(how.cased ? text : `lower(${text})`, how.cased ? written : written, how) : undefined;
  return simple ?? `regexp_full_match(${text}, ${textLiteral(patternToRegex(written, how.escape) + end)}, '${flags}')`;
}

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

/** `patternToRegex` for a pattern that is only known as the statement runs. */
function runtimeRegex(pattern: string, escape: string | undefined): string {
  const escaped = escape === undefined ? '' : `${escapeRegex(escape)}.|`;
  const split = `regexp_extract_all(${pattern}, ${textLiteral(`${escaped}\\[\\^?\\]?[^\\]]*\\]|.`)}, 0, 's')`;
  const none = `'[^\\x{0}-\\x{10FFFF}]'`;
  const bracket = `'[' || regexp_replace(regexp_replace(substring(token, 2, length(token) - 2), '([\\\\\\]\\[])', '\\\\\\1', 'g'), '(.)\\^', '\\1\\\\^', 'g') || ']'`;
  const unescaped =
    escape === undefined
      ? ''
      : ` WHEN length(token) = 2 AND starts_with(token, ${textLiteral(escape)}) THEN regexp_escape(substring(token, 2))`;
  const each = `CASE WHEN token = '%' THEN '.*' WHEN token = '_' THEN '.' WHEN token = '[' THEN ${none}${unescaped} WHEN token IN ('[]', '[^]') THEN ${failing(40_510, 'An empty bracket in a pattern of LIKE is not supported by this SQL pool.')} WHEN length(token) > 1 THEN ${bracket} ELSE regexp_escape(token) END`;
  return `array_to_string(list_transform(${split}, lambda token: ${each}), '')`;
}

/** The first place of a pattern in a text, from 1; 0: nowhere. */
export function patternIndex(pattern: Typed, text: Typed, place: Parameters<typeof castTo>[2]['place']): string {
  const node = { kind: 'like', line: place.line } as LikeNode;
  const source = asText(text, node);
  const written = asText(pattern, node);
  const cased = source.binaryOrder === true || written.binaryOrder === true;
  return boundAll(
    { searched: source.sql, pattern: written.literal?.kind === 'string' ? `''` : written.sql },
    ({ searched, pattern: runtime }) => {
      const { regex, anchored, ended } = indexRegex(written, runtime);
      const whole = `${anchored} || '(' || ${regex} || ')' || ${ended}`;
      const flags = cased ? 's' : 'si';
      const before = lengthInUnits(`regexp_extract(${searched}, ${whole}, 1, '${flags}')`);
      return `CASE WHEN ${searched} IS NULL THEN NULL WHEN regexp_matches(${searched}, ${whole}, '${flags}') THEN ${before} + 1 WHEN ${runtime} IS NOT NULL THEN 0 END`;
    },
  );
}

function indexRegex(pattern: Typed, runtime: string): { readonly regex: string; readonly anchored: string; readonly ended: string } {
  const written = pattern.literal?.kind === 'string' ? pattern.literal.text : undefined;
  if (written === undefined) return { regex: runtimeRegex(runtime, undefined), anchored: `'^()'`, ended: `'$'` };
  const open = written.startsWith('%');
  const closed = written.endsWith('%') && written.length > 1;
  const inner = written.slice(open ? 1 : 0, closed ? -1 : undefined);
  return { regex: textLiteral(patternToRegex(inner, undefined)), anchored: open ? `'^(.*?)'` : `'^()'`, ended: closed ? `''` : `'$'` };
}
