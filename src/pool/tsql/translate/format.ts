import { notSupported } from '../sql-error.ts';
import { momentArgument, timestampSql } from './date-functions.ts';
import type { CallContext, FunctionRule } from './functions.ts';
import { bound, textLiteral } from './sql-text.ts';
import { familyOf, isNumeric, isTemporal, knownType } from './type-order.ts';
import type { Typed } from './typed.ts';

/** FORMAT(value, pattern): the patterns that are the same in each culture, in English. */
export const format: FunctionRule['write'] = ([value, pattern, culture], context) => {
  const given = value as Typed;
  const type = knownType(given);
  if (pattern?.literal?.kind !== 'string') throw notSupported('FORMAT with a pattern that is not a constant', context.place);
  if (culture && !(culture.literal?.kind === 'string' && /^(?:en-us|en|)$/i.test(culture.literal.text)))
    throw notSupported('FORMAT with a culture other than en-US', context.place);
  const written = pattern.literal.text;
  const sql = isTemporal(type)
    ? dateFormat(given, written, context)
    : isNumeric(type) && type.name !== 'bit'
      ? numberFormat(given, written, context)
      : undefined;
  if (sql === undefined) throw notSupported(`FORMAT of ${type.name}`, context.place);
  return { sql, type: { name: 'nvarchar', length: 4000 }, nullable: true };
};

function unknownPattern(written: string, context: CallContext): Error {
  return notSupported(`FORMAT with the pattern '${written}'`, context.place, 'Use CONVERT with a style, or parts of CONCAT.');
}

const letters: Readonly<Record<string, string>> = {
  yyyy: '%Y',
  yy: '%y',
  MMMM: '%B',
  MMM: '%b',
  MM: '%m',
  M: '%-m',
  dddd: '%A',
  ddd: '%a',
  dd: '%d',
  d: '%-d',
  HH: '%H',
  H: '%-H',
  hh: '%I',
  h: '%-I',
  mm: '%M',
  m: '%-M',
  ss: '%S',
  s: '%-S',
  fff: '%g',
  ffffff: '%f',
  tt: '%p',
};

function dateFormat(value: Typed, written: string, context: CallContext): string {
  const moment = momentArgument(value, context, { name: 'datetime2', scale: 7 });
  if (moment.type.name === 'time' || written.length < 2) throw unknownPattern(written, context);
  const parts = written.match(/([A-Za-z])\1*|[^A-Za-z]+/g) ?? [];
  const made = parts.map((part) => {
    if (!/^[A-Za-z]/.test(part)) {
      if (/['"\\%]/.test(part)) throw unknownPattern(written, context);
      return part;
    }
    const letter = letters[part];
    if (letter === undefined) throw unknownPattern(written, context);
    return letter;
  });
  return `strftime(${timestampSql(moment)}, ${textLiteral(made.join(''))})`;
}

/** `N2`, `F2`, `D5`, and patterns such as `#,##0.00` and `00000`. */
function numberFormat(value: Typed, written: string, context: CallContext): string {
  const standard = /^([NFD])(\d{0,2})$/i.exec(written);
  if (standard) {
    const [, letter = '', digits = ''] = standard;
    if (letter.toUpperCase() === 'D') {
      if (familyOf(knownType(value)) !== 'integer') throw unknownPattern(written, context);
      return numberText(value, { places: 0, leading: Number(digits || '1'), grouped: false });
    }
    return numberText(value, { places: Number(digits || '2'), leading: 1, grouped: letter.toUpperCase() === 'N' });
  }
  const custom = /^(#,##)?(0+)(?:\.(0+))?$/.exec(written);
  if (!custom) throw unknownPattern(written, context);
  const [, grouped, whole = '', fraction = ''] = custom;
  if (grouped !== undefined && whole.length > 1) throw unknownPattern(written, context);
  return numberText(value, { places: fraction.length, leading: whole.length, grouped: grouped !== undefined });
}

function numberText(value: Typed, how: { readonly places: number; readonly leading: number; readonly grouped: boolean }): string {
  const { places, leading, grouped } = how;
  const rounded = `CAST(${value.sql} AS DECIMAL(38,${Math.min(places, 18)}))`;
  return bound('number', rounded, (number) => {
    const text = `regexp_replace(CAST(abs(${number}) AS VARCHAR), '^[.]', '0.')`;
    const whole = `lpad(split_part(${text}, '.', 1), CAST(greatest(${leading}, length(split_part(${text}, '.', 1))) AS INTEGER), '0')`;
    const shown = grouped ? `regexp_replace(reverse(regexp_replace(reverse(${whole}), '([0-9]{3})', '\\1,', 'g')), '^,', '')` : whole;
    const fraction = places === 0 ? '' : ` || '.' || split_part(${text}, '.', 2)`;
    return `CASE WHEN ${number} < 0 THEN '-' ELSE '' END || ${shown}${fraction}`;
  });
}
