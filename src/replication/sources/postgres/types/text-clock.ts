import { daysFromCivil } from './calendar.ts';

/** Two digits as a number; above 99 when they are not digits. */
function pair(bytes: Uint8Array, at: number): number {
  const tens = bytes[at]! ^ 0x30;
  const ones = bytes[at + 1]! ^ 0x30;
  return tens > 9 || ones > 9 ? 1000 : tens * 10 + ones;
}

const colon = 0x3a;
const dash = 0x2d;
const dot = 0x2e;
const plus = 0x2b;

/**
 * Reads dates, times of day and offsets as PostgreSQL writes them with `DateStyle ISO`. Every method answers NaN for what is not one,
 * and leaves in `at` where it stopped.
 */
export class TextClock {
  at = 0;

  /** `YYYY-MM-DD` with a year of four to seven digits, as days from 1970. */
  date(bytes: Uint8Array, start: number, end: number, beforeChrist: boolean): number {
    let at = start;
    let year = 0;
    for (let digit = 0; at < end && (digit = bytes[at]! ^ 0x30) <= 9; at++) year = year * 10 + digit;
    this.at = at + 6;
    if (at - start < 4 || at - start > 7 || at + 6 > end || bytes[at] !== dash || bytes[at + 3] !== dash) return Number.NaN;
    const month = pair(bytes, at + 1);
    const day = pair(bytes, at + 4);
    if (month < 1 || month > 12 || day < 1 || day > 31) return Number.NaN;
    return daysFromCivil(beforeChrist ? 1 - year : year, month, day);
  }

  /** `HH:MM:SS[.ffffff]`, as microseconds since midnight. */
  time(bytes: Uint8Array, start: number, end: number): number {
    this.at = start + 8;
    if (start + 8 > end || bytes[start + 2] !== colon || bytes[start + 5] !== colon) return Number.NaN;
    const hours = pair(bytes, start);
    const minutes = pair(bytes, start + 3);
    const seconds = pair(bytes, start + 6);
    if (hours > 24 || minutes > 59 || seconds > 59) return Number.NaN;
    const whole = (hours * 3600 + minutes * 60 + seconds) * 1_000_000;
    return start + 8 < end && bytes[start + 8] === dot ? whole + this.fraction(bytes, start + 9, end) : whole;
  }

  /** One to six decimal places of a second, as microseconds. */
  fraction(bytes: Uint8Array, start: number, end: number): number {
    let at = start;
    let value = 0;
    let unit = 100_000;
    for (let digit = 0; at < end && unit >= 1 && (digit = bytes[at]! ^ 0x30) <= 9; at++, unit /= 10) value += digit * unit;
    this.at = at;
    return at === start ? Number.NaN : value;
  }

  /** `±HH[:MM[:SS]]`, as seconds east of UTC. */
  zone(bytes: Uint8Array, start: number, end: number): number {
    this.at = start + 3;
    const sign = bytes[start];
    const hours = start + 3 <= end ? pair(bytes, start + 1) : 1000;
    if ((sign !== plus && sign !== dash) || hours > 15) return Number.NaN;
    let seconds = hours * 3600;
    for (let unit = 60; unit >= 1 && this.at < end && bytes[this.at] === colon; unit /= 60) {
      const part = this.at + 3 <= end ? pair(bytes, this.at + 1) : 1000;
      if (part > 59) return Number.NaN;
      seconds += part * unit;
      this.at += 3;
    }
    return sign === dash ? -seconds : seconds;
  }
}

/** An interval as PostgreSQL writes it with `IntervalStyle iso_8601`: `P[nY][nM][nD][T[nH][nM][n[.n]S]]`, each part with its own sign. */
export class TextInterval {
  months = 0;
  days = 0;
  /** The time part: `seconds * 10^6 + microseconds`, both of any sign. */
  seconds = 0;
  microseconds = 0;
  readonly #clock = new TextClock();

  /** Answers whether it is one, having set all fields. */
  read(bytes: Uint8Array, start: number, end: number): boolean {
    this.months = this.days = this.seconds = this.microseconds = 0;
    if (end - start < 3 || bytes[start] !== 0x50) return false;
    let at = start + 1;
    let inTime = false;
    while (at < end) {
      if (bytes[at] === 0x54 && !inTime) {
        inTime = true;
        at++;
      }
      at = this.#part(bytes, at, end, inTime);
      if (at < 0) return false;
    }
    return Math.abs(this.months) <= 0x80000000 && Math.abs(this.days) <= 0x80000000;
  }

  /** One number with its unit. Answers where it ends; -1: malformed. */
  #part(bytes: Uint8Array, start: number, end: number, inTime: boolean): number {
    const negative = bytes[start] === dash;
    const digits = negative ? start + 1 : start;
    let at = digits;
    let value = 0;
    for (let digit = 0; at < end && (digit = bytes[at]! ^ 0x30) <= 9; at++) value = value * 10 + digit;
    if (at === digits || at - digits > 12) return -1;
    let fraction = 0;
    if (inTime && at < end && bytes[at] === dot) {
      fraction = this.#clock.fraction(bytes, at + 1, end);
      at = this.#clock.at;
      if (Number.isNaN(fraction) || bytes[at] !== 0x53) return -1;
    }
    if (at >= end) return -1;
    if (!this.#add(bytes[at]!, inTime, negative ? -value : value)) return -1;
    this.microseconds += negative ? -fraction : fraction;
    return at + 1;
  }

  #add(unit: number, inTime: boolean, value: number): boolean {
    if (inTime && unit === 0x48) this.seconds += value * 3600;
    else if (inTime && unit === 0x4d) this.seconds += value * 60;
    else if (inTime && unit === 0x53) this.seconds += value;
    else if (!inTime && unit === 0x59) this.months += value * 12;
    else if (!inTime && unit === 0x4d) this.months += value;
    else if (!inTime && unit === 0x44) this.days += value;
    else return false;
    return true;
  }
}
