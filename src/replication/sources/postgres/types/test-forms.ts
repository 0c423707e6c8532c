import { widthOf, type ColumnType } from '#replication/column.ts';
import { wireForms, type WireForm } from './column-plan.ts';

/** One value in both wire forms and as the column must hold it: made with BigInts and strings, sharing no code with the decoders. */
export interface Forms {
  readonly type: ColumnType;
  readonly wire: WireForm;
  readonly binary: Buffer;
  readonly text: string;
  readonly stored: Buffer;
}

const epoch = 946_684_800_000_000n;

export function bytesOf(...parts: readonly (readonly [width: number, value: bigint | number])[]): Buffer {
  return Buffer.concat(
    parts.map(([width, value]) =>
      Buffer.from(
        BigInt.asUintN(8 * width, BigInt(value))
          .toString(16)
          .padStart(2 * width, '0'),
        'hex',
      ),
    ),
  );
}

function little(...parts: readonly (readonly [width: number, value: bigint | number])[]): Buffer {
  return Buffer.concat(parts.map((part) => bytesOf(part).reverse()));
}

const kinds = { int16: 2, int32: 4, uint32: 4, int64: 8 } as const;

export function integer(kind: keyof typeof kinds, value: bigint): Forms {
  const width = kinds[kind];
  return { type: { kind }, wire: wireForms[kind], binary: bytesOf([width, value]), text: String(value), stored: little([width, value]) };
}

export function bool(value: boolean): Forms {
  return {
    type: { kind: 'bool' },
    wire: wireForms.bool,
    binary: Buffer.of(Number(value)),
    text: value ? 't' : 'f',
    stored: Buffer.of(Number(value)),
  };
}

export function float64(value: number): Forms {
  const binary = Buffer.alloc(8);
  binary.writeDoubleBE(value);
  return {
    type: { kind: 'float64' },
    wire: wireForms.float64,
    binary,
    text: Object.is(value, -0) ? '-0' : String(value),
    stored: Buffer.from(binary).reverse(),
  };
}

export function float32(value: number): Forms {
  const binary = Buffer.alloc(4);
  binary.writeFloatBE(value);
  const text = Object.is(value, -0) ? '-0' : Number.isFinite(value) ? value.toPrecision(9) : String(value);
  return { type: { kind: 'float32' }, wire: wireForms.float32, binary, text, stored: Buffer.from(binary).reverse() };
}

/** `scaled` counts units of 10^-scale. */
export function decimal(precision: number, scale: number, scaled: bigint): Forms {
  const type = { kind: 'decimal', precision, scale } as const;
  const size = scaled < 0n ? -scaled : scaled;
  const digits = String(size).padStart(scale + 1, '0');
  const whole = digits.slice(0, digits.length - scale);
  const fraction = digits.slice(digits.length - scale);
  const left = whole.padStart(Math.ceil(whole.length / 4) * 4, '0');
  const groups = (left + fraction.padEnd(Math.ceil(scale / 4) * 4, '0')).match(/.{4}/g) ?? [];
  let weight = left.length / 4 - 1;
  while (groups[0] === '0000') {
    groups.shift();
    weight--;
  }
  while (groups.at(-1) === '0000') groups.pop();
  const head = bytesOf([2, groups.length], [2, groups.length > 0 ? weight : 0], [2, scaled < 0n ? 0x4000 : 0], [2, scale]);
  return {
    type,
    wire: precision <= 18 ? wireForms.decimal64 : wireForms.decimal128,
    binary: Buffer.concat([head, ...groups.map((group) => bytesOf([2, Number(group)]))]),
    text: `${scaled < 0n ? '-' : ''}${whole}${scale > 0 ? `.${fraction}` : ''}`,
    stored: little([widthOf(type), scaled]),
  };
}

/** `days` from 1970-01-01, within what a `Date` can hold. */
export function date(days: number): Forms {
  return {
    type: { kind: 'date' },
    wire: wireForms.date,
    binary: bytesOf([4, days - 10_957]),
    text: dayText(days).join(''),
    stored: little([4, days]),
  };
}

function dayText(days: number): readonly [string, string] {
  const day = new Date(days * 86_400_000);
  const year = day.getUTCFullYear();
  const two = (value: number): string => String(value).padStart(2, '0');
  return [
    `${String(year > 0 ? year : 1 - year).padStart(4, '0')}-${two(day.getUTCMonth() + 1)}-${two(day.getUTCDate())}`,
    year > 0 ? '' : ' BC',
  ];
}

