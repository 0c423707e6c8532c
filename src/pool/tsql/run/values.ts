import {
  DuckDBBlobValue,
  DuckDBDateValue,
  DuckDBDecimalValue,
  DuckDBStructValue,
  DuckDBTimestampTZValue,
  DuckDBTimestampValue,
  DuckDBTimeValue,
  type DuckDBValue,
} from '@duckdb/node-api';
import { assert, fault } from '#base/fault.ts';
import { offsetText } from '#wire/tds/types/calendar.ts';
import type { SqlValue } from '../session.ts';
import { notSupported, sqlError } from '../sql-error.ts';
import { asCodePage } from '../translate/code-page.ts';
import { duckDbTypeOf } from '../translate/duckdb-type.ts';
import { ofClientText } from '../translate/offset-moment.ts';
import { textLiteral } from '../translate/sql-text.ts';
import type { TsqlType } from '../tsql-type.ts';

/** A value as DuckDB's SQL, of the type that `duckDbTypeOf(type)` says. */
export function literalOf(value: SqlValue, type: TsqlType): string {
  const engineType = duckDbTypeOf(type);
  if (value === null) return `CAST(NULL AS ${engineType})`;
  if (value instanceof Uint8Array) return `unhex('${Buffer.from(value).toString('hex')}')`;
  if (typeof value === 'boolean') return value ? 'TRUE' : 'FALSE';
  const text = textLiteral(textOfValue(value, type));
  if (type.name === 'datetimeoffset') return ofClientText(text);
  return engineType === 'VARCHAR' ? text : `CAST(${text} AS ${engineType})`;
}

/** A value that is no bytes as a text that DuckDB's casts read to the last digit. */
export function textOfValue(value: boolean | number | bigint | string, type: TsqlType): string {
  if (typeof value !== 'string') return numberText(value);
  if (duckDbTypeOf(type) === 'VARCHAR') return type.name.startsWith('n') ? wellFormed(value) : asCodePage(value);
  return 'scale' in type && type.name !== 'decimal' ? timeTextOf(value) : value;
}

function numberText(value: boolean | number | bigint): string {
  return typeof value === 'number' && Object.is(value, -0) ? '-0.0' : String(value);
}

/** The engine keeps six digits of a second, and reads an offset that stands at the time. */
function timeTextOf(value: string): string {
  if (/\.\d{6}0*[1-9]/.test(value))
    throw notSupported('A seventh digit of a second', { line: 1 }, 'Values have six: send six digits, or a 0 as the seventh.');
  return value.replace(/ (?=[+-]\d\d:)/, '');
}

/** Half a character would become another one on the way to the engine. */
function wellFormed(text: string): string {
  if (text.isWellFormed()) return text;
  throw sqlError(9833, 'A text holds half of a surrogate pair, which is no character.', { remedy: 'Send it as varbinary.' });
}

/** A value of a column or variable of this type, as DuckDB gives it. */
export function sqlValueOf(value: DuckDBValue | undefined, type: TsqlType): SqlValue {
  if (value === null || value === undefined) return null;
  if (value instanceof DuckDBBlobValue) return value.bytes;
  if (value instanceof DuckDBDecimalValue) return value.toString();
  if (value instanceof DuckDBDateValue) return value.toString();
  if (value instanceof DuckDBTimestampValue) return timestampText(value.micros, digitsOf(type));
  if (value instanceof DuckDBStructValue) return offsetMomentText(value, digitsOf(type));
  if (value instanceof DuckDBTimeValue) return timeText(value.micros, digitsOf(type));
  if (type.name === 'uniqueidentifier') return String(value).toUpperCase();
  if (typeof value === 'boolean' || typeof value === 'string' || typeof value === 'bigint') return value;
  if (typeof value === 'number') return type.name === 'float' || type.name === 'real' ? value : BigInt(value);
  throw fault('bug', 'AssertionFailed', `a value of ${type.name} came in another type`);
}

/** Digits of a second that values of the type show. */
function digitsOf(type: TsqlType): number {
  if (type.name === 'datetime2' || type.name === 'time' || type.name === 'datetimeoffset') return type.scale;
  return type.name === 'datetime' ? 3 : 0;
}

const microsOfDay = 86_400_000_000n;

function timestampText(micros: bigint, digits: number): string {
  const inDay = ((micros % microsOfDay) + microsOfDay) % microsOfDay;
  const day = new DuckDBDateValue(Number((micros - inDay) / microsOfDay)).toString();
  return `${day} ${timeText(inDay, digits)}`;
}

/** As its clock shows it, and how far that is ahead of UTC. */
function offsetMomentText({ entries }: DuckDBStructValue, digits: number): string {
  const { utc, offset_minutes: minutes } = entries;
  assert(utc instanceof DuckDBTimestampTZValue && typeof minutes === 'number', 'a datetimeoffset is a moment and minutes');
  return `${timestampText(utc.micros + BigInt(minutes) * 60_000_000n, digits)} ${offsetText(minutes)}`;
}

function timeText(micros: bigint, digits: number): string {
  const seconds = micros / 1_000_000n;
  const part = (value: bigint): string => String(value).padStart(2, '0');
  const clock = `${part(seconds / 3600n)}:${part((seconds / 60n) % 60n)}:${part(seconds % 60n)}`;
  const fraction = `${String(micros % 1_000_000n).padStart(6, '0')}0`.slice(0, digits);
  return digits === 0 ? clock : `${clock}.${fraction}`;
}
