import { fault, type Fault } from '#base/fault.ts';

/** Texts of SQL Server's values as whole numbers, without a detour through floating point or `Date`. Each refuses any other form. */

const microsPerDay = 86_400_000_000n;

/** What a value's text should have been. The value itself is never told. */
export function unreadable(what: string): Fault {
  return fault('corrupt', 'ValueUnreadable', `The source sent a value that is no ${what}.`, {
    remedy: 'Check what stands between: the session was asked for texts in a fixed form.',
  });
}

/** `-12.50` with scale 2 as -1250. */
export function scaledInteger(text: string, scale: number): bigint {
  const parts = /^(-?)([0-9]*)(?:\.([0-9]*))?$/.exec(text);
  const [, sign, whole = '', fraction = ''] = parts ?? [];
  if (parts === null || whole + fraction === '' || fraction.length > scale) throw unreadable(`decimal number of scale ${scale}`);
  const value = BigInt(whole + fraction.padEnd(scale, '0'));
  return sign === '-' ? -value : value;
}

/** `2024-05-06` as days since 1970-01-01. */
export function daysOf(text: string): number {
  const parts = /^([0-9]{4})-([0-9]{2})-([0-9]{2})$/.exec(text);
  if (parts === null) throw unreadable('date');
  const [year, month, day] = [Number(parts[1]), Number(parts[2]), Number(parts[3])];
  // Years that begin in March, so that the leap day is the last.
  const years = month > 2 ? year : year - 1;
  const era = Math.floor(years / 400);
  const yearOfEra = years - era * 400;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146_097 + dayOfEra - 719_468;
}

/** `07:08:09.123` as microseconds since midnight; at most six digits of a second. */
export function microsOfDay(text: string): bigint {
  const parts = /^([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]{1,6}))?$/.exec(text);
  if (parts === null) throw unreadable('time of day');
  const seconds = Number(parts[1]) * 3600 + Number(parts[2]) * 60 + Number(parts[3]);
  return BigInt(seconds) * 1_000_000n + BigInt((parts[4] ?? '').padEnd(6, '0'));
}

/** `2024-05-06 07:08:09.123` as microseconds since 1970-01-01. */
export function microsOf(text: string): bigint {
  if (text[10] !== ' ') throw unreadable('date with time');
  return BigInt(daysOf(text.slice(0, 10))) * microsPerDay + microsOfDay(text.slice(11));
}

/** The sixteen bytes of a uniqueidentifier in their written order. */
export function uuidBytes(text: string): Uint8Array {
  const digits = text.replaceAll('-', '');
  if (!/^[0-9A-Fa-f]{32}$/.test(digits)) throw unreadable('uniqueidentifier');
  return Buffer.from(digits, 'hex');
}
