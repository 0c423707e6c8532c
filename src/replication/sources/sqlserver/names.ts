/** A name in brackets, whatever is in it. The one function that quotes names for SQL Server. */
export function quoteName(name: string): string {
  return `[${name.replaceAll(']', ']]')}]`;
}

/** A text literal of SQL Server. For fixed texts and for scripts that a person runs; what comes from rows travels as a parameter. */
export function quoteText(text: string): string {
  return `N'${text.replaceAll("'", "''")}'`;
}
