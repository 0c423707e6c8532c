import type { Footing, Position, Progress, TableProgress } from '../segment.ts';
import type { TableSchema } from '../schema.ts';

/** What of a segment, or of its manifest, matters to progress. */
export interface ProgressPart {
  readonly number: number;
  readonly epoch: string;
  readonly first: boolean;
  readonly last: boolean;
  readonly position?: Position | undefined;
  readonly steps: readonly ProgressNote[];
}

type ProgressNote =
  | { readonly kind: 'progress'; readonly progress: TableProgress }
  | { readonly kind: 'schema'; readonly schema: TableSchema }
  | { readonly kind: 'drop' | 'leave'; readonly table: string }
  | { readonly kind: 'rows' | 'truncate' };

/** The progress that whole transactions leave; an open one counts once its last part comes. */
export class DurableProgress {
  number: number;
  epoch: string | undefined;
  position: Position | undefined;
  readonly #tables: Map<string, TableProgress>;
  readonly #schemas: Map<string, TableSchema>;
  #open: ProgressNote[] = [];

  constructor(start: Progress) {
    this.number = start.number;
    this.epoch = start.epoch;
    this.position = start.position;
    this.#tables = new Map(start.tables);
    this.#schemas = new Map(start.schemas);
  }

  take(part: ProgressPart): void {
    if (part.first) this.#open = [];
    for (const step of part.steps) if (step.kind !== 'rows' && step.kind !== 'truncate') this.#open.push(step);
    if (!part.last) return;
    for (const step of this.#open) this.#note(step);
    this.#open = [];
    this.number = part.number;
    this.epoch = part.epoch;
    this.position = part.position ?? this.position;
  }

  get footing(): Footing {
    return { number: this.number, epoch: this.epoch, position: this.position };
  }

  /** As it is now; it does not change any more. */
  get(): Progress {
    return { ...this.footing, tables: new Map(this.#tables), schemas: new Map(this.#schemas) };
  }

  #note(step: ProgressNote): void {
    if (step.kind === 'progress') this.#tables.set(step.progress.table, step.progress);
    else if (step.kind === 'schema') this.#schemas.set(step.schema.table, step.schema);
    else if (step.kind === 'drop' || step.kind === 'leave') {
      this.#tables.delete(step.table);
      this.#schemas.delete(step.table);
    }
  }
}
