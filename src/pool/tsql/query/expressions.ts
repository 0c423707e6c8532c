import { castTo as castValue } from '../translate/convert.ts';
import { commonType } from '../translate/type-order.ts';
import type { Typed } from '../translate/typed.ts';
import type { TsqlType } from '../tsql-type.ts';

/** The type that several values have in common; undefined where all are NULL. Error 206 where there is none. */
export function commonTypeOf(values: readonly Typed[]): TsqlType | undefined {
  let common: TsqlType | undefined;
  for (const { type } of values) if (type) common = common ? commonType(common, type, { line: 1 }) : type;
  return common;
}

/** The value in that type, as an assignment makes it; as it is where there is none. */
export function castTo(value: Typed, type: TsqlType | undefined): Typed {
  return type ? castValue(value, type, { explicit: false, place: { line: 1 } }) : value;
}
