import { sqlError } from '../sql-error.ts';
import type { TsqlType } from '../tsql-type.ts';
import { castTo } from './convert.ts';
import type { CallContext } from './functions.ts';
import { isNational, isText, knownType, lengthOf, sizedType, textLength, typeWord } from './type-order.ts';
import type { Typed } from './typed.ts';

/** An argument as a text: numbers, dates and identifiers are converted. */
export function textArgument(value: Typed | undefined, context: CallContext): Typed {
  const given = value ?? { sql: 'NULL', type: undefined, nullable: true };
  if (given.type === undefined) return castTo(given, { name: 'varchar', length: 1 }, { explicit: true, place: context.place });
  if (isText(given.type)) return given;
  const length = textLength(given.type);
  return castTo(given, sizedType('varchar', length), { explicit: false, place: context.place });
}

/** An argument as another type, as it is converted unasked. */
export function argumentAs(value: Typed | undefined, type: TsqlType, context: CallContext): Typed {
  return castTo(value ?? { sql: 'NULL', type: undefined, nullable: true }, type, {
    explicit: false,
    place: context.place,
    dateFormat: context.scope.settings.dateFormat,
  });
}

export function intArgument(value: Typed | undefined, context: CallContext): Typed {
  return { ...argumentAs(value, { name: 'int' }, context), literal: value?.literal };
}

/** A constant whole number, where it is one. */
export function constantInt(value: Typed | undefined): number | undefined {
  return value?.literal?.kind === 'integer' ? Number(value.literal.text) : undefined;
}

/** A text's type with another length: national where it was. */
export function textType(like: Typed, length: number | 'max'): TsqlType {
  return sizedType(isNational(knownType(like)) ? 'nvarchar' : 'varchar', length);
}

/** Of a text that may become longer: as long as its kind may be. */
export function longType(values: readonly Typed[]): TsqlType {
  const national = values.some((value) => isNational(knownType(value)));
  const max = values.some((value) => isText(knownType(value)) && lengthOf(knownType(value)) === 'max');
  return sizedType(national ? 'nvarchar' : 'varchar', max ? 'max' : national ? 4000 : 8000);
}

export function invalidArgument(value: Typed | undefined, at: number, context: CallContext): Error {
  return sqlError(
    8116,
    `Argument data type ${typeWord(value?.type)} is invalid for argument ${at} of ${context.name.toLowerCase()} function.`,
    {
      place: context.place,
    },
  );
}

export function anyNullable(values: readonly Typed[]): boolean {
  return values.some((value) => value.nullable);
}
