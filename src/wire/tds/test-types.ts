import fc from 'fast-check';
import { dayText, lastDay, offsetText, timeText } from './types/calendar.ts';
import { msOfTicks } from './types/datetimes.ts';
import { scaledText } from './types/decimals.ts';
import { utf8Collation, usualCollation } from './types/collation.ts';
import type { TdsType, TdsValue } from './types/tds-type.ts';
import type { TdsVersion } from './version.ts';

type Sample = readonly [type: TdsType, value: TdsValue];

const maybe = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(value, { nil: null, freq: 5 });
const withSign = (bits: number): fc.Arbitrary<bigint> => fc.bigInt({ min: -(1n << BigInt(bits - 1)), max: (1n << BigInt(bits - 1)) - 1n });

/** In the short form without NULL, or with. */
function fixable(name: TdsType['name'], values: fc.Arbitrary<TdsValue>): fc.Arbitrary<Sample> {
  return fc.oneof(
    values.map((value): Sample => [{ name, fixed: true } as TdsType, value]),
    maybe(values).map((value): Sample => [{ name } as TdsType, value]),
  );
}

const numbers = fc.oneof(
  fixable('bit', fc.boolean()),
  fixable('tinyint', fc.bigInt({ min: 0n, max: 255n })),
  fixable('smallint', withSign(16)),
  fixable('int', withSign(32)),
  fixable('bigint', withSign(64)),
  fixable(
    'money',
    withSign(64).map((unscaled) => scaledText(unscaled, 4)),
  ),
  fixable(
    'smallmoney',
    withSign(32).map((unscaled) => scaledText(unscaled, 4)),
  ),
  fixable('real', fc.float({ noNaN: true, noDefaultInfinity: true })),
  fixable('float', fc.double({ noNaN: true, noDefaultInfinity: true })),
  fc
    .integer({ min: 1, max: 38 })
    .chain((precision) =>
      fc
        .tuple(fc.nat(precision), fc.bigInt({ min: -(10n ** BigInt(precision)) + 1n, max: 10n ** BigInt(precision) - 1n }))
        .chain(([scale, unscaled]) =>
          maybe(fc.constant(scaledText(unscaled, scale))).map((value): Sample => [{ name: 'decimal', precision, scale }, value]),
        ),
    ),
);

const days = fc.integer({ min: 1, max: lastDay - 1 }).map(dayText);
const ticks = fc.nat(25_919_999).map((count) => timeText(msOfTicks(count), 3));
const minutes = fc.nat(1439).map((count) => timeText(count * 60, 0));
const early = fc.oneof(
  fixable(
    'datetime',
    fc.tuple(fc.integer({ min: 693_595 - 53_690, max: lastDay }).map(dayText), ticks).map((parts) => parts.join(' ')),
  ),
  fixable(
    'smalldatetime',
    fc.tuple(fc.integer({ min: 693_595, max: 693_595 + 65_535 }).map(dayText), minutes).map((parts) => parts.join(' ')),
  ),
);
const timed = fc.nat(7).chain((scale) => {
  const time = fc.integer({ min: 0, max: 86_400 * 10 ** scale - 1 }).map((units) => timeText(units, scale));
  const offset = fc.integer({ min: -840, max: 840 }).map(offsetText);
  return fc.oneof(
    maybe(time).map((value): Sample => [{ name: 'time', scale }, value]),
    maybe(fc.tuple(days, time)).map((value): Sample => [{ name: 'datetime2', scale }, value?.join(' ') ?? null]),
    maybe(fc.tuple(days, time, offset)).map((value): Sample => [{ name: 'datetimeoffset', scale }, value?.join(' ') ?? null]),
  );
});
const late = fc.oneof(
  maybe(days).map((value): Sample => [{ name: 'date' }, value]),
  timed,
);

const anyText = fc.string({ maxLength: 12, unit: 'grapheme' });
const latin = fc.string({ maxLength: 12, unit: fc.constantFrom('a', 'Z', '0', ' ', '€', 'ÿ', 'œ', '¥', '\0') });
const bytes = fc.uint8Array({ maxLength: 24 });
const collations = fc.constantFrom(usualCollation, Uint8Array.of(0x07, 0x04, 0xd0, 0x00, 0x00));

/** `max` only from TDS 7.2 on. */
function sized(version: TdsVersion): fc.Arbitrary<Sample> {
  const length = version < '7.2' ? fc.constantFrom(24, 4000) : fc.constantFrom(24, 4000, 'max' as const);
  const counted = fc.constantFrom(24, 8000);
  return fc.oneof(
    fc
      .tuple(length, collations, maybe(latin))
      .map(([most, collation, value]): Sample => [{ name: 'varchar', length: most, collation }, value]),
    fc
      .tuple(length, maybe(anyText))
      .map(([most, value]): Sample => [
        { name: 'varchar', length: most === 24 ? 4000 : most, collation: utf8Collation },
        value?.isWellFormed() === true ? value : null,
      ]),
    fc
      .tuple(counted, collations, maybe(latin))
      .map(([most, collation, value]): Sample => [{ name: 'char', length: most, collation }, value]),
    fc
      .tuple(length, collations, maybe(anyText))
      .map(([most, collation, value]): Sample => [{ name: 'nvarchar', length: most === 24 ? 3999 : most, collation }, value]),
    fc.tuple(collations, maybe(anyText)).map(([collation, value]): Sample => [{ name: 'nchar', length: 4000, collation }, value]),
    fc.tuple(length, maybe(bytes)).map(([most, value]): Sample => [{ name: 'varbinary', length: most }, value]),
    fc.tuple(counted, maybe(bytes)).map(([most, value]): Sample => [{ name: 'binary', length: most }, value]),
  );
}

const others = fc.oneof(
  maybe(fc.uuid()).map((value): Sample => [{ name: 'uniqueidentifier' }, value?.toUpperCase() ?? null]),
  fc.tuple(collations, maybe(latin)).map(([collation, value]): Sample => [{ name: 'text', collation }, value]),
  fc.tuple(collations, maybe(anyText)).map(([collation, value]): Sample => [{ name: 'ntext', collation }, value]),
  maybe(bytes).map((value): Sample => [{ name: 'image' }, value]),
  maybe(anyText.filter((value) => !value.startsWith('\ufeff'))).map((value): Sample => [{ name: 'xml' }, value]),
  fc.constant<Sample>([{ name: 'sql_variant' }, null]),
);

/** Every type that a peer of this version knows, each with a value of it as it is read. */
export function typesAndValues(version: TdsVersion): fc.Arbitrary<Sample> {
  const known = [numbers, early, sized(version), others];
  return fc.oneof(...known, ...(version < '7.3' ? [] : [late]));
}
