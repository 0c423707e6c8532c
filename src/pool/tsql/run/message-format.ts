import type { SqlValue } from '../session.ts';
import { sqlError } from '../sql-error.ts';

const mostCharacters = 2047;
const cutCharacters = 2044;

/**
 * RAISERROR's message: `printf` with `%d %i %u %o %x %X %s %%`, flags `- + 0 # blank`, width, precision, `*`, and the prefixes `h l I64`.
 * Errors: 2786, 2787 (the format), 2748 (an argument's type).
 */
export function formatMessage(format: string, values: readonly SqlValue[]): string {
  const rest = [...values];
  const text = format.replace(/%([-+0# ]*)(\*|\d+)?(?:\.(\*|\d+))?(I64|h|l)?(.?)/gs, (whole, ...found: (string | undefined)[]) => {
    const [flags = '', width, precision, size, kind = ''] = found;
    if (kind === '%') return '%';
    const take = (): SqlValue | undefined => (rest.length === 0 ? undefined : rest.shift());
    const count = (digits: string | undefined): number | undefined =>
      digits === '*' ? Number(take() ?? 0) : digits === undefined ? undefined : Number(digits);
    const sizes = { width: count(width), precision: count(precision) };
    if (kind === 's') return padded(textPart(take(), sizes.precision), flags, sizes.width);
    if ('diuoxX'.includes(kind) && kind !== '')
      return padded(numberPart(take(), { kind, flags, size, precision: sizes.precision }), flags, sizes.width);
    throw sqlError(2787, `Invalid format specification: '${whole.slice(0, 20)}'.`);
  });
  return text.length > mostCharacters ? `${text.slice(0, cutCharacters)}...` : text;
}

function textPart(value: SqlValue | undefined, precision: number | undefined): string {
  if (value === null || value === undefined) return '(null)';
  if (typeof value !== 'string') throw wrongType();
  return precision === undefined ? value : value.slice(0, precision);
}

interface NumberFormat {
  readonly kind: string;
  readonly flags: string;
  readonly size: string | undefined;
  readonly precision: number | undefined;
}

function numberPart(value: SqlValue | undefined, { kind, flags, size, precision }: NumberFormat): string {
  if (value === null || value === undefined) return '(null)';
  const number = typeof value === 'boolean' ? BigInt(value) : value;
  if (typeof number !== 'bigint') throw wrongType();
  const bits = size === 'I64' ? 64 : 32;
  const signed = kind === 'd' || kind === 'i';
  const shown = signed ? BigInt.asIntN(bits, number) : BigInt.asUintN(bits, number);
  const radix = kind === 'o' ? 8 : kind === 'x' || kind === 'X' ? 16 : 10;
  const digits = (shown < 0n ? -shown : shown).toString(radix).padStart(precision ?? 0, '0');
  const cased = kind === 'X' ? digits.toUpperCase() : digits;
  const prefix = flags.includes('#') && shown !== 0n ? { o: '0', x: '0x', X: '0X' }[kind] : undefined;
  const sign = shown < 0n ? '-' : signed && flags.includes('+') ? '+' : signed && flags.includes(' ') ? ' ' : '';
  return `${sign}${prefix ?? ''}${cased}`;
}

function padded(text: string, flags: string, width: number | undefined): string {
  const size = Math.min(width ?? 0, mostCharacters);
  if (flags.includes('-') || (width ?? 0) < 0) return text.padEnd(Math.abs(size), ' ');
  if (!flags.includes('0') || text === '(null)') return text.padStart(size, ' ');
  const sign = /^[-+ ]/.exec(text)?.[0] ?? '';
  return sign + text.slice(sign.length).padStart(size - sign.length, '0');
}

function wrongType(): Error {
  return sqlError(2786, 'The data type of substitution parameter 1 does not match the expected type of the format specification.');
}
