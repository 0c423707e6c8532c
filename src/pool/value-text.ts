import { DuckDBBlobValue, DuckDBDateValue, DuckDBTimestampTZValue, DuckDBTypeId, type DuckDBValue } from '@duckdb/node-api';
import { dateInfinity } from '#replication/column.ts';

// Times are shown in UTC, as the pool's sessions are, not in the zone of whoever's machine this is.
DuckDBTimestampTZValue.timezoneOffsetInMinutes = 0;

/** How a column's values become text: as DuckDB writes them, to the last digit; blobs as `\x` and hex digits. */
export function textOf(type: DuckDBTypeId): (value: Exclude<DuckDBValue, null>) => string {
  if (type === DuckDBTypeId.FLOAT) return (value) => floatText(shortestFloat32(Number(value)));
  if (type === DuckDBTypeId.DOUBLE) return (value) => floatText(Number(value));
  return anyText;
}

function anyText(value: Exclude<DuckDBValue, null>): string {
  if (value instanceof DuckDBBlobValue) return `\\x${Buffer.from(value.bytes).toString('hex')}`;
  if (value instanceof DuckDBDateValue && Math.abs(value.days) === dateInfinity) return value.days > 0 ? 'infinity' : '-infinity';
  return typeof value === 'object' ? value.toString() : String(value);
}

/** The double with the fewest digits that is this float: a float's own digits, not those of the double it became. */
function shortestFloat32(value: number): number {
  for (let digits = 1; digits < 9; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Object.is(Math.fround(short), value)) return short;
  }
  return value;
}

/** As DuckDB writes numbers: always with a point or an exponent, and the sign of zero. */
function floatText(value: number): string {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  if (value === 0) return Object.is(value, -0) ? '-0.0' : '0.0';
  const [mantissa, power] = value.toExponential().split('e') as [string, string];
  const exponent = Number(power);
  if (exponent < -4 || exponent >= 16) return `${mantissa}e${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`;
  const plain = String(value);
  return plain.includes('.') ? plain : `${plain}.0`;
}
