import { quoteLiteral } from '#replication/schema.ts';

/** A text as DuckDB's SQL, always of type VARCHAR. */
export function textLiteral(value: string): string {
  if (!value.includes('\0')) return quoteLiteral(value);
  return `concat(${value.split('\0').map(quoteLiteral).join(', chr(0), ')})`;
}

/** Written many times at little cost. */
function isSimple(sql: string): boolean {
  return sql.length <= 90 && !/\b(?:select|lambda|uuid|error)\b/i.test(sql);
}

/**
 * `body` with `sql` as a value that it may use many times: it is worked out once, so that what is nested does not grow with each level.
 * Inside of each other, bindings need different names. What else `body` uses must hold no subquery: `boundAll` has it as a value too.
 */
export function bound(name: string, sql: string, body: (value: string) => string): string {
  if (isSimple(sql)) return `(${body(sql)})`;
  // The blank keeps it apart from names of columns.
  const value = `"isthmus ${name}"`;
  return `list_transform([${sql}], lambda ${value}: ${body(value)})[1]`;
}

/** `bound` for several values, by their names. */
export function boundAll<Name extends string>(
  values: Readonly<Record<Name, string>>,
  body: (bound: Readonly<Record<Name, string>>) => string,
): string {
  const entries = Object.entries(values) as [Name, string][];
  if (entries.every(([, sql]) => isSimple(sql))) return `(${body(values)})`;
  const all = `"isthmus ${entries.map(([name]) => name).join(' ')}"`;
  const fields = Object.fromEntries(entries.map(([name]) => [name, `${all}."${name}"`])) as Record<Name, string>;
  return `list_transform([{${entries.map(([name, sql]) => `"${name}": ${sql}`).join(', ')}}], lambda ${all}: ${body(fields)})[1]`;
}

/** A part of a message: words of our own, or the SQL of a text to put there. */
export type MessagePart = string | { readonly sql: string };

/** Ends the statement with this number of SQL Server's and its text. Of no type: stands in CASE and COALESCE. `sqlErrorOfEngine` reads it. */
export function failing(number: number, ...parts: readonly MessagePart[]): string {
  const text = parts.map((part) => (typeof part === 'string' ? textLiteral(part) : `coalesce(${part.sql}, 'NULL')`)).join(' || ');
  return `error(${textLiteral(`{sql ${number}} `)} || ${text})`;
}
