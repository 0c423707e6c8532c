import type { DuckDBValue } from '@duckdb/node-api';

/** Reads rows of the catalogue, in the transaction in which it is to be right. */
export type Ask = (sql: string) => Promise<readonly (readonly DuckDBValue[])[]>;

/** Of a table or view by its schema and name, without regard to case. */
export function tableKey(schema: string, name: string): string {
  return `${schema.toLowerCase()}\0${name.toLowerCase()}`;
}
