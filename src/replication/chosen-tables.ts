import { tableName, type TablePlacement } from './schema.ts';

/** A table that is named exactly, and where it goes. */
export interface PlacedTable {
  readonly schema: string;
  readonly name: string;
  readonly placement: TablePlacement;
}

/** The tables that a link is to have. */
export interface TableChoice {
  has(table: string): boolean;
  /** Where a table goes that comes to the link now; one that the link has stays where it is until it leaves. */
  placement(table: string): TablePlacement | undefined;
}

/** Tables named one by one, whatever is in their names; others may take their place while a link runs. */
export class ChosenTables implements TableChoice {
  readonly isExact = true;
  #tables: ReadonlyMap<string, PlacedTable>;

  constructor(tables: readonly PlacedTable[]) {
    this.#tables = byName(tables);
  }

  replace(tables: readonly PlacedTable[]): void {
    this.#tables = byName(tables);
  }

  get exact(): readonly PlacedTable[] {
    return [...this.#tables.values()];
  }

  /** The tables' names, as everywhere in the link. */
  get names(): readonly string[] {
    return [...this.#tables.keys()];
  }

  matches(schema: string, name: string): boolean {
    return this.#tables.has(tableName(schema, name));
  }

  has(table: string): boolean {
    return this.#tables.has(table);
  }

  placement(table: string): TablePlacement | undefined {
    return this.#tables.get(table)?.placement;
  }
}

function byName(tables: readonly PlacedTable[]): ReadonlyMap<string, PlacedTable> {
  return new Map(tables.map((one) => [tableName(one.schema, one.name), one]));
}
