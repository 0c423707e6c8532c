import { unreachable } from '#base/fault.ts';
import { notSupported, sqlError } from '../sql-error.ts';
import type { ForClause, Place, Query } from '../syntax/ast.ts';
import type { TsqlType } from '../tsql-type.ts';
import { offsetOf, offsetText, shownOf } from '../translate/offset-moment.ts';
import { bound, textLiteral } from '../translate/sql-text.ts';
import { type Column, placeName, type Selected } from './writing.ts';

/** The name that SQL Server gives the one column of a FOR JSON query. */
const columnName = 'JSON_F52E2B61-18A1-11d1-B105-00805F49916B';

/** A property of an object: a column, or an object of its own. */
type Property = { readonly name: string; readonly column: number } | { readonly name: string; readonly properties: Property[] };

interface Asked {
  readonly root: string | undefined;
  readonly nulls: boolean;
  readonly array: boolean;
}

/**
 * One text of all rows, in the order of their column `n`; none of no rows, and within another query NULL. Errors: 13600, 13601, 13605, 13620.
 */
export function jsonOf(rows: Selected, query: Query, nested: boolean): Selected {
  const clause = query.for!;
  const asked = askedOf(clause);
  refuseAuto(clause, query);
  const properties = propertiesOf(rows.columns, clause);
  const object = `'{' || ${membersText(properties, rows.columns, asked)} || '}'`;
  const list = `string_agg(${object}, ',' ORDER BY j.n)`;
  const array = asked.array ? `'[' || ${list} || ']'` : list;
  const whole = asked.root === undefined ? array : `${textLiteral(`{${jsonText(asked.root)}:`)} || ${array} || '}'`;
  const columns: readonly Column[] = [{ name: columnName, type: { name: 'nvarchar', length: 'max' }, nullable: true, isJson: asked.array }];
  return { sql: `SELECT ${whole} AS c1 FROM (${rows.sql}) AS j${nested ? '' : ' HAVING count(*) > 0'}`, columns };
}

function askedOf(clause: ForClause): Asked {
  if (clause.mode !== 'PATH' && clause.mode !== 'AUTO') throw notSupported(`FOR JSON ${clause.mode}`, clause, 'Use FOR JSON PATH.');
  let root: string | undefined;
  let nulls = false;
  let array = true;
  for (const option of clause.options) {
    if (option.name === 'ROOT') root = option.argument ?? 'root';
    else if (option.name === 'INCLUDE_NULL_VALUES') nulls = true;
    else if (option.name === 'WITHOUT_ARRAY_WRAPPER') array = false;
    else throw notSupported(`FOR JSON with ${option.name}`, clause);
  }
  if (root !== undefined && !array)
    throw sqlError(
      13_620,
      'ROOT option and WITHOUT_ARRAY_WRAPPER option cannot be used together in FOR JSON. Remove one of these options.',
      { place: clause },
    );
  return { root, nulls, array };
}

/** AUTO nests what comes of several tables: only what comes of one is the same as PATH. */
function refuseAuto(clause: ForClause, { body }: Query): void {
  if (clause.mode !== 'AUTO') return;
  const from = body.kind === 'select' ? body.from : [];
  if (from.length === 0)
    throw sqlError(
      13_600,
      'FOR JSON AUTO requires at least one table for generating JSON objects. Use FOR JSON PATH or add a FROM clause with a table name.',
      {
        place: clause,
      },
    );
  if (from.length > 1 || from[0]?.kind === 'join')
    throw notSupported('FOR JSON AUTO over several tables', clause, 'Use FOR JSON PATH, with subqueries for what is nested.');
}

function propertiesOf(columns: readonly Column[], clause: ForClause): readonly Property[] {
  const properties: Property[] = [];
  for (const [column, { name }] of columns.entries()) {
    if (name === '')
      throw sqlError(
        13_605,
        'Column expressions and data sources without names or aliases cannot be formatted as JSON text using FOR JSON clause. Add alias to the unnamed column or table.',
        {
          place: clause,
        },
      );
    const parts = clause.mode === 'AUTO' ? [name] : name.split('.');
    place(properties, parts, column, { name, clause });
  }
  return properties;
}

/** Parts of one object must come one after the other. */
function place(into: Property[], parts: readonly string[], column: number, of: { readonly name: string; readonly clause: Place }): void {
  const [first = '', ...rest] = parts;
  const known = into.find(({ name }) => name === first);
  if (known && (rest.length === 0 || !('properties' in known) || known !== into.at(-1)))
    throw sqlError(
      13_601,
      `Property '${of.name}' cannot be generated in JSON output due to a conflict with another column name or alias. Use different names and aliases for each column in SELECT list.`,
      {
        place: of.clause,
      },
    );
  if (rest.length === 0) {
    into.push({ name: first, column });
    return;
  }
  const holder = known && 'properties' in known ? known : { name: first, properties: [] };
  if (!known) into.push(holder);
  place(holder.properties, rest, column, of);
}

/** Members with commas between; NULLs have none, unless they are asked for. */
function membersText(properties: readonly Property[], columns: readonly Column[], asked: Asked): string {
  const members = properties.map((property) => {
    const name = textLiteral(`${jsonText(property.name)}:`);
    if ('properties' in property) {
      const inner = membersText(property.properties, columns, asked);
      return `${name} || '{' || ${asked.nulls ? inner : `nullif(${inner}, '')`} || '}'`;
    }
    const column = columns[property.column]!;
    const value = valueText(`j.${placeName(property.column)}`, column);
    return `${name} || ${asked.nulls ? `coalesce(${value}, 'null')` : value}`;
  });
  return `concat_ws(',', ${members.join(', ')})`;
}

function jsonText(text: string): string {
  return JSON.stringify(text).replaceAll('/', String.raw`\/`);
}

function quotedJson(sql: string): string {
  return String.raw`replace(CAST(to_json(${sql}) AS VARCHAR), '/', '\/')`;
}

/** NULL of NULL. */
function valueText(sql: string, column: Column): string {
  const { type } = column;
  if (!type || column.isJson === true) return sql;
  switch (type.name) {
    case 'bit':
      return `CASE ${sql} WHEN TRUE THEN 'true' WHEN FALSE THEN 'false' END`;
    case 'tinyint':
    case 'smallint':
    case 'int':
    case 'bigint':
    case 'decimal':
    case 'money':
    case 'smallmoney':
      return `CAST(${sql} AS VARCHAR)`;
    case 'float':
      return exponentText(`format('{:.15e}', ${sql})`);
    case 'real':
      return exponentText(`format('{:.7e}', ${sql})`);
    case 'uniqueidentifier':
      return `'"' || upper(CAST(${sql} AS VARCHAR)) || '"'`;
    case 'binary':
    case 'varbinary':
      return `'"' || to_base64(${sql}) || '"'`;
    case 'char':
    case 'varchar':
    case 'nchar':
    case 'nvarchar':
      return quotedJson(sql);
    default:
      return momentText(sql, type);
  }
}

/** SQL Server writes three digits of the exponent. */
function exponentText(sql: string): string {
  return String.raw`regexp_replace(${sql}, '(e[+-])(\d\d)$', '\10\2')`;
}

function momentText(sql: string, type: TsqlType): string {
  switch (type.name) {
    case 'date':
      return `'"' || strftime(${sql}, '%Y-%m-%d') || '"'`;
    case 'time':
      return `'"' || strftime(DATE '2000-01-01' + ${sql}, '%H:%M:%S') || ${fraction(`DATE '2000-01-01' + ${sql}`, type.scale)} || '"'`;
    case 'smalldatetime':
    case 'datetime':
      return `'"' || strftime(${sql}, '%Y-%m-%dT%H:%M:%S') || ${fraction(sql, 3)} || '"'`;
    case 'datetime2':
      return `'"' || strftime(${sql}, '%Y-%m-%dT%H:%M:%S') || ${fraction(sql, type.scale)} || '"'`;
    case 'datetimeoffset':
      return bound('told', sql, (value) => {
        const minutes = offsetOf(value);
        const zone = `CASE WHEN ${minutes} = 0 THEN 'Z' ELSE ${offsetText(minutes)} END`;
        const told = (shown: string): string =>
          `'"' || strftime(${shown}, '%Y-%m-%dT%H:%M:%S') || ${fraction(shown, type.scale)} || ${zone} || '"'`;
        return bound('moment', shownOf(value), told);
      });
    case 'bit':
    case 'tinyint':
    case 'smallint':
    case 'int':
    case 'bigint':
    case 'money':
    case 'smallmoney':
    case 'decimal':
    case 'real':
    case 'float':
    case 'uniqueidentifier':
    case 'char':
    case 'varchar':
    case 'nchar':
    case 'nvarchar':
    case 'binary':
    case 'varbinary':
      return sql;
    default:
      return unreachable(type);
  }
}

/** None of a whole second. */
function fraction(sql: string, scale: number): string {
  if (scale === 0) return `''`;
  const digits = scale === 7 ? `strftime(${sql}, '%f') || '0'` : `left(strftime(${sql}, '%f'), ${scale})`;
  return `CASE WHEN strftime(${sql}, '%f') = '000000' THEN '' ELSE '.' || ${digits} END`;
}
