import { fault, type Fault } from '#base/fault.ts';
import { quoteLiteral, type TableSchema } from '#replication/schema.ts';
import type { Engine } from './engine.ts';
import { tablesOfLinks, type TableRecord } from './ledger.ts';
import { chooseTarget, foldName, ownSchema, targetKey, type Target } from './names.ts';
import { existingTables } from './shape.ts';

/** Schemas of DuckDB and of the pool itself. */
const reserved: ReadonlySet<string> = new Set([ownSchema, 'information_schema', 'pg_catalog']);

/** Which names of the pool are whose, as one transaction of a run sees them. Asked for when the first table needs a place. */
export class Places {
  readonly #engine: Engine;
  readonly #run: string;
  readonly #tables: ReadonlyMap<string, TableRecord>;
  #existing: Map<string, 'table' | 'view'> | undefined;
  #others: ReadonlyMap<string, string> | undefined;

  /** `tables`: those of the run, as the transaction leaves them. */
  constructor(engine: Engine, run: string, tables: ReadonlyMap<string, TableRecord>) {
    this.#engine = engine;
    this.#run = run;
    this.#tables = tables;
  }

  /** Where a table that comes to the link is to lie. Fault: `TableTaken` (conflict). */
  async choose(schema: TableSchema): Promise<Target> {
    const { placement } = schema;
    const wanted = placement && { schema: placement.schema, name: placement.name };
    if (wanted && reserved.has(foldName(wanted.schema))) throw taken(schema, wanted, `belongs to the pool itself`);
    const own = this.#ownTargets(schema.table);
    const place = wanted ?? chooseTarget(schema, new Set(own.keys()));
    const table = own.get(targetKey(place));
    if (table !== undefined) throw taken(schema, place, `is filled from the table ${table} of the same link`);
    this.#others ??= await targetsOfOthers(this.#engine, this.#run);
    const other = this.#others.get(targetKey(place));
    if (other !== undefined) throw taken(schema, place, `is filled by another link (its run ${other})`);
    return place;
  }

  /** Tables and views of the pool by `targetKey`. */
  async existing(): Promise<ReadonlyMap<string, 'table' | 'view'>> {
    this.#existing ??= await existingTables(this.#engine);
    return this.#existing;
  }

  note(target: Target): void {
    this.#existing?.set(targetKey(target), 'table');
  }

  free(target: Target): void {
    this.#existing?.delete(targetKey(target));
  }

  #ownTargets(but: string): ReadonlyMap<string, string> {
    return new Map(
      [...this.#tables].flatMap(([table, { target }]) => (target && table !== but ? [[targetKey(target), table] as const] : [])),
    );
  }
}

async function targetsOfOthers(engine: Engine, run: string): Promise<ReadonlyMap<string, string>> {
  const rows = await engine.rows(
    `SELECT target_schema, target_name, run FROM ${tablesOfLinks} WHERE run <> ${quoteLiteral(run)} AND target_name IS NOT NULL`,
  );
  return new Map(rows.map(([schema, name, other]) => [targetKey({ schema: String(schema), name: String(name) }), String(other)]));
}

function taken({ table }: TableSchema, { schema, name }: Target, how: string): Fault {
  return fault('conflict', 'TableTaken', `The pool's table ${schema}.${name} ${how}.`, {
    target: table,
    remedy: 'Choose another target for the table, or take the other one out of its link first.',
  });
}
