// Days and parts of a day as text, without time zones. Days count from 0001-01-01 of the proleptic Gregorian calendar.

/** 9999-12-31. */
export const lastDay = 3_652_058;
/** 1900-01-01, from which `datetime` counts. */
export const day1900 = 693_595;
/** 1970-01-01. */
export const day1970 = 719_162;
const daysIn400Years = 146_097;
const two = Array.from({ length: 100 }, (_, number) => String(number).padStart(2, '0'));

/** `2024-02-01`. The day is one of 0 to `lastDay`. */
export function dayText(day: number): string {
  // Years are counted from March here, so that a leap day comes last (Howard Hinnant, chrono-compatible low-level date algorithms).
  const shifted = day + 306;
  const era = Math.floor(shifted / daysIn400Years);
  const ofEra = shifted - era * daysIn400Years;
  const yearOfEra = Math.floor((ofEra - Math.floor(ofEra / 1460) + Math.floor(ofEra / 36_524) - Math.floor(ofEra / 146_096)) / 365);
  const ofYear = ofEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const shiftedMonth = Math.floor((5 * ofYear + 2) / 153);
  const date = ofYear - Math.floor((153 * shiftedMonth + 2) / 5) + 1;
  const month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9;
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
  return `${String(year).padStart(4, '0')}-${two[month]}-${two[date]}`;
}

/** Undefined: there is no such day in the years 1 to 9999. */
export function dayOf(text: string): number | undefined {
  const [, y, m, d] = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text) ?? [];
  if (y === undefined) return undefined;
  const [year, month, date] = [Number(y), Number(m), Number(d)];
  if (year < 1 || month < 1 || month > 12 || date < 1) return undefined;
  const shifted = month <= 2 ? year - 1 : year;
  const era = Math.floor(shifted / 400);
  const yearOfEra = shifted - era * 400;
  const ofYear = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + date - 1;
  const ofEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + ofYear;
  const day = era * daysIn400Years + ofEra - 306;
  // A date beyond the end of its month lands in the next one.
  return dayText(day) === text ? day : undefined;
}

/** `10:11:12.1234567` of so many units since midnight, 10^-scale seconds each. */
export function timeText(units: number, scale: number): string {
  const perSecond = 10 ** scale;
  const seconds = Math.floor(units / perSecond);
  const whole = `${two[Math.floor(seconds / 3600)]}:${two[Math.floor(seconds / 60) % 60]}:${two[seconds % 60]}`;
  return scale === 0 ? whole : `${whole}.${String(units - seconds * perSecond).padStart(scale, '0')}`;
}

/** Units since midnight, 10^-scale seconds each. Undefined: no time of a day, or one with more digits that are not 0. */
export function timeOf(text: string, scale: number): number | undefined {
  const [, h, m, s = '00', part = ''] = /^(\d{2}):(\d{2})(?::(\d{2})(?:\.(\d*))?)?$/.exec(text) ?? [];
  if (h === undefined || Number(h) > 23 || Number(m) > 59 || Number(s) > 59) return undefined;
  if (part.length > scale && !/^0*$/.test(part.slice(scale))) return undefined;
  return (Number(h) * 3600 + Number(m) * 60 + Number(s)) * 10 ** scale + Number(part.slice(0, scale).padEnd(scale, '0'));
}

/** `+02:00`. */
export function offsetText(minutes: number): string {
  const size = Math.abs(minutes);
  return `${minutes < 0 ? '-' : '+'}${two[Math.floor(size / 60)]}:${two[size % 60]}`;
}

/** Minutes, at most 14 hours. */
export function offsetOf(text: string): number | undefined {
  const [, sign, h, m] = /^([+-])(\d{2}):(\d{2})$/.exec(text) ?? [];
  if (sign === undefined || Number(m) > 59) return undefined;
  const minutes = Number(h) * 60 + Number(m);
  if (minutes > 840) return undefined;
  return sign === '-' && minutes !== 0 ? -minutes : minutes;
}
