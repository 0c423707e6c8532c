import { nameOfTable, type Link, type TableName, type Trouble } from '#studio/data/link-shapes.ts';
import type { DraftTable } from './link-draft.ts';

/** A table as `browse` tells it. */
export interface BrowsedTable extends TableName {
  readonly estimatedRows: number | null;
  readonly hasKey: boolean;
  /** Why it cannot be linked; null: it can. */
  readonly refusal: Trouble | null;
}

/** A table that may be chosen. */
export interface TableRow extends BrowsedTable {
  readonly name: string;
  readonly isChosen: boolean;
  /** Why it cannot be chosen; undefined: it can. One that is chosen can always be let go. */
  readonly against: string | undefined;
}

/**
 * All tables with what is chosen of them. Chosen ones that the source does not show any more are there too. `browsed` undefined: the source has
 * not said yet.
 */
export function tableRows(
  browsed: readonly BrowsedTable[] | undefined,
  chosen: readonly DraftTable[],
  takenBy: ReadonlyMap<string, string>,
): readonly TableRow[] {
  const names = new Set(chosen.map(nameOfTable));
  const seen = new Set((browsed ?? []).map(nameOfTable));
  const lost = chosen
    .filter((table) => !seen.has(nameOfTable(table)))
    .map(({ schemaName, tableName }): TableRow => {
      const name = nameOfTable({ schemaName, tableName });
      const against = browsed === undefined ? undefined : 'The source does not show it any more.';
      return { schemaName, tableName, estimatedRows: null, hasKey: false, refusal: null, name, isChosen: true, against };
    });
  const rows = (browsed ?? []).map((table): TableRow => {
    const name = nameOfTable(table);
    return { ...table, name, isChosen: names.has(name), against: againstOf(table, takenBy.get(name)) };
  });
  return [...lost, ...rows];
}

function againstOf({ refusal }: BrowsedTable, link: string | undefined): string | undefined {
  if (link !== undefined) return `It is in the link ${link}: a table can be in one link only.`;
  return refusal === null ? undefined : [refusal.message, refusal.remedy].filter((one) => typeof one === 'string').join(' ');
}

/** Which tables of a source other links have, by the table's name. */
export function takenTables(links: readonly Link[], service: string, except: string): ReadonlyMap<string, string> {
  const others = links.filter(
    ({ name, properties }) =>
      name.toLowerCase() !== except.toLowerCase() &&
      properties.sourceDatabase.linkedService.referenceName.toLowerCase() === service.toLowerCase(),
  );
  return new Map(others.flatMap(({ name, properties }) => (properties.linkTables ?? []).map(({ source }) => [nameOfTable(source), name])));
}

export function matchingRows(rows: readonly TableRow[], text: string, onlyChosen: boolean): readonly TableRow[] {
  const words = text
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '');
  return rows.filter((row) => (!onlyChosen || row.isChosen) && words.every((word) => row.name.toLowerCase().includes(word)));
}

/** The chosen tables after one is taken or let go. */
export function toggled(chosen: readonly DraftTable[], row: TableRow): readonly DraftTable[] {
  return row.isChosen ? without(chosen, [row]) : withRows(chosen, [row]);
}

/** All rows that can be are taken; what was chosen before keeps what was asked of it. */
export function withRows(chosen: readonly DraftTable[], rows: readonly TableRow[]): readonly DraftTable[] {
  const names = new Set(chosen.map(nameOfTable));
  const added = rows.filter(({ name, against }) => against === undefined && !names.has(name));
  return [...chosen, ...added.map(({ schemaName, tableName }) => ({ schemaName, tableName }))];
}

export function without(chosen: readonly DraftTable[], rows: readonly Pick<TableRow, 'name'>[]): readonly DraftTable[] {
  const names = new Set(rows.map(({ name }) => name));
  return chosen.filter((table) => !names.has(nameOfTable(table)));
}

/** Whether all, some or none of the rows that can be chosen are. */
export function chosenShare(rows: readonly TableRow[]): boolean | 'mixed' {
  const can = rows.filter(({ against, isChosen }) => against === undefined || isChosen);
  const count = can.filter(({ isChosen }) => isChosen).length;
  if (count === 0) return false;
  return count === can.length ? true : 'mixed';
}

/** The tables after some of them are asked for otherwise; a value of undefined: as for all. */
export function changedTables(
  tables: readonly DraftTable[],
  name: string,
  change: { readonly [K in keyof DraftTable]?: DraftTable[K] | undefined },
): readonly DraftTable[] {
  return tables.map((table) => {
    if (nameOfTable(table) !== name) return table;
    const entries = Object.entries({ ...table, ...change }).filter(([, value]) => value !== undefined);
    return Object.fromEntries(entries) as unknown as DraftTable;
  });
}
