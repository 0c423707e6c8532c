import type { JsonObject } from '#arm/resource.ts';
import { nameOfTable, poolOf, type Link, type LinkTable, type TableName } from '#studio/data/link-shapes.ts';

export type OnExisting = 'FailOnNonEmpty' | 'DropAndRecreate' | 'Merge';
export type Distribution = 'Round_Robin' | 'Hash' | 'Replicate';
export type Structure = 'ColumnStoreIndex' | 'Heap' | 'ClusteredIndex';

/** A table that is to be linked, with what is asked of it alone; what is not, is as for all. */
export interface DraftTable extends TableName {
  /** Of a table that the link has already. */
  readonly id?: string;
  readonly targetSchema?: string;
  readonly targetTable?: string;
  readonly distribution?: Distribution;
  readonly distributionColumn?: string;
  readonly structure?: Structure;
}

/** A link that is being made. Kept while the browser's tab is open: nothing of it is secret. */
export interface LinkDraft {
  readonly name: string;
  readonly description: string;
  /** The name of the source's linked service. */
  readonly service: string;
  readonly tables: readonly DraftTable[];
  readonly pool: string;
  /** Of all tables that name none; empty: as at the source. */
  readonly targetSchema: string;
  readonly distribution: Distribution;
  readonly structure: Structure;
  readonly onExisting: OnExisting;
  readonly crossTable: boolean;
  /** 0: changes are followed all the time. */
  readonly intervalMinutes: number;
  /** Of the source's log, in GiB; 0: as usual. */
  readonly logBudgetGib: number;
  readonly whenExceeded: 'pause' | 'reseed';
}

export const emptyDraft: LinkDraft = {
  name: '',
  description: '',
  service: '',
  tables: [],
  pool: '',
  targetSchema: '',
  distribution: 'Round_Robin',
  structure: 'ColumnStoreIndex',
  onExisting: 'FailOnNonEmpty',
  crossTable: false,
  intervalMinutes: 0,
  logBudgetGib: 0,
  whenExceeded: 'pause',
};

/** A text that was kept, as far as it is a draft; what is not known is as at first. */
export function readDraft(text: string | null): LinkDraft {
  try {
    const kept = JSON.parse(text ?? '{}') as Readonly<Record<string, unknown>>;
    const fits = Object.entries(emptyDraft).map(([key, usual]) => [key, isLike(kept[key], usual) ? kept[key] : usual] as const);
    const draft = Object.fromEntries(fits) as unknown as LinkDraft;
    return { ...draft, tables: draft.tables.filter(isTable) };
  } catch {
    return emptyDraft;
  }
}

function isLike(value: unknown, usual: unknown): boolean {
  return typeof value === typeof usual && Array.isArray(value) === Array.isArray(usual) && value !== null;
}

function isTable(table: Partial<DraftTable> | null): boolean {
  return typeof table?.schemaName === 'string' && typeof table.tableName === 'string';
}

/** Where a table of the draft goes. */
export function targetOf(draft: Pick<LinkDraft, 'targetSchema' | 'distribution' | 'structure'>, table: DraftTable): LinkTable['target'] {
  const type = table.distribution ?? draft.distribution;
  const distributionColumn = table.distributionColumn ?? '';
  return {
    schemaName: table.targetSchema ?? (draft.targetSchema === '' ? table.schemaName : draft.targetSchema),
    tableName: table.targetTable ?? table.tableName,
    distributionOptions: { type, ...(type === 'Hash' && { distributionColumn }) },
    structureOptions: { type: table.structure ?? draft.structure },
  };
}

function linkTableOf(draft: LinkDraft, table: DraftTable): LinkTable {
  const { schemaName, tableName, id } = table;
  return { ...(id !== undefined && { id }), source: { schemaName, tableName }, target: targetOf(draft, table) };
}

/** What is sent: as Azure's Studio writes it. */
export function linkBody(draft: LinkDraft, workspace: string): JsonObject {
  const { description, service, pool, crossTable, onExisting, intervalMinutes, tables } = draft;
  return {
    ...(description.trim() !== '' && { description: description.trim() }),
    properties: {
      sourceDatabase: { linkedService: { referenceName: service, type: 'LinkedServiceReference' } },
      targetDatabase: {
        linkedService: {
          referenceName: `${workspace}-WorkspaceDefaultSqlServer`,
          type: 'LinkedServiceReference',
          ...(pool !== '' && { parameters: { DBName: pool } }),
        },
        typeProperties: { crossTableTransaction: crossTable, actionOnExistingTargetTable: onExisting },
      },
      compute: { computeType: 'General', ...(intervalMinutes > 0 && { dataProcessIntervalMinutes: intervalMinutes }) },
      linkTables: tables.map((table) => linkTableOf(draft, table)) as unknown as readonly JsonObject[],
      ...logBudget(draft),
    },
  };
}

const gibibyte = 1024 ** 3;

