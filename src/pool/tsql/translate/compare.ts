import { sqlError } from '../sql-error.ts';
import type { Place } from '../syntax/ast.ts';
import type { TsqlType } from '../tsql-type.ts';
import { inByteOrder } from './code-page.ts';
import { castTo } from './convert.ts';
import { asUnits } from './datetime-thirds.ts';
import { instantOf } from './offset-moment.ts';
import { bound } from './sql-text.ts';
import { commonType, familyOf, isNational, isText, knownType, lengthOf } from './type-order.ts';
import type { Typed } from './typed.ts';

/** What `=`, GROUP BY, DISTINCT, PARTITION BY and joins compare: texts without case and trailing blanks, bytes without trailing zeros, moments whatever their clocks show. */
export function comparisonKey(value: Typed): string {
  const family = familyOf(knownType(value));
  if (family === 'text') {
    const text = value.literal?.kind === 'null' ? 'CAST(NULL AS VARCHAR)' : value.sql;
    return value.binaryOrder === true ? `rtrim(${text}, ' ')` : `lower(rtrim(${text}, ' '))`;
  }
  if (value.type?.name === 'datetimeoffset') return instantOf(value.sql);
  if (family === 'binary') return `regexp_replace(hex(${value.sql}), '^((..)*?)(00)*$', '\\1')`;
  return value.sql;
}

/** What ORDER BY, `<`, MIN and MAX compare: as dictionaries order texts, and identifiers by their last bytes first. */
export function orderKey(value: Typed): string {
  const family = familyOf(knownType(value));
  if (family === 'text' && value.binaryOrder === true && !isNational(knownType(value))) return inByteOrder(comparisonKey(value));
  if (family === 'text' && value.binaryOrder !== true && value.type !== undefined)
    return isNational(value.type) ? wordKey(comparisonKey(value)) : dictionaryKey(comparisonKey(value));
  if (family === 'guid') return guidKey(value.sql);
  return comparisonKey(value);
}

function dictionaryKey(text: string): string {
  return `icu_sort_key(${text}, 'root')`;
}

/** National texts are sorted by words: hyphens and apostrophes count where all else is the same, first the texts without them (KB 305704). */
function wordKey(sql: string): string {
  return bound('words', sql, (text) => {
    const bare = dictionaryKey(`replace(replace(${text}, '-', ''), '''', '')`);
    // ICU has the hyphen before the apostrophe.
    const whole = dictionaryKey(`translate(${text}, '-''', '''-')`);
    return `CASE WHEN contains(${text}, '-') OR contains(${text}, '''') THEN ${bare} || ${whole} ELSE ${dictionaryKey(text)} END`;
  });
}

/** The bytes of an identifier in the order of their weight, as hex digits. */
function guidKey(sql: string): string {
  return bound('id', `CAST(${sql} AS VARCHAR)`, (id) => {
    const parts = [
      [25, 12],
      [20, 4],
      [17, 2],
      [15, 2],
      [12, 2],
      [10, 2],
      [7, 2],
      [5, 2],
      [3, 2],
      [1, 2],
    ] as const;
    return parts.map(([from, length]) => `substring(${id}, ${from}, ${length})`).join(' || ');
  });
}

export interface Together {
  readonly values: readonly Typed[];
  readonly type: TsqlType;
}

/** Values as one type, so that they can be compared or stand for each other. Faults: 206, 468. */
export function together(values: readonly Typed[], options: { readonly place: Place; readonly dateFormat: string }): Together {
  const type = values.map((value) => value.type).reduce((a, b) => (b === undefined ? a : commonType(a, b, options.place)), undefined);
  const common = type ?? { name: 'int' as const };
  return { values: values.map((value) => castTo(value, common, { explicit: false, ...options })), type: common };
}

/** Values for a comparison: texts keep their own lengths, and all are compared by their bytes where one says so. */
export function comparable(values: readonly Typed[], options: { readonly place: Place; readonly dateFormat: string }): readonly Typed[] {
  if (values.every((value) => value.type === undefined || isText(value.type))) {
    const binaryOrder = values.some((value) => value.binaryOrder === true) ? true : undefined;
    // Beside a national text a varchar is one.
    const national = values.some((value) => value.type !== undefined && isNational(value.type));
    const typed = (type: TsqlType): TsqlType => (national ? { name: 'nvarchar', length: lengthOf(type) } : type);
    return values.map((value) => ({
      ...value,
      sql: value.type === undefined ? 'CAST(NULL AS VARCHAR)' : value.sql,
      type: typed(value.type ?? { name: 'varchar', length: 1 }),
      binaryOrder,
    }));
  }
  return asUnits(values, options) ?? together(values, options).values;
}

/** The collations that are known, by what they compare. Fault 448. */
export function collationOf(name: string, place: Place): { readonly binaryOrder: boolean } {
  const folded = name.toLowerCase();
  if (folded === 'database_default' || folded === 'catalog_default') return { binaryOrder: false };
  if (!/^(?:sql_)?[a-z0-9]+(?:_[a-z0-9]+)*$/.test(folded) || !/_(?:ci|cs|bin2?)(?:_|$)/.test(folded))
    throw sqlError(448, `Invalid collation '${name}'.`, { place });
  if (/_bin2?(?:_|$)/.test(folded)) return { binaryOrder: true };
  if (folded.includes('_cs_') || folded.includes('_ai'))
    throw sqlError(40_510, `The collation ${name} is not supported by this SQL pool. Use one with CI_AS, or Latin1_General_BIN2.`, {
      place,
      kind: 'unsupported',
    });
  return { binaryOrder: false };
}
