import { notSupported, sqlError } from '../sql-error.ts';
import type { Place, TableSource } from '../syntax/ast.ts';
import type { Typed } from '../translate/typed.ts';
import { tsqlTypeText } from '../tsql-type.ts';
import { castTo } from './expressions.ts';
import { comparisonKey } from '../translate/compare.ts';
import { textLiteral } from '../translate/sql-text.ts';
import { translateExpression } from '../translate/expression.ts';
import type { From } from './from.ts';
import { clauses, type RelationColumn, rowScope } from './scope.ts';
import { type Around, type Column, foldName, placeName, type Selected } from './writing.ts';

function columnsOf(from: From): readonly RelationColumn[] {
  return from.relations.flatMap(({ columns }) => columns);
}

function columnNamed(name: string, from: From, place: Place): RelationColumn {
  const found = columnsOf(from).filter((column) => foldName(column.name) === foldName(name));
  if (found.length > 1) throw sqlError(209, `Ambiguous column name '${name}'.`, { place });
  const [column] = found;
  if (!column) throw sqlError(207, `Invalid column name '${name}'.`, { place });
  return column;
}

function asColumn({ name, value }: RelationColumn): Column {
  return { name, type: value.type, nullable: value.nullable, binaryOrder: value.binaryOrder };
}

/** The columns of the source that the aggregate's arguments are, by their SQL. */
function argumentsOf(source: TableSource & { readonly kind: 'pivot' }, from: From): readonly RelationColumn[] {
  return source.aggregate.arguments.map((argument) => {
    if (argument.kind === 'star') throw notSupported('COUNT(*) in PIVOT', argument, 'Count a column.');
    if (argument.kind !== 'column') throw notSupported("An expression in a PIVOT's aggregate", source, 'Compute it in a derived table.');
    return columnNamed(argument.name.parts.at(-1) ?? '', from, argument);
  });
}

/** Groups by all columns but two; each value's column is the aggregate of its rows. */
export function pivoted(source: TableSource & { readonly kind: 'pivot' }, from: From, around: Around): Selected {
  const by = columnNamed(source.column, from, source);
  const taken = new Set([by, ...argumentsOf(source, from)].map(({ value }) => value.sql));
  const kept = columnsOf(from).filter(({ value }) => !taken.has(value.sql));
  const key = comparisonKey(by.value);
  const values = source.values.map((text) => {
    const literal: Typed = {
      sql: textLiteral(text),
      type: { name: 'nvarchar', length: Math.max(1, text.length) },
      nullable: false,
      literal: { kind: 'string', text },
    };
    const wanted = comparisonKey({ ...castTo(literal, by.value.type), binaryOrder: by.value.binaryOrder });
    const relations = from.relations.map((relation) => ({
      ...relation,
      columns: relation.columns.map(({ name, value }) => ({
        name,
        value: { ...value, sql: `CASE WHEN ${key} = ${wanted} THEN ${value.sql} END`, nullable: true },
      })),
    }));
    return { text, value: translateExpression(source.aggregate, rowScope({ around, relations, clause: clauses.select })) };
  });
  const groups = kept.map(({ value }) => {
    const group = comparisonKey(value);
    return { group, sql: group === value.sql ? group : `min(${value.sql})` };
  });
  const columns: readonly Column[] = [
    ...kept.map(asColumn),
    ...values.map(({ text, value }) => ({ name: text, type: value.type, nullable: value.nullable, binaryOrder: value.binaryOrder })),
  ];
  const chosen = [...groups.map(({ sql }) => sql), ...values.map(({ value }) => value.sql)].map(
    (sql, place) => `${sql} AS ${placeName(place)}`,
  );
  const grouped = groups.length === 0 ? '' : ` GROUP BY ${groups.map(({ group }) => group).join(', ')}`;
  return { sql: `SELECT ${chosen.join(', ')} FROM ${from.sql}${grouped}`, columns };
}

/** A row for each of the columns that is not NULL. Error 8167 where their types differ. */
export function unpivoted(source: TableSource & { readonly kind: 'unpivot' }, from: From, around: Around): Selected {
  const turned = source.columns.map((name) => columnNamed(name, from, source));
  const [first] = turned;
  if (!first?.value.type) throw notSupported('UNPIVOT of no column', source);
  for (const { name, value } of turned)
    if (value.type && tsqlTypeText(value.type) !== tsqlTypeText(first.value.type))
      throw sqlError(8167, `The type of column "${name}" conflicts with the type of other columns specified in the UNPIVOT list.`, {
        place: source,
      });
  const taken = new Set(turned.map(({ value }) => value.sql));
  const kept = columnsOf(from).filter(({ value }) => !taken.has(value.sql));
  const alias = around.writing.fresh('v');
  const rows = turned.map(({ name, value }) => `(${textLiteral(name)}, ${value.sql})`);
  const columns: readonly Column[] = [
    ...kept.map(asColumn),
    { name: source.value, type: first.value.type, nullable: false, binaryOrder: first.value.binaryOrder },
    { name: source.name, type: { name: 'nvarchar', length: 128 }, nullable: false },
  ];
  const chosen = [...kept.map(({ value }) => value.sql), `${alias}.v`, `${alias}.n`].map((sql, place) => `${sql} AS ${placeName(place)}`);
  return {
    sql: `SELECT ${chosen.join(', ')} FROM ${from.sql} CROSS JOIN LATERAL (VALUES ${rows.join(', ')}) AS ${alias}(n, v) WHERE ${alias}.v IS NOT NULL`,
    columns,
  };
}
