import type { TableState } from './table.ts';

/** Who may log in, and do what. Tables are named `schema.table`. */
export interface DoubleLogin {
  readonly password: string;
  /** A member of db_owner: may do everything. */
  readonly owner?: boolean;
  readonly control?: boolean;
  readonly viewState?: boolean;
  readonly viewDefinition?: boolean;
  readonly unmask?: boolean;
  readonly select?: 'all' | readonly string[];
  readonly viewTracking?: 'all' | readonly string[];
  /** May read the tables of change data capture. */
  readonly readsCapture?: boolean;
  /** Databases that it may open; absent: all. */
  readonly databases?: readonly string[];
}

export function maySelect(login: DoubleLogin, table: Pick<TableState, 'schema' | 'name'>): boolean {
  return isOwner(login) || listed(login.select, table);
}

export function mayViewTracking(login: DoubleLogin, table: Pick<TableState, 'schema' | 'name'>): boolean {
  return isOwner(login) || listed(login.viewTracking, table);
}

/** Does the catalogue show it the table? Any right on it does. */
export function seesTable(login: DoubleLogin, table: Pick<TableState, 'schema' | 'name'>): boolean {
  return login.viewDefinition === true || maySelect(login, table) || mayViewTracking(login, table);
}

export function isOwner(login: DoubleLogin): boolean {
  return login.owner === true || login.control === true;
}

function listed(tables: DoubleLogin['select'], { schema, name }: Pick<TableState, 'schema' | 'name'>): boolean {
  return tables === 'all' || tables?.includes(`${schema}.${name}`) === true;
}
