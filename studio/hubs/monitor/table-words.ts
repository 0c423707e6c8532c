import { nameOfTable, type LinkTableStatus, type Trouble } from '#studio/data/link-shapes.ts';

/** Those whose names hold the text, in that state; empty: any. */
export function chosenTables(tables: readonly LinkTableStatus[], text: string, state: string): readonly LinkTableStatus[] {
  const word = text.trim().toLowerCase();
  return tables.filter(
    ({ status, isthmus: { source, target } }) =>
      (state === '' || status === state) &&
      (word === '' || nameOfTable(source).toLowerCase().includes(word) || nameOfTable(target).toLowerCase().includes(word)),
  );
}

/** How many are in each state, those that somebody should look at first. */
export function stateCounts(tables: readonly Pick<LinkTableStatus, 'status'>[]): Readonly<Record<string, number>> {
  const order = ['Failed', 'Suspended', 'Waiting', 'Snapshotting', 'Replicating'];
  const counts = new Map<string, number>();
  for (const { status } of tables) counts.set(status, (counts.get(status) ?? 0) + 1);
  return Object.fromEntries([...counts].toSorted(([a], [b]) => order.indexOf(a) - order.indexOf(b)));
}

/** Why a table is not as it should be, its remedy apart; undefined: all is well. */
export function tableTrouble({ errorCode, errorMessage = '', remedy }: LinkTableStatus): Trouble | undefined {
  if (errorCode === undefined) return undefined;
  const message = remedy !== undefined && errorMessage.endsWith(remedy) ? errorMessage.slice(0, -remedy.length).trimEnd() : errorMessage;
  return { code: errorCode, message, ...(remedy !== undefined && { remedy }) };
}
