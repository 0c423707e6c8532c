import { quoteName } from '#replication/sources/sqlserver/names.ts';
import type { StatementColumn, StatementKey, StatementTable } from '#replication/sources/sqlserver/statements.ts';
import { planType, type SqlServerType } from '#replication/sources/sqlserver/types.ts';
import type { SqlValue } from '#pool/tsql/session.ts';
import type { TdsType, TdsValue } from '#wire/tds/types/tds-type.ts';
import { columnById, type DoubleColumn, type TableState } from './table.ts';
import { StatementError } from './terms.ts';
import { catalogueType, heldValue, type DoubleType } from './types.ts';

/** A column that a statement selects, and how it is asked for. */
export interface Selected {
  readonly column: DoubleColumn;
  readonly statement: StatementColumn;
  /** The expression with the column left out, which says what its value becomes. */
  readonly form: string;
}

/** As the connector is told a type by the catalogue. */
function sqlServerType(type: DoubleType): SqlServerType {
  const { typeName, maxLength, precision, scale, collation } = catalogueType(type);
  return { name: typeName, maxLength, precision, scale, collation: collation ?? undefined };
}

/** What the connector makes of a column of this type: its name, and how it asks for it. Undefined: it leaves it out. */
function statementColumn(name: string, type: DoubleType): StatementColumn | undefined {
  const plan = planType(sqlServerType(type));
  return 'refused' in plan ? undefined : { name, select: plan.select };
}

export function statementKey(table: TableState): readonly StatementKey[] | undefined {
  const key = table.key.map((id) => {
    const column = columnById(table, id);
    const plan = planType(sqlServerType(column.type));
    if ('refused' in plan || plan.parse === undefined) return undefined;
    return { name: column.name, select: plan.select, parse: plan.parse, descending: false };
  });
  return key.every((one) => one !== undefined) ? key : undefined;
}

/**
 * The columns behind a list of expressions. Error 207, as SQL Server has it, for a column that is not there (any more); undefined for what no
 * column of the table is ever asked for by.
 */
export function selectionOf(
  columns: readonly DoubleColumn[],
  expressions: readonly string[],
  alias: string,
): readonly Selected[] | undefined {
  const found = expressions.map((expression) => {
    for (const column of columns)
      for (const type of [column.type, ...column.formerTypes]) {
        const statement = statementColumn(column.name, type);
        if (statement?.select(`${alias}.${quoteName(column.name)}`) === expression)
          return { column, statement, form: statement.select('') };
      }
    const [, unknown] = /\.\[((?:[^\]]|\]\])+)\]/.exec(expression) ?? [];
    if (unknown !== undefined && columns.every(({ name }) => quoteName(name) !== `[${unknown}]`))
      throw new StatementError({ number: 207, text: `Invalid column name '${unknown}'.` });
    return undefined;
  });
  return found.every((one) => one !== undefined) ? found : undefined;
}

export function statementTable(table: TableState, columns: readonly StatementColumn[], key: readonly StatementKey[]): StatementTable {
  return { schema: table.schema, name: table.name, columns, key };
}

/** `SELECT a, CONVERT(x, b), c FROM …` behind its first words: the expressions, and where the rest begins. */
export function expressionsIn(sql: string, from: number): { readonly expressions: readonly string[]; readonly end: number } {
  const expressions: string[] = [];
  let [start, depth, quote] = [from, 0, ''];
  for (let at = from; at < sql.length; at += 1) {
    const char = sql[at]!;
    if (quote !== '') quote = char === quote ? '' : quote;
    else if (char === '[') quote = ']';
    else if (char === "'") quote = char;
    else if (char === '(') depth += 1;
    else if (char === ')') depth -= 1;
    else if (depth === 0 && (char === ',' || sql.startsWith(' FROM ', at))) {
      expressions.push(sql.slice(start, at).trim());
      if (char !== ',') return { expressions, end: at };
      start = at + 1;
    }
  }
  return { expressions: [], end: sql.length };
}

/** The type that a selected column travels in. */
export function travelType({ column, form }: Selected): TdsType {
  const [, target] = /^CONVERT\(([a-z]+\([^)]*\))/.exec(form) ?? [];
  if (target === undefined) return plainTravelType(column.type);
  const [, name, length] = /^([a-z]+)\((\w+)\)$/.exec(target) ?? [];
  return { name: name as 'varchar', length: length === 'max' ? 'max' : Number(length) };
}

export function travelValue({ form }: Selected, value: SqlValue): TdsValue {
  if (form === '' || value === null || value instanceof Uint8Array) return value;
  return typeof value === 'string' ? value : String(value);
}

function plainTravelType(type: DoubleType): TdsType {
  switch (type.name) {
    case 'rowversion':
      return { name: 'binary', length: 8 };
    case 'hierarchyid':
    case 'geometry':
    case 'geography':
      return { name: 'varbinary', length: 'max' };
    default:
      return type as TdsType;
  }
}

/** The value of a key's type behind a text, as `CONVERT` reads it. */
export function parsedKey(type: DoubleType, text: TdsValue): SqlValue {
  if (typeof text !== 'string') throw new StatementError({ number: 8114, text: `Error converting data type nvarchar to ${type.name}.` });
  try {
    switch (type.name) {
      case 'tinyint':
      case 'smallint':
      case 'int':
      case 'bigint':
        return heldValue(type, BigInt(text));
      case 'bit':
        return text === '1';
      case 'binary':
      case 'varbinary':
        return heldValue(type, Uint8Array.from(Buffer.from(text.replace(/^0x/, ''), 'hex')));
      case 'uniqueidentifier':
        return heldValue(type, text.toUpperCase());
      default:
        return heldValue(type, text);
    }
  } catch (error) {
    throw new StatementError({ number: 8114, text: `Error converting data type nvarchar to ${type.name}: ${String(error)}` });
  }
}
