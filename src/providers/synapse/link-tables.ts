import { derivedGuid } from '#base/derived-guid.ts';
import { fault, type Fault } from '#base/fault.ts';
import { tableName } from '#replication/schema.ts';
import type { LinkTable } from '#runtime/job.ts';
import { type LinkProperties, onExistingAsked } from './link-shape.ts';
import { type LinkTableAsked, mostTables, type SourceTable, type TableEdit, type TargetTable } from './link-table-shape.ts';

/** The table's name in segments, reports and messages. */
export function nameOf({ schemaName, tableName: name }: SourceTable): string {
  return tableName(schemaName, name);
}

/** Two target names are the same table where this is equal: the pool does not tell cases apart. */
function targetKey(target: SourceTable): string {
  return nameOf({ schemaName: target.schemaName.toLowerCase(), tableName: target.tableName.toLowerCase() });
}

/** The tables of a PUT, each with its id. Faults (invalid): those of `checkTables`. */
export function withIds(
  link: string,
  tables: readonly (Omit<LinkTableAsked, 'id'> & { readonly id?: string })[],
): readonly LinkTableAsked[] {
  const made = tables.map((table) => ({ ...table, id: table.id?.toLowerCase() ?? idOf(link, table.source) }));
  checkTables(made);
  return made;
}

/** The same for the same table of the same link. */
function idOf(link: string, source: SourceTable): string {
  return derivedGuid(`${link.toLowerCase()} ${nameOf(source)}`);
}

/** Inside of one link. Faults (invalid): `LinkTableTwice`, `LinkTargetTableTwice`, `TooManyLinkTables`. */
function checkTables(tables: readonly LinkTableAsked[]): void {
  if (tables.length > mostTables)
    throw fault('invalid', 'TooManyLinkTables', `A link has at most ${mostTables} tables.`, {
      target: 'linkTables',
      remedy: 'Spread them over several link connections.',
    });
  const sources = new Set<string>();
  const targets = new Map<string, string>();
  const ids = new Set<string>();
  for (const { id, source, target } of tables) {
    const name = nameOf(source);
    if (sources.has(name) || ids.has(id))
      throw fault('invalid', 'LinkTableTwice', `The source table ${name} is in the list twice, or under an id that another one has.`, {
        target: name,
        remedy: 'Name each source table once; leave ids out of tables that are new.',
      });
    const other = targets.get(targetKey(target));
    if (other !== undefined)
      throw fault('invalid', 'LinkTargetTableTwice', `The tables ${other} and ${name} would both be written to ${nameOf(target)}.`, {
        target: name,
        remedy: 'Give one of them another target.',
      });
    sources.add(name);
    ids.add(id);
    targets.set(targetKey(target), name);
  }
}

/**
 * The tables after some edits, in order. What an edit leaves out of a target stays as it was. Faults: `LinkTableExists` (conflict),
 * `LinkTableNotFound` (missing), those of `withIds`.
 */
export function editedTables(link: string, tables: readonly LinkTableAsked[], edits: readonly TableEdit[]): readonly LinkTableAsked[] {
  let now = [...tables];
  for (const edit of edits) {
    const at = now.findIndex((table) => isMeant(table, edit));
    if (edit.operation === 'add') now.push(added(link, edit, now[at]));
    else if (at < 0) throw noSuchTable(link, edit);
    else if (edit.operation === 'remove') now = now.toSpliced(at, 1);
    else now[at] = updated(now[at]!, edit);
  }
  checkTables(now);
  return now;
}

function isMeant(table: LinkTableAsked, { operation, id, source }: TableEdit): boolean {
  if (id !== undefined && table.id === id.toLowerCase()) return true;
  return source !== undefined && (id === undefined || operation === 'add') && nameOf(table.source) === nameOf(source);
}

function added(link: string, { id, source, target }: TableEdit, there: LinkTableAsked | undefined): LinkTableAsked {
  if (source === undefined)
    throw fault('invalid', 'LinkTableSourceMissing', 'A table that is to be added has no source.', {
      target: 'linkTables.source',
      remedy: 'Give source.schemaName and source.tableName.',
    });
  if (there !== undefined)
    throw fault('conflict', 'LinkTableExists', `The link has the table ${nameOf(there.source)} already.`, {
      target: nameOf(there.source),
      remedy: 'Send it with operationType update to change where it goes.',
    });
  return { id: id?.toLowerCase() ?? idOf(link, source), source, target: whole(source, target) };
}

function updated(table: LinkTableAsked, { source, target }: TableEdit): LinkTableAsked {
  if (source !== undefined && nameOf(source) !== nameOf(table.source))
    throw fault('invalid', 'LinkTableSourceFixed', `The table ${nameOf(table.source)} of the link cannot become ${nameOf(source)}.`, {
      target: nameOf(table.source),
      remedy: 'Remove it, and add the other one.',
    });
  return { ...table, target: whole(table.target, target) };
}

function whole(base: SourceTable, given: Partial<TargetTable> | undefined): TargetTable {
  const defined = Object.fromEntries(Object.entries(given ?? {}).filter(([, value]) => value !== undefined));
  return { ...base, ...defined };
}

function noSuchTable(link: string, { id, source }: TableEdit): Fault {
  const name = source === undefined ? (id ?? '') : nameOf(source);
  return fault('missing', 'LinkTableNotFound', `The link has no table ${name}.`, {
    target: name,
    remedy: `GET ${link}/linktables lists those it has, with their ids.`,
  });
}

/** Of somebody else's link that has a table which this one may not have too. */
export interface OtherLink {
  readonly id: string;
  /** Both lead to the same database. */
  readonly sameSource: boolean;
  readonly samePool: boolean;
  readonly tables: readonly LinkTableAsked[];
}

/** One link a source table, and one link a target table. Faults (conflict): `LinkTableInOtherLink`, `LinkTargetInOtherLink`. */
export function checkOthers(tables: readonly LinkTableAsked[], others: readonly OtherLink[]): void {
  const sources = new Map<string, string>();
  const targets = new Map<string, string>();
  for (const { id, sameSource, samePool, tables: taken } of others) {
    for (const { source, target } of taken) {
      if (sameSource) sources.set(nameOf(source), id);
      if (samePool) targets.set(targetKey(target), id);
    }
  }
  for (const { source, target } of tables) {
    const name = nameOf(source);
    const bySource = sources.get(name);
    if (bySource !== undefined)
      throw fault('conflict', 'LinkTableInOtherLink', `The source table ${name} is in the link connection ${bySource} already.`, {
        target: name,
        remedy: 'A table can be in one link only: remove it there first.',
      });
    const byTarget = targets.get(targetKey(target));
    if (byTarget !== undefined)
      throw fault(
        'conflict',
        'LinkTargetInOtherLink',
        `The target table ${nameOf(target)} is written by the link connection ${byTarget}.`,
        {
          target: name,
          remedy: 'Give the table another target, or remove it there first.',
        },
      );
  }
}

/** What a worker is told. Tables that the link filled itself, of a source's that is read anew, are made anew whatever is asked for others. */
export function workerTables(properties: LinkProperties, own: ReadonlySet<string>): readonly LinkTable[] {
  const onExisting = onExistingAsked(properties);
  return (properties.linkTables ?? []).map(({ source, target }) => ({
    schema: source.schemaName,
    name: source.tableName,
    placement: {
      schema: target.schemaName,
      name: target.tableName,
      onExisting: own.has(nameOf(source)) ? 'drop' : onExisting,
    },
  }));
}