function logBudget({ logBudgetGib, whenExceeded }: LinkDraft): JsonObject {
  if (logBudgetGib === 0 && whenExceeded === 'pause') return {};
  const mostBytes = logBudgetGib === 0 ? {} : { mostBytes: Math.round(logBudgetGib * gibibyte) };
  return { isthmus: { logBudget: { ...mostBytes, whenExceeded } } };
}

/** What is sent when the settings of a link are saved: its tables are left out and stay, its source and pool too, and what a draft does not know. */
export function settingsBody({ properties }: Link, draft: LinkDraft, workspace: string): JsonObject {
  const asked = linkBody(draft, workspace);
  const { linkTables: _tables, isthmus: _budget, ...kept } = properties as unknown as JsonObject;
  const { linkTables: _same, sourceDatabase: _source, targetDatabase, ...settings } = asked['properties'] as JsonObject;
  const { typeProperties } = targetDatabase as JsonObject;
  const target = { ...(kept['targetDatabase'] as JsonObject), typeProperties: typeProperties! };
  return { ...asked, properties: { ...kept, ...settings, targetDatabase: target } };
}

/** A link that is there, as a draft: so that it is edited by the same means. */
export function draftOfLink({ name, description = '', properties }: Link): LinkDraft {
  const { typeProperties = {} } = properties.targetDatabase;
  const { mostBytes = 0, whenExceeded } = properties.isthmus?.logBudget ?? {};
  return {
    ...emptyDraft,
    name,
    description,
    service: properties.sourceDatabase.linkedService.referenceName,
    pool: poolOf(properties),
    onExisting: onExistingOf(typeProperties),
    crossTable: typeProperties.crossTableTransaction === true,
    intervalMinutes: properties.compute?.dataProcessIntervalMinutes ?? 0,
    logBudgetGib: mostBytes / gibibyte,
    whenExceeded: whenExceeded === 'reseed' ? 'reseed' : 'pause',
    tables: (properties.linkTables ?? []).map(draftTable),
  };
}

function onExistingOf(given: NonNullable<Link['properties']['targetDatabase']['typeProperties']>): OnExisting {
  const word = (given.actionOnExistingTargetTable ?? '').toLowerCase();
  if (word.startsWith('drop') || (word === '' && given.dropExistingTargetTableOnStart === true)) return 'DropAndRecreate';
  return word.startsWith('merge') ? 'Merge' : 'FailOnNonEmpty';
}

function draftTable({ id, source, target }: LinkTable): DraftTable {
  const distribution = distributionOf(target.distributionOptions?.type);
  const structure = structureOf(target.structureOptions?.type);
  const column = target.distributionOptions?.distributionColumn;
  return {
    ...(id !== undefined && { id }),
    ...source,
    targetSchema: target.schemaName,
    targetTable: target.tableName,
    ...(distribution !== undefined && { distribution }),
    ...(column !== undefined && { distributionColumn: column }),
    ...(structure !== undefined && { structure }),
  };
}

/** In any casing, as clients write it. */
function distributionOf(type: string | undefined): Distribution | undefined {
  const word = (type ?? '').toLowerCase().replaceAll(/[^a-z]/g, '');
  return ({ roundrobin: 'Round_Robin', hash: 'Hash', replicate: 'Replicate' } as const)[word];
}

function structureOf(type: string | undefined): Structure | undefined {
  const word = (type ?? '').toLowerCase().replaceAll(/[^a-z]/g, '');
  if (word === 'heap') return 'Heap';
  if (word === 'clusteredindex') return 'ClusteredIndex';
  return word.includes('columnstore') ? 'ColumnStoreIndex' : undefined;
}

/** One change in the body of `edittables`. */
export type TableEdit = Partial<LinkTable> & { readonly operationType: 'add' | 'update' | 'remove' };

/** What leads from the tables that a link has to those of a draft. */
export function editsOf(before: readonly LinkTable[], draft: LinkDraft): readonly TableEdit[] {
  const former = new Map(before.map((table) => [nameOfTable(table.source), table]));
  const wanted = new Set(draft.tables.map(nameOfTable));
  const removed = before.filter(({ source }) => !wanted.has(nameOfTable(source)));
  const edits: TableEdit[] = removed.map(({ id, source }) => ({ ...(id !== undefined && { id }), source, operationType: 'remove' }));
  for (const table of draft.tables) {
    const now = linkTableOf(draft, table);
    const was = former.get(nameOfTable(table));
    if (was === undefined) edits.push({ source: now.source, target: now.target, operationType: 'add' });
    else if (!isSame(was, now)) edits.push({ ...now, operationType: 'update' });
  }
  return edits;
}

/** Compared as a draft has them: what the link does not say is as usual. */
function isSame(was: LinkTable, now: LinkTable): boolean {
  const plain = (table: LinkTable): string => JSON.stringify(targetOf(emptyDraft, draftTable(table)));
  return plain(was) === plain(now);
}
