import { notSupported, sqlError } from '../sql-error.ts';
import type { IsolationLevel } from '../session.ts';
import type { Place } from '../syntax/ast.ts';

/** What `SET` has set in a session. */
export interface SetOptions {
  /** Options that are on or off, by their names in upper case. */
  readonly flags: ReadonlyMap<string, boolean>;
  readonly isolation: IsolationLevel;
  /** Rows after which a statement stops; 0: never. */
  readonly rowCount: bigint;
  readonly textSize: bigint;
  readonly dateFirst: number;
  readonly dateFormat: string;
  readonly language: string;
  readonly lockTimeout: bigint;
  /** `CONTEXT_INFO()`. */
  readonly contextInfo: Uint8Array | undefined;
  readonly identityInsert: { readonly schema: string; readonly name: string } | undefined;
}

/** Bits of `@@OPTIONS`. */
const optionBits: Readonly<Record<string, number>> = {
  DISABLE_DEF_CNST_CHK: 1,
  IMPLICIT_TRANSACTIONS: 2,
  CURSOR_CLOSE_ON_COMMIT: 4,
  ANSI_WARNINGS: 8,
  ANSI_PADDING: 16,
  ANSI_NULLS: 32,
  ARITHABORT: 64,
  ARITHIGNORE: 128,
  QUOTED_IDENTIFIER: 256,
  NOCOUNT: 512,
  ANSI_NULL_DFLT_ON: 1024,
  ANSI_NULL_DFLT_OFF: 2048,
  CONCAT_NULL_YIELDS_NULL: 4096,
  NUMERIC_ROUNDABORT: 8192,
  XACT_ABORT: 16_384,
};

/** Options that are always one way: the other would give other results than a pool's. */
const fixed: Readonly<Record<string, boolean>> = {
  ANSI_NULLS: true,
  ANSI_PADDING: true,
  ANSI_WARNINGS: true,
  ANSI_NULL_DFLT_ON: true,
  ANSI_NULL_DFLT_OFF: false,
  CONCAT_NULL_YIELDS_NULL: true,
  NUMERIC_ROUNDABORT: false,
  REMOTE_PROC_TRANSACTIONS: false,
};

/** Options that may be either, and by default. Some change nothing here: a pool has no cursors, and divides by zero with an error. */
const free: Readonly<Record<string, boolean>> = {
  ARITHABORT: true,
  ARITHIGNORE: false,
  CURSOR_CLOSE_ON_COMMIT: false,
  DISABLE_DEF_CNST_CHK: false,
  FMTONLY: false,
  FORCEPLAN: false,
  IMPLICIT_TRANSACTIONS: false,
  NOCOUNT: false,
  NOEXEC: false,
  PARSEONLY: false,
  QUOTED_IDENTIFIER: true,
  SHOWPLAN_ALL: false,
  SHOWPLAN_TEXT: false,
  XACT_ABORT: false,
  'STATISTICS IO': false,
  'STATISTICS TIME': false,
};

/** Known by name, and of no effect here whatever they say. */
const ignored = new Set(['DEADLOCK_PRIORITY', 'QUERY_GOVERNOR_COST_LIMIT']);
const refused = new Set(['SHOWPLAN_XML', 'STATISTICS PROFILE', 'STATISTICS XML', 'OFFSETS', 'FIPS_FLAGGER', 'TEMPORARY_OPTION']);
const dateFormats = new Set(['mdy', 'dmy', 'ymd', 'ydm', 'myd', 'dym']);
const isolations: Readonly<Record<string, IsolationLevel>> = {
  'READ UNCOMMITTED': 'read-uncommitted',
  'READ COMMITTED': 'read-committed',
  'REPEATABLE READ': 'repeatable-read',
  SERIALIZABLE: 'serializable',
  SNAPSHOT: 'snapshot',
};

export const initialOptions: SetOptions = {
  flags: new Map(Object.entries({ ...fixed, ...free })),
  isolation: 'read-committed',
  rowCount: 0n,
  textSize: 2_147_483_647n,
  dateFirst: 7,
  dateFormat: 'mdy',
  language: 'us_english',
  lockTimeout: -1n,
  contextInfo: undefined,
  identityInsert: undefined,
};

