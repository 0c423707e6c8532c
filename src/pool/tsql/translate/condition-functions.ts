import { boundAll } from './sql-text.ts';
import { notSupported, sqlError } from '../sql-error.ts';
import { argumentAs } from './arguments.ts';
import { comparable, comparisonKey, together } from './compare.ts';
import type { CallContext, FunctionRule } from './functions.ts';
import { isText, knownType } from './type-order.ts';
import type { Typed } from './typed.ts';

const options = (context: CallContext): Parameters<typeof together>[1] => ({
  place: context.place,
  dateFormat: context.scope.settings.dateFormat,
});

function ordered(values: readonly Typed[]): true | undefined {
  return values.some((value) => value.binaryOrder === true) ? true : undefined;
}

/** The greatest or least that is no NULL. */
function extreme(args: readonly Typed[], context: CallContext): Typed {
  const { values, type } = together(args, options(context));
  if (isText(type) || type.name === 'uniqueidentifier')
    throw notSupported(`${context.name} of texts and identifiers`, context.place, 'Use CASE.');
  return {
    sql: `${context.name.toLowerCase()}(${values.map((value) => value.sql).join(', ')})`,
    type,
    nullable: values.every((value) => value.nullable),
  };
}

export const conditionFunctions: Readonly<Record<string, FunctionRule>> = {
  COALESCE: {
    least: 1,
    most: 250,
    group: 'condition',
    write: (args, context) => {
      if (args.every((value) => value.literal?.kind === 'null'))
        throw sqlError(4127, 'At least one of the arguments to COALESCE must be an expression that is not the NULL constant.', {
          place: context.place,
        });
      const { values, type } = together(args, options(context));
      return {
        sql: `coalesce(${values.map((value) => value.sql).join(', ')})`,
        type,
        nullable: values.every((value) => value.nullable),
        binaryOrder: ordered(args),
      };
    },
  },
  ISNULL: {
    least: 2,
    most: 2,
    group: 'condition',
    write: ([first, second], context) => {
      const [a, b] = [first as Typed, second as Typed];
      if (a.type === undefined)
        return {
          ...b,
          columnName: undefined,
          literal: undefined,
          type: knownType(b),
          sql: b.type === undefined ? 'CAST(NULL AS INTEGER)' : b.sql,
        };
      return {
        sql: `coalesce(${a.sql}, ${argumentAs(b, a.type, context).sql})`,
        type: a.type,
        nullable: a.nullable && b.nullable,
        binaryOrder: a.binaryOrder,
      };
    },
  },
  NULLIF: {
    least: 2,
    most: 2,
    group: 'condition',
    write: ([first, second], context) => {
      const [a, b] = [first as Typed, second as Typed];
      const made = (x: string, y: string): string => {
        const compared = comparable(
          [
            { ...a, sql: x },
            { ...b, sql: y },
          ],
          options(context),
        );
        const [left, right] = compared.map(comparisonKey);
        return `(CASE WHEN ${left} = ${right} THEN NULL ELSE ${a.type === undefined ? 'CAST(NULL AS INTEGER)' : x} END)`;
      };
      // What is long stands in it once: one in the other they would double the text each time.
      const isLong = a.sql.length > 200;
      return {
        sql: isLong ? boundAll({ x: a.sql, y: b.sql }, ({ x, y }) => made(x, y)) : made(a.sql, b.sql),
        type: knownType(a),
        nullable: true,
        binaryOrder: a.binaryOrder,
      };
    },
  },
  CHOOSE: {
    least: 2,
    most: 255,
    group: 'condition',
    write: ([index, ...rest], context) => {
      const { values, type } = together(rest, options(context));
      const at = argumentAs(index, { name: 'int' }, context).sql;
      const whens = values.map((value, place) => `WHEN ${place + 1} THEN ${value.sql}`);
      return { sql: `(CASE ${at} ${whens.join(' ')} END)`, type, nullable: true, binaryOrder: ordered(rest) };
    },
  },
  GREATEST: { least: 1, most: 254, group: 'condition', note: 'not of texts', write: extreme },
  LEAST: { least: 1, most: 254, group: 'condition', note: 'not of texts', write: extreme },
  NEWID: { least: 0, most: 0, group: 'other', write: () => ({ sql: 'uuid()', type: { name: 'uniqueidentifier' }, nullable: false }) },
};