function clockText(microseconds: bigint): string {
  const two = (value: bigint): string => String(value).padStart(2, '0');
  const seconds = microseconds / 1_000_000n;
  const fraction = String(microseconds % 1_000_000n)
    .padStart(6, '0')
    .replace(/0+$/, '');
  return `${two(seconds / 3600n)}:${two((seconds / 60n) % 60n)}:${two(seconds % 60n)}${fraction === '' ? '' : `.${fraction}`}`;
}

export function time(microseconds: bigint): Forms {
  return {
    type: { kind: 'time' },
    wire: wireForms.time,
    binary: bytesOf([8, microseconds]),
    text: clockText(microseconds),
    stored: little([8, microseconds]),
  };
}

export function timetz(microseconds: bigint, east: number): Forms {
  const size = Math.abs(east);
  const parts = [Math.floor(size / 3600), Math.floor(size / 60) % 60, size % 60].map((part) => `:${String(part).padStart(2, '0')}`);
  const zone = parts
    .join('')
    .slice(1)
    .replace(/(:00){1,2}$/, '');
  return {
    type: { kind: 'timetz' },
    wire: wireForms.timetz,
    binary: bytesOf([8, microseconds], [4, -east]),
    text: `${clockText(microseconds)}${east < 0 ? '-' : '+'}${zone}`,
    stored: little([8, (microseconds << 24n) | BigInt(57_599 - east)]),
  };
}

/** Microseconds from 1970. */
export function timestamp(kind: 'timestamp' | 'timestamptz', microseconds: bigint): Forms {
  const day = 86_400_000_000n;
  const rest = ((microseconds % day) + day) % day;
  const [text, era] = dayText(Number((microseconds - rest) / day));
  return {
    type: { kind },
    wire: wireForms[kind],
    binary: bytesOf([8, microseconds - epoch]),
    text: `${text} ${clockText(rest)}${kind === 'timestamptz' ? '+00' : ''}${era}`,
    stored: little([8, microseconds]),
  };
}

export function interval(months: number, days: number, microseconds: bigint): Forms {
  const size = microseconds < 0n ? -microseconds : microseconds;
  const sign = microseconds < 0n ? '-' : '';
  const part = (value: number | bigint, unit: string): string => (Number(value) === 0 ? '' : `${value}${unit}`);
  const signed = (value: bigint, unit: string): string => (value === 0n ? '' : `${sign}${value}${unit}`);
  const seconds = clockText(size % 60_000_000n)
    .slice(6)
    .replace(/^0(?=\d)/, '');
  const clock =
    signed(size / 3_600_000_000n, 'H') + signed((size / 60_000_000n) % 60n, 'M') + (size % 60_000_000n === 0n ? '' : `${sign}${seconds}S`);
  const text = `P${part(Math.trunc(months / 12), 'Y')}${part(months % 12, 'M')}${part(days, 'D')}${clock === '' ? '' : `T${clock}`}`;
  return {
    type: { kind: 'interval' },
    wire: wireForms.interval,
    binary: bytesOf([8, microseconds], [4, days], [4, months]),
    text: text === 'P' ? 'PT0S' : text,
    stored: little([4, months], [4, days], [8, microseconds]),
  };
}

export function uuid(text: string): Forms {
  const bytes = Buffer.from(text.replaceAll('-', ''), 'hex');
  return { type: { kind: 'uuid' }, wire: wireForms.uuid, binary: bytes, text, stored: bytes };
}

export function text(value: string): Forms {
  return { type: { kind: 'text' }, wire: wireForms.text, binary: Buffer.from(value), text: value, stored: Buffer.from(value) };
}

export function jsonb(value: string): Forms {
  return { ...text(value), wire: wireForms.jsonb, binary: Buffer.from(`\x01${value}`) };
}

export function bytea(value: Buffer): Forms {
  return { type: { kind: 'bytes' }, wire: wireForms.bytea, binary: value, text: `\\x${value.toString('hex')}`, stored: value };
}

/** A whole COPY stream as CopyData messages, one tuple each, the header with the first; the trailer comes last. */
export function copyStream(rows: readonly (readonly (Buffer | undefined)[])[]): Buffer {
  const header = Buffer.concat([Buffer.from('5047434f50590aff0d0a00', 'hex'), Buffer.alloc(8)]);
  const tuples = rows.map((fields) =>
    Buffer.concat([
      bytesOf([2, fields.length]),
      ...fields.flatMap((field) => (field ? [bytesOf([4, field.length]), field] : [bytesOf([4, -1])])),
    ]),
  );
  return Buffer.concat([...tuples, bytesOf([2, -1])].map((part, i) => copyMessage(i === 0 ? Buffer.concat([header, part]) : part)));
}

export function copyMessage(payload: Buffer): Buffer {
  return Buffer.concat([Buffer.from('d'), bytesOf([4, payload.length + 4]), payload]);
}
