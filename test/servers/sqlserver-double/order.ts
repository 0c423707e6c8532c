import type { SqlValue } from '#pool/tsql/session.ts';
import type { DoubleType } from './types.ts';

const texts = new Intl.Collator('en', { sensitivity: 'accent' });
/** The bytes of a uniqueidentifier, as stored, in the order in which they are compared. */
const guidOrder = [10, 11, 12, 13, 14, 15, 8, 9, 6, 7, 4, 5, 0, 1, 2, 3];
/** Where each stored byte is in the text, in pairs of digits. */
const guidPlaces = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15];

/** As SQL Server orders values of a type: null first; text without regard to case and trailing blanks; uniqueidentifier from its last bytes on. */
export function compareValues(type: DoubleType, a: SqlValue, b: SqlValue): number {
  if (a === null || b === null) return Number(a !== null) - Number(b !== null);
  if (typeof a === 'bigint' || typeof a === 'number' || typeof a === 'boolean') return ordered(a, b as typeof a);
  if (a instanceof Uint8Array) return compareBytes(a, b as Uint8Array);
  const other = b as string;
  switch (type.name) {
    case 'decimal':
    case 'money':
    case 'smallmoney':
      return ordered(BigInt(a.replace('.', '')), BigInt(other.replace('.', '')));
    case 'uniqueidentifier':
      return compareBytes(guidBytes(a), guidBytes(other));
    case 'datetimeoffset':
      return ordered(instant(a), instant(other));
    case 'char':
    case 'varchar':
    case 'nchar':
    case 'nvarchar':
      return texts.compare(a.trimEnd(), other.trimEnd());
    default:
      return ordered(a, other);
  }
}

/** One text for all values that are equal by the rules of the type. */
export function keyText(type: DoubleType, value: SqlValue): string {
  if (value instanceof Uint8Array)
    return Buffer.from(value)
      .toString('hex')
      .replace(/(?:00)+$/, '');
  if (typeof value !== 'string') return String(value);
  if (type.name === 'datetimeoffset') return String(instant(value));
  return ['char', 'varchar', 'nchar', 'nvarchar'].includes(type.name) ? value.trimEnd().toUpperCase() : value;
}

function ordered<T extends bigint | number | boolean | string>(a: T, b: T): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  for (let index = 0; index < Math.max(a.length, b.length); index += 1) {
    const difference = (a[index] ?? 0) - (b[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

function guidBytes(text: string): Uint8Array {
  const digits = Buffer.from(text.replaceAll('-', ''), 'hex');
  return Uint8Array.from(guidOrder, (stored) => digits[guidPlaces[stored]!]!);
}

/** In 100 nanoseconds since 1970, UTC. */
function instant(text: string): bigint {
  const [, date = '', time = '', digits = '', sign = '', hours = '', minutes = ''] =
    /^(\S+) (\d\d:\d\d:\d\d)(?:\.(\d+))? ([+-])(\d\d):(\d\d)$/.exec(text) ?? [];
  const local = BigInt(Date.parse(`${date}T${time}Z`)) * 10_000n + BigInt(digits.padEnd(7, '0'));
  const offset = (BigInt(hours) * 60n + BigInt(minutes)) * 600_000_000n;
  return sign === '-' ? local + offset : local - offset;
}
