import type { SqlValue } from '../session.ts';
import type { Place } from '../syntax/ast.ts';
import { textLiteral } from '../translate/sql-text.ts';
import type { Typed } from '../translate/typed.ts';
import type { TsqlType } from '../tsql-type.ts';
import type { Frame } from './frame.ts';
import type { SessionCore } from './session-core.ts';
import { literalOf } from './values.ts';

/** What a function of the session is asked in. */
export interface Asking {
  readonly core: SessionCore;
  readonly frame: Frame;
  readonly place: Place;
}

/** Writes the function's value in DuckDB's SQL. */
export type SessionFunction = (asking: Asking, args: readonly Typed[]) => Typed;

export const int: TsqlType = { name: 'int' };
export const sysname: TsqlType = { name: 'nvarchar', length: 128 };
const variant: TsqlType = { name: 'nvarchar', length: 256 };

export function worth(value: SqlValue, type: TsqlType): Typed {
  return { sql: literalOf(value, type), type, nullable: value === null };
}

/** An argument that is known without looking at rows, as text; null: it is NULL; undefined: it is known only row by row. */
export function knownText(argument: Typed | undefined): string | null | undefined {
  if (argument?.literal) return argument.literal.kind === 'null' ? null : argument.literal.text;
  // What variables are worth is written in the statement.
  const found = /^(?:CAST\()?'((?:[^']|'')*)'(?: AS [A-Z]+\))?$/.exec(argument?.sql ?? '');
  if (found) return found[1]!.replaceAll("''", "'");
  return argument?.sql.startsWith('CAST(NULL AS ') === true ? null : undefined;
}

/** One value for each text that an argument may have, without regard to case; NULL for any other. */
export function chosen(argument: Typed, cases: ReadonlyMap<string, SqlValue>, type: TsqlType): Typed {
  const known = knownText(argument);
  if (known !== undefined) return worth(known === null ? null : (cases.get(known.trim().toLowerCase()) ?? null), type);
  const branches = [...cases].map(([text, value]) => `WHEN ${textLiteral(text)} THEN ${literalOf(value, type)}`);
  if (branches.length === 0) return worth(null, type);
  return { sql: `(CASE lower(CAST(${argument.sql} AS VARCHAR)) ${branches.join(' ')} END)`, type, nullable: true };
}

/** A property by its name: SQL Server's answer has no one type. Numbers are `int` where the name is known, all else is text. */
export function variantOf(argument: Typed, values: Readonly<Record<string, SqlValue>>): Typed {
  const folded = new Map(Object.entries(values).map(([name, value]) => [name.toLowerCase(), value]));
  const known = knownText(argument);
  const value = known === undefined || known === null ? undefined : folded.get(known.trim().toLowerCase());
  if (typeof value === 'bigint') return worth(value, int);
  return chosen(argument, new Map([...folded].map(([name, one]) => [name, one === null ? null : String(one)])), variant);
}
