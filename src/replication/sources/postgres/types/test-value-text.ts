import { unreachable } from '#base/fault.ts';
import { type Column, dateInfinity, timestampInfinity } from '#replication/column.ts';
import { civilFromDays } from './calendar.ts';

const dayMicroseconds = 86_400_000_000n;
const maxZoneSeconds = 57_599n;
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/**
 * The text of a value that is not null, as PostgreSQL writes it in a session of `PgConnection`'s and reads it back to the same value: for keys in
 * queries, not for bulk. Floating-point numbers come in JavaScript's spelling, which PostgreSQL reads to the same bits.
 */
export function valueText(column: Column, row: number): string {
  const { type, data } = column;
  const view = new DataView(data.buffer, data.byteOffset, data.length);
  switch (type.kind) {
    case 'bool':
      return data[row] === 1 ? 't' : 'f';
    case 'int16':
      return String(view.getInt16(2 * row, true));
    case 'int32':
      return String(view.getInt32(4 * row, true));
    case 'uint32':
      return String(view.getUint32(4 * row, true));
    case 'int64':
      return String(view.getBigInt64(8 * row, true));
    case 'float32':
      return floatText(view.getFloat32(4 * row, true));
    case 'float64':
      return floatText(view.getFloat64(8 * row, true));
    case 'decimal':
      return decimalText(type.precision <= 18 ? view.getBigInt64(8 * row, true) : int128(view, 16 * row), type.scale);
    case 'date':
      return dateText(view.getInt32(4 * row, true));
    case 'time':
      return timeText(view.getBigInt64(8 * row, true));
    case 'timetz':
      return timetzText(view.getBigInt64(8 * row, true));
    case 'timestamp':
      return timestampText(view.getBigInt64(8 * row, true), '');
    case 'timestamptz':
      return timestampText(view.getBigInt64(8 * row, true), '+00');
    case 'interval':
      return intervalText(view.getInt32(16 * row, true), view.getInt32(16 * row + 4, true), view.getBigInt64(16 * row + 8, true));
    case 'uuid':
      return hex(data.subarray(16 * row, 16 * row + 16)).replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
    case 'text':
      return decoder.decode(variable(column, row));
    case 'bytes':
      return `\\x${hex(variable(column, row))}`;
    default:
      return unreachable(type);
  }
}

function variable(column: Column, row: number): Uint8Array {
  return column.data.subarray(column.offsets![row], column.offsets![row + 1]);
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex');
}

function floatText(value: number): string {
  return Object.is(value, -0) ? '-0' : String(value);
}

function int128(view: DataView, at: number): bigint {
  return (view.getBigInt64(at + 8, true) << 64n) | view.getBigUint64(at, true);
}

function decimalText(scaled: bigint, scale: number): string {
  const digits = String(scaled < 0n ? -scaled : scaled).padStart(scale + 1, '0');
  const whole = digits.slice(0, digits.length - scale);
  return `${scaled < 0n ? '-' : ''}${whole}${scale > 0 ? `.${digits.slice(-scale)}` : ''}`;
}

function dateText(days: number): string {
  if (Math.abs(days) === dateInfinity) return days < 0 ? '-infinity' : 'infinity';
  const { text, era } = civilText(days);
  return text + era;
}

function civilText(days: number): { readonly text: string; readonly era: string } {
  const { year, month, day } = civilFromDays(days);
  return { text: `${String(year > 0 ? year : 1 - year).padStart(4, '0')}-${two(month)}-${two(day)}`, era: year > 0 ? '' : ' BC' };
}

function two(value: number | bigint): string {
  return String(value).padStart(2, '0');
}

function timeText(microseconds: bigint): string {
  const seconds = microseconds / 1_000_000n;
  return `${two(seconds / 3600n)}:${two((seconds / 60n) % 60n)}:${two(seconds % 60n)}${fractionText(microseconds % 1_000_000n)}`;
}

/** `.` and the places of a fraction of a second that are not trailing zeros. */
function fractionText(microseconds: bigint): string {
  return microseconds === 0n ? '' : `.${String(microseconds).padStart(6, '0').replace(/0+$/, '')}`;
}

function timetzText(value: bigint): string {
  const east = maxZoneSeconds - (value & 0xffffffn);
  const size = east < 0n ? -east : east;
  const parts = [size / 3600n, (size / 60n) % 60n, size % 60n];
  while (parts.length > 1 && parts.at(-1) === 0n) parts.pop();
  return `${timeText(value >> 24n)}${east < 0n ? '-' : '+'}${parts.map(two).join(':')}`;
}

function timestampText(microseconds: bigint, zone: string): string {
  if (microseconds === timestampInfinity) return 'infinity';
  if (microseconds === -timestampInfinity) return '-infinity';
  const time = ((microseconds % dayMicroseconds) + dayMicroseconds) % dayMicroseconds;
  const { text, era } = civilText(Number((microseconds - time) / dayMicroseconds));
  return `${text} ${timeText(time)}${zone}${era}`;
}

function intervalText(months: number, days: number, microseconds: bigint): string {
  const seconds = microseconds / 1_000_000n;
  const part = (value: number | bigint, unit: string): string => (value === 0 || value === 0n ? '' : `${value}${unit}`);
  const rest = seconds % 60n;
  const fraction = microseconds % 1_000_000n;
  const sign = microseconds < 0n ? '-' : '';
  const last = rest === 0n && fraction === 0n ? '' : `${sign}${abs(rest)}${fractionText(abs(fraction))}S`;
  const date = part(Math.trunc(months / 12), 'Y') + part(months % 12, 'M') + part(days, 'D');
  const time = part(seconds / 3600n, 'H') + part((seconds / 60n) % 60n, 'M') + last;
  return date === '' && time === '' ? 'PT0S' : `P${date}${time === '' ? '' : `T${time}`}`;
}

function abs(value: bigint): bigint {
  return value < 0n ? -value : value;
}
