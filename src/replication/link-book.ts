import { must, type Fault } from '#base/fault.ts';
import { sameKey, type TableSchema } from './schema.ts';
import type { Draft, Position, Progress, Step, TableProgress } from './segment.ts';
import type { FollowedTables } from './source.ts';

/** A table that nothing is known of yet. */
export function freshProgress(table: string): TableProgress {
  return {
    table,
    state: 'Waiting',
    after: undefined,
    copied: false,
    until: undefined,
    seen: undefined,
    moved: [],
    rowsCopied: 0,
    fault: undefined,
  };
}

/**
 * The progress after rows moved to `keys` while the table was being copied and left unsent columns to the pool, which may hold another row
 * under the old key by now: they are fetched again before the table counts as copied.
 */
export function withMoved(progress: TableProgress, keys: readonly (readonly string[])[]): TableProgress {
  return { ...progress, moved: [...progress.moved, ...keys], until: undefined };
}

/** The progress of a table that is copied once more over the rows it has, while it goes on following. */
export function recopied(progress: TableProgress): TableProgress {
  return { ...freshProgress(progress.table), state: 'Snapshotting', seen: progress.seen };
}

/**
 * Steps with which a table's copy begins, or begins anew. A table that was merged into is not emptied: it holds rows of others. It is copied over
 * the rows it has, and follows on if it does; rows that were deleted while it did not stay. Under another key its rows would not be found again:
 * it is emptied then.
 */
export function copySteps(schema: TableSchema, known: TableSchema | undefined, progress: TableProgress | undefined): readonly Step[] {
  const shape: Step = { kind: 'schema', schema, fills: [] };
  const begin = (next: TableProgress): Step => ({ kind: 'progress', progress: next });
  const fresh = freshProgress(schema.table);
  if (known === undefined) return [shape, begin(fresh)];
  if (known.placement?.onExisting !== 'merge' || schema.identity !== 'key' || !sameKey(known, schema))
    return [{ kind: 'truncate', table: schema.table }, shape, begin(fresh)];
  const follows = known.id === schema.id && progress?.state === 'Replicating';
  return [shape, begin(follows ? recopied(progress) : fresh)];
}

/** The table's progress once it has failed. */
export function failed(progress: TableProgress, fault: Fault): TableProgress {
  return { ...progress, state: 'Failed', fault: { code: fault.code, message: fault.message, remedy: fault.remedy } };
}

/** What the link's tables are after everything put so far: the durable progress, and the drafts since. */
export class LinkBook implements FollowedTables {
  readonly #tables: Map<string, TableProgress>;
  readonly #schemas: Map<string, TableSchema>;
  position: Position | undefined;
  /** Asked for `busy`; set by whoever carries the drafts. */
  isBusy: () => boolean = () => false;

  constructor(progress: Progress) {
    this.#tables = new Map(progress.tables);
    this.#schemas = new Map(progress.schemas);
    this.position = progress.position;
  }

  schema(table: string): TableSchema | undefined {
    return this.#schemas.get(table);
  }

  progress(table: string): TableProgress | undefined {
    return this.#tables.get(table);
  }

  /** Tables with rows still to be copied, those begun first. */
  get copying(): readonly TableProgress[] {
    const open = [...this.#tables.values()].filter(
      (one) => (one.state === 'Waiting' || one.state === 'Snapshotting') && one.until === undefined,
    );
    return open.toSorted((a, b) => Number(a.state === 'Waiting') - Number(b.state === 'Waiting'));
  }

  /** Copied tables that become `Replicating` once changes up to `until` are applied. */
  get catchingUp(): readonly TableProgress[] {
    return [...this.#tables.values()].filter((one) => one.state === 'Snapshotting' && one.until !== undefined);
  }

  get busy(): boolean {
    return this.isBusy();
  }

  get impatient(): boolean {
    for (const one of this.#tables.values()) if (one.state === 'Waiting' || one.state === 'Snapshotting') return true;
    return false;
  }

  get tables(): readonly TableProgress[] {
    return [...this.#tables.values()];
  }

  /** Takes in what a draft makes true. */
  note(draft: Draft): void {
    for (const step of draft.steps) {
      if (step.kind === 'progress') this.#tables.set(step.progress.table, step.progress);
      else if (step.kind === 'schema') this.#schemas.set(step.schema.table, step.schema);
      else if (step.kind === 'drop' || step.kind === 'leave') {
        this.#tables.delete(step.table);
        this.#schemas.delete(step.table);
      }
    }
    if (draft.last && draft.position !== undefined) this.position = draft.position;
  }

  /** The table's schema; it must be known. */
  schemaOf(table: string): TableSchema {
    return must(this.#schemas.get(table), `no schema of ${table}`);
  }
}
