import { notSupported } from '../sql-error.ts';
import type { Place } from '../syntax/ast.ts';
import { classOf, isKnownRange, type Range } from './collated-range.ts';

/** One part of a pattern of LIKE. */
export type PatternPart =
  | { readonly kind: 'any' }
  | { readonly kind: 'one' }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'set'; readonly negated: boolean; readonly single: string; readonly ranges: readonly Range[] }
  /** A bracket that is never closed. */
  | { readonly kind: 'nothing' };

/** A bracket, or one character. */
const tokens = /\[\^?\]?[^\]]*\]|[\s\S]/gu;

export function patternParts(pattern: string, escape: string | undefined): readonly PatternPart[] {
  const parts: PatternPart[] = [];
  let rest = pattern;
  while (rest !== '') {
    if (escape !== undefined && rest.startsWith(escape) && rest.length > escape.length) {
      const [text = ''] = rest.slice(escape.length);
      parts.push({ kind: 'text', text });
      rest = rest.slice(escape.length + text.length);
      continue;
    }
    tokens.lastIndex = 0;
    const [token = ''] = tokens.exec(rest) ?? [];
    parts.push(partOf(token));
    rest = rest.slice(token.length);
  }
  return parts;
}

function partOf(token: string): PatternPart {
  if (token === '%') return { kind: 'any' };
  if (token === '_') return { kind: 'one' };
  if (token === '[') return { kind: 'nothing' };
  return token.length > 1 && token.startsWith('[') ? setOf(token.slice(1, -1)) : { kind: 'text', text: token };
}

/** What stands between brackets. */
export function setOf(inside: string): PatternPart & { readonly kind: 'set' } {
  const negated = inside.startsWith('^');
  const characters = Array.from(negated ? inside.slice(1) : inside);
  const ranges: Range[] = [];
  let single = '';
  for (let at = 0; at < characters.length; at += 1) {
    const [from = '', dash, to] = characters.slice(at, at + 3);
    if (dash === '-' && to !== undefined) {
      ranges.push({ from, to });
      at += 2;
    } else single += from;
  }
  return { kind: 'set', negated, single, ranges };
}

/** A regular expression of RE2 for what surely fits, and one for what may fit: the same where there is no doubt. */
export interface PatternRegex extends Regexes {
  /** Texts are counted: they must be given in units (`inUnits`). */
  readonly counts: boolean;
}

interface Regexes {
  readonly sure: string;
  readonly possible: string;
  /** For texts of ASCII alone, of which nothing is in doubt. */
  readonly ascii: string;
}

export interface PatternUse {
  /** By code points: the comparison is binary. */
  readonly cased: boolean;
  readonly place: Pick<Place, 'line'>;
}

/** Fault 40510 for what no translation gives exactly: ranges from or to symbols, characters beyond U+FFFF in brackets. */
export function patternRegex(parts: readonly PatternPart[], use: PatternUse): PatternRegex {
  const counts = parts.some(({ kind }) => kind === 'one' || kind === 'set');
  const made = parts.map((part): Regexes => {
    switch (part.kind) {
      case 'any':
        return same('.*');
      case 'one':
        return same('.');
      case 'nothing':
        return same(nothing);
      case 'text':
        return same(escapeRegex(counts ? unitsOf(part.text) : part.text));
      default:
        return setRegex(part, use);
    }
  });
  const whole = (of: (part: Regexes) => string): string => made.map(of).join('');
  return { sure: whole(({ sure }) => sure), possible: whole(({ possible }) => possible), ascii: whole(({ ascii }) => ascii), counts };
}

const same = (regex: string): Regexes => ({ sure: regex, possible: regex, ascii: regex });
const nothing = String.raw`[^\x{0}-\x{10FFFF}]`;

/** As `inUnits` writes it. */
function unitsOf(text: string): string {
  return text.replaceAll(/[\u{10000}-\u{10FFFF}]/gu, '$&\uFFFF');
}

function setRegex(set: PatternPart & { readonly kind: 'set' }, { cased, place }: PatternUse): Regexes {
  const { negated, single, ranges } = set;
  if (/[\u{10000}-\u{10FFFF}]/u.test(single + ranges.map(({ from, to }) => from + to).join('')))
    throw notSupported('A character beyond U+FFFF in brackets of LIKE', place, 'Write it outside of brackets.');
  const own = single.replaceAll(/[\\\]^[-]/g, (character) => `\\${character}`);
  if (cased) return same(classRegex(negated, own + ranges.map(codePoints).join('')));
  const unknown = ranges.find((range) => !isKnownRange(range));
  if (unknown)
    throw notSupported(
      `The range [${unknown.from}-${unknown.to}] in a pattern of LIKE`,
      place,
      'Ranges go by the collation, and are known between digits and letters of Latin. List the characters, or write COLLATE Latin1_General_BIN2 after the value to go by code points.',
    );
  if (ranges.length === 0) return same(classRegex(negated, own));
  const members = classOf(ranges);
  const [least, most] = [classRegex(negated, own + members.sure), classRegex(negated, own + members.sure + members.unsure)];
  const ascii = classRegex(negated, own + members.ascii);
  return negated ? { sure: most, possible: least, ascii } : { sure: least, possible: most, ascii };
}

function codePoints({ from, to }: Range): string {
  const [low, high] = [from.codePointAt(0)!, to.codePointAt(0)!];
  return low > high ? '' : `\\x{${low.toString(16)}}-\\x{${high.toString(16)}}`;
}

function classRegex(negated: boolean, members: string): string {
  if (members === '') return negated ? '.' : nothing;
  return `[${negated ? '^' : ''}${members}]`;
}

export function escapeRegex(text: string): string {
  return text.replaceAll(/[\\^$.|?*+()[\]{}]/g, (character) => `\\${character}`);
}
