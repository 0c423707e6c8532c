import { powersOfTen } from './wide-integer.ts';

const exponentMark = 0x65;
const dash = 0x2d;
const dot = 0x2e;
const maxExact = 2 ** 53;
const floatPattern = /^-?(?:\d+(?:\.\d+)?(?:e[-+]\d+)?|Infinity)$/;

/** A float8 as PostgreSQL writes it, correctly rounded; NaN also for what is not a number. */
export function readFloat64(bytes: Uint8Array, start: number, end: number): number {
  const negative = bytes[start] === dash;
  let at = negative ? start + 1 : start;
  let mantissa = 0;
  let digits = 0;
  let point = -1;
  for (; at < end; at++) {
    const byte = bytes[at]!;
    const digit = byte ^ 0x30;
    if (digit <= 9) {
      mantissa = mantissa * 10 + digit;
      digits++;
    } else if (byte === dot && point < 0) point = digits;
    else break;
  }
  let exponent = point < 0 ? 0 : point - digits;
  if (at < end && bytes[at] === exponentMark && end - at > 2) {
    const down = bytes[at + 1] === dash;
    let power = 0;
    for (at += 2; at < end && (bytes[at]! ^ 0x30) <= 9; at++) power = power * 10 + (bytes[at]! ^ 0x30);
    exponent += down ? -power : power;
  }
  // An integer below 2^53 and a power of ten up to 10^22 are exact, so one operation rounds once (Clinger 1990).
  if (at === end && digits > 0 && digits < 17 && mantissa < maxExact && exponent >= -22 && exponent <= 22) {
    const value = exponent < 0 ? mantissa / powersOfTen[-exponent]! : mantissa * powersOfTen[exponent]!;
    return negative ? -value : value;
  }
  const text = end - start > 400 ? '' : latin1(bytes, start, end);
  return floatPattern.test(text) ? Number(text) : Number.NaN;
}

/** A float4 as PostgreSQL writes it, correctly rounded; NaN also for what is not a number. */
export function readFloat32(bytes: Uint8Array, start: number, end: number): number {
  const value = readFloat64(bytes, start, end);
  const rounded = Math.fround(value);
  return rounded === value || !isBetween(value, rounded) ? rounded : roundDecimal(bytes, start, end, value);
}

const float32 = new Float32Array(1);
const bits32 = new Int32Array(float32.buffer);

/** The float32 next to `rounded` on the side of `value`. */
function neighbour(value: number, rounded: number): number {
  float32[0] = rounded;
  if (rounded === 0) bits32[0] = value < 0 ? -0x7fffffff : 1;
  else bits32[0]! += Math.abs(value) > Math.abs(rounded) ? 1 : -1;
  return float32[0];
}

/** Whether a value lies exactly between two float32, so that which of them is nearer to the decimal was lost when it became a float64. */
function isBetween(value: number, rounded: number): boolean {
  return value - rounded === neighbour(value, rounded) - value;
}

/** The float32 nearest to a decimal whose float64 lies exactly between two of them. */
function roundDecimal(bytes: Uint8Array, start: number, end: number, between: number): number {
  const order = compareDecimal(latin1(bytes, start, end).replace(/^-/, ''), Math.abs(between));
  const rounded = Math.fround(between);
  const other = neighbour(between, rounded);
  if (order === 0) return rounded;
  const larger = Math.abs(rounded) > Math.abs(other) ? rounded : other;
  return order > 0 ? larger : larger === rounded ? other : rounded;
}

/** Compares a decimal with a multiple of 2^-150 (all midpoints of float32 are), both positive; exact, and rarely needed. */
function compareDecimal(text: string, midpoint: number): number {
  const [mantissa = '', power = '0'] = text.split('e');
  const [whole = '', fraction = ''] = mantissa.split('.');
  const exponent = Number(power) - fraction.length;
  const left = BigInt(whole + fraction) * 2n ** 150n * (exponent > 0 ? 10n ** BigInt(exponent) : 1n);
  const right = BigInt(midpoint * 2 ** 150) * (exponent < 0 ? 10n ** BigInt(-exponent) : 1n);
  return left < right ? -1 : left > right ? 1 : 0;
}

function latin1(bytes: Uint8Array, start: number, end: number): string {
  let text = '';
  for (let at = start; at < end; at++) text += String.fromCharCode(bytes[at]!);
  return text;
}
