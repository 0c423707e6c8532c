/**
 * Ranges of LIKE, such as `[a-f]`, go by the collation and not by code points: `é` is in it, `_` is not in `[A-z]`. Here is the part of the order
 * that is the same in the collations that SQL Server has for Latin: digits, letters, letters with marks after the bare one. Symbols come before
 * all of them, other scripts after. Where a character lies otherwise in one of them (`½`, `þ`, `ª`) its place is not sure.
 */
interface Place {
  /** Of the digit or bare letter. */
  readonly rank: number;
  /** The letter itself, in lower case, where it is more than the bare one. */
  readonly marked: string;
}

const bare = '0123456789abcdefghijklmnopqrstuvwxyz';
const joined: Readonly<Record<string, string>> = { æ: 'a', œ: 'o', ø: 'o', ß: 's' };
const marked = /^([a-z])\p{M}+$/u;
/** Of these, those that have no `Place` are not sure. */
const notSure = /[\p{Script=Latin}\p{N}\p{M}\u2100-\u214F\u3200-\u33FF]/u;

function placeOf(character: string): Place | undefined {
  const lower = character.toLowerCase();
  const own = bare.indexOf(lower);
  // `İ` and the sign of Kelvin become ASCII, and are none.
  if (own >= 0) return character.codePointAt(0)! < 128 ? { rank: own, marked: '' } : undefined;
  const letter = joined[lower] ?? marked.exec(lower.normalize('NFD'))?.[1];
  return letter === undefined || lower.length > 1 ? undefined : { rank: bare.indexOf(letter), marked: lower };
}

/** Below 0 where the first comes first; undefined: not sure, as of two marks on one letter. */
function order(a: Place, b: Place): number | undefined {
  if (a.rank !== b.rank) return a.rank - b.rank;
  if (a.marked === b.marked) return 0;
  if (a.marked === '') return -1;
  return b.marked === '' ? 1 : undefined;
}

export interface Range {
  readonly from: string;
  readonly to: string;
}

/** Are both ends of it where every collation has them? */
export function isKnownRange({ from, to }: Range): boolean {
  return placeOf(from) !== undefined && placeOf(to) !== undefined;
}

/** Undefined: not sure. Of a range that is known. */
export function isInRange(character: string, range: Range): boolean | undefined {
  return isPlaced({ character, place: placeOf(character) }, endsOf(range));
}

interface Considered {
  readonly character: string;
  readonly place: Place | undefined;
}

type Ends = readonly [low: Place | undefined, high: Place | undefined];

function endsOf({ from, to }: Range): Ends {
  return [placeOf(from), placeOf(to)];
}

function isPlaced({ character, place }: Considered, [low, high]: Ends): boolean | undefined {
  if (!low || !high) return undefined;
  if (!place) return notSure.test(character) ? undefined : false;
  const [after, before] = [order(low, place), order(place, high)];
  if ((after ?? 0) > 0 || (before ?? 0) > 0) return false;
  return after === undefined || before === undefined ? undefined : true;
}

/** Characters whose place matters: all others are in no range. */
let considered: readonly Considered[] | undefined;

function consideredCharacters(): readonly Considered[] {
  considered ??= Array.from({ length: 0xd800 - 48 }, (_, at) => String.fromCodePoint(at + 48))
    .concat(Array.from({ length: 0x2000 }, (_, at) => String.fromCodePoint(0xe000 + at)))
    .filter((character) => notSure.test(character))
    .map((character) => ({ character, place: placeOf(character) }));
  return considered;
}

/** Parts of a regular expression's class. */
export interface RangeClass {
  /** Those that are in a range, and those that may be. */
  readonly sure: string;
  readonly unsure: string;
  /** Those of ASCII, which are sure. */
  readonly ascii: string;
}

/** Patterns are written few and used often. */
const classes = new Map<string, RangeClass>();
const mostClasses = 200;

/** The characters of known ranges. */
export function classOf(ranges: readonly Range[]): RangeClass {
  const key = ranges.map(({ from, to }) => from + to).join('');
  const known = classes.get(key);
  if (known) return known;
  if (classes.size >= mostClasses) classes.clear();
  const made = makeClass(ranges.map(endsOf));
  classes.set(key, made);
  return made;
}

function makeClass(ranges: readonly Ends[]): RangeClass {
  const sure: string[] = [];
  const unsure: string[] = [];
  for (const one of consideredCharacters()) {
    const found = ranges.map((ends) => isPlaced(one, ends));
    if (found.includes(true)) sure.push(one.character);
    else if (found.includes(undefined)) unsure.push(one.character);
  }
  return { sure: runs(sure), unsure: runs(unsure), ascii: runs(sure.filter((character) => character < '\x80')) };
}

/** Of characters in the order of their code points. */
function runs(characters: readonly string[]): string {
  const code = (at: number): string => `\\x{${at.toString(16)}}`;
  let made = '';
  let [from, to] = [-1, -2];
  for (const at of [...characters.map((character) => character.codePointAt(0)!), -1]) {
    if (at === to + 1) {
      to = at;
      continue;
    }
    if (to >= from) made += from === to ? code(from) : `${code(from)}-${code(to)}`;
    [from, to] = [at, at];
  }
  return made;
}
