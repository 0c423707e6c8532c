import { sqlError } from '../sql-error.ts';
import type { QueryBody, SetOperation } from '../syntax/ast.ts';
import type { Typed } from '../translate/typed.ts';
import { castTo, commonTypeOf } from './expressions.ts';
import { comparisonKey } from '../translate/compare.ts';
import { distinctRows } from './select.ts';
import { type Around, type Column, columnOf, placeName, type Selected } from './writing.ts';

/** UNION, EXCEPT and INTERSECT. `branch` writes one of their queries. Errors: 205; 457 and its like where types have nothing in common. */
export function writeSetOperation(body: SetOperation, around: Around, branch: (body: QueryBody) => Selected): Selected {
  const left = branch(body.left);
  const right = branch(body.right);
  if (left.columns.length !== right.columns.length)
    throw sqlError(
      205,
      'All queries combined using a UNION, INTERSECT or EXCEPT operator must have an equal number of expressions in their target lists.',
      {
        place: body,
      },
    );
  const columns = left.columns.map((column, place): Column => {
    const other = right.columns[place]!;
    const nullable = body.operator === 'except' ? column.nullable : column.nullable || other.nullable;
    return {
      name: column.name,
      type: commonTypeOf([columnOf('l', place, column), columnOf('r', place, other)]),
      nullable,
      binaryOrder: column.binaryOrder === true || other.binaryOrder === true || undefined,
    };
  });
  const [a, b] = [unified(left, columns, around), unified(right, columns, around)];
  if (body.operator === 'union-all') return { sql: `${a} UNION ALL ${b}`, columns };
  if (body.operator === 'union') return { sql: distinctRows(`${a} UNION ALL ${b}`, columns), columns };
  const keys = (alias: string): readonly string[] => columns.map((column, place) => comparisonKey(columnOf(alias, place, column)));
  const same = keys('l').map((key, place) => `${key} IS NOT DISTINCT FROM ${keys('r')[place]!}`);
  const names = columns.map((_, place) => `l.${placeName(place)}`).join(', ');
  const rows = `SELECT ${names} FROM (${a}) AS l WHERE ${body.operator === 'except' ? 'NOT ' : ''}EXISTS (SELECT 1 FROM (${b}) AS r WHERE ${same.join(' AND ')})`;
  return { sql: distinctRows(rows, columns), columns };
}

/** The query with columns of the given types. */
export function unified(selected: Selected, columns: readonly Column[], around: Around): string {
  const alias = around.writing.fresh('u');
  let changes = false;
  const values = selected.columns.map((column, place) => {
    const own: Typed = columnOf(alias, place, column);
    const value = castTo(own, columns[place]!.type);
    changes ||= value.sql !== own.sql;
    return `${value.sql} AS ${placeName(place)}`;
  });
  return changes ? `SELECT ${values.join(', ')} FROM (${selected.sql}) AS ${alias}` : `(${selected.sql})`;
}