/** `value`: `ON`, `OFF`, or what an expression was worth, as text. Errors: 195 (none of that name), 40510 (would change results), 1036 and others. */
export function withOption(options: SetOptions, name: string, value: string, place: Pick<Place, 'line'>): SetOptions {
  const key = name.toUpperCase().replace(/\s+/g, ' ');
  if (key === 'ANSI_DEFAULTS') return ansiDefaults(options, isOn(key, value, place), place);
  if (key in fixed) {
    const wanted = fixed[key]!;
    if (isOn(key, value, place) !== wanted)
      throw notSupported(`SET ${key} ${wanted ? 'OFF' : 'ON'}`, place, `Results are always those of SET ${key} ${wanted ? 'ON' : 'OFF'}.`);
    return options;
  }
  if (key in free) return { ...options, flags: new Map(options.flags).set(key, isOn(key, value, place)) };
  if (ignored.has(key)) return options;
  if (refused.has(key)) throw notSupported(`SET ${key}`, place);
  return withValue(options, key, value, place);
}

function withValue(options: SetOptions, key: string, value: string, place: Pick<Place, 'line'>): SetOptions {
  switch (key) {
    case 'ROWCOUNT':
      return { ...options, rowCount: wholeNumber(key, value, place) };
    case 'TEXTSIZE': {
      const size = wholeNumber(key, value, place);
      return { ...options, textSize: size === 0n ? 4096n : size < 0n ? initialOptions.textSize : size };
    }
    case 'LOCK_TIMEOUT':
      return { ...options, lockTimeout: wholeNumber(key, value, place) };
    case 'DATEFIRST': {
      const first = Number(wholeNumber(key, value, place));
      if (first < 1 || first > 7)
        throw sqlError(2744, `SET DATEFIRST value ${first} is outside the range of allowed values (1 - 7).`, { place });
      return { ...options, dateFirst: first };
    }
    case 'DATEFORMAT': {
      const format = value.toLowerCase();
      if (!dateFormats.has(format)) throw sqlError(2741, `SET DATEFORMAT date order '${value}' is invalid.`, { place });
      return { ...options, dateFormat: format };
    }
    case 'LANGUAGE':
      if (!['us_english', 'english'].includes(value.toLowerCase()))
        throw notSupported(`SET LANGUAGE ${value}`, place, 'The language is us_english.');
      return { ...options, language: 'us_english', dateFirst: 7, dateFormat: 'mdy' };
    case 'TRANSACTION ISOLATION LEVEL': {
      const isolation = isolations[value.toUpperCase().replace(/\s+/g, ' ')];
      if (!isolation) throw sqlError(102, `Incorrect syntax near '${value}'.`, { place, severity: 15 });
      return { ...options, isolation };
    }
    default:
      throw sqlError(195, `'${key}' is not a recognized SET option.`, { place, severity: 15 });
  }
}

function ansiDefaults(options: SetOptions, on: boolean, place: Pick<Place, 'line'>): SetOptions {
  if (!on) throw notSupported('SET ANSI_DEFAULTS OFF', place, 'Results are always those of the ISO standard.');
  const flags = new Map(options.flags);
  for (const name of ['CURSOR_CLOSE_ON_COMMIT', 'IMPLICIT_TRANSACTIONS', 'QUOTED_IDENTIFIER']) flags.set(name, true);
  return { ...options, flags };
}

function isOn(name: string, value: string, place: Pick<Place, 'line'>): boolean {
  const word = value.toUpperCase();
  if (word === 'ON' || word === 'OFF') return word === 'ON';
  throw sqlError(102, `Incorrect syntax near '${name}'.`, { place, severity: 15 });
}

function wholeNumber(name: string, value: string, place: Pick<Place, 'line'>): bigint {
  if (/^-?\d{1,10}$/.test(value)) return BigInt(value);
  throw sqlError(1080, `The integer value of SET ${name} is out of range.`, { place, severity: 15 });
}

/** `@@OPTIONS`. */
export function optionMask(options: SetOptions): number {
  return Object.entries(optionBits).reduce((mask, [name, bit]) => (options.flags.get(name) === true ? mask | bit : mask), 0);
}
