import { sqlError } from '../sql-error.ts';
import type { TableSource } from '../syntax/ast.ts';
import { castTo, commonTypeOf } from './expressions.ts';
import { translateExpression } from '../translate/expression.ts';
import { clauses, rowScope } from './scope.ts';
import { type Around, type Column, placeName, type Selected } from './writing.ts';

/** `(VALUES (…), (…)) AS t (a, b)`: each column has one type for all rows. Errors: 10709, 8158, 8159. */
export function valuesTable(source: TableSource & { readonly kind: 'values' }, around: Around): Selected {
  const scope = around.outer ?? rowScope({ around, relations: [], clause: clauses.where });
  const width = source.rows[0]?.length ?? 0;
  if (source.rows.some((row) => row.length !== width))
    throw sqlError(10_709, 'The number of columns for each row in a table value constructor must be the same.', { place: source });
  const rows = source.rows.map((row) => row.map((value) => translateExpression(value, scope)));
  const columns: Column[] = [];
  for (let place = 0; place < width; place++) {
    const values = rows.flatMap((row) => row[place] ?? []);
    columns.push({
      name: '',
      type: commonTypeOf(values),
      nullable: values.some(({ nullable }) => nullable),
      binaryOrder: values.some(({ binaryOrder }) => binaryOrder === true) || undefined,
    });
  }
  const lines = rows.map((row) => `(${row.map((value, i) => castTo(value, columns[i]?.type).sql).join(', ')})`);
  const names = columns.map((_, i) => placeName(i));
  return {
    sql: `SELECT ${names.map((name) => `v.${name}`).join(', ')} FROM (VALUES ${lines.join(', ')}) AS v(${names.join(', ')})`,
    columns,
  };
}
