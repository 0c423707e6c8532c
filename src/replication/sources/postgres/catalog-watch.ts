import { sameShape, type TableSchema } from '#replication/schema.ts';
import type { Step } from '#replication/segment.ts';
import type { FollowedTables } from '#replication/source.ts';
import { alterSteps, freshSteps } from './alteration.ts';
import { readTablesById, type PgTable } from './catalog.ts';
import { logEnd } from './log-end.ts';
import { protectWrites, publicationOf, readMembers, verifyPublications, type PublicationNames } from './publications.ts';
import type { Sql } from './sql-session.ts';

export interface WatchedCatalog {
  readonly sql: () => Promise<Sql>;
  readonly names: PublicationNames;
  readonly asText: ReadonlySet<string>;
  /** The link's tables' names by oid. */
  readonly chosen: ReadonlyMap<string, string>;
  readonly tables: FollowedTables;
}

interface Drift {
  /** The shape that was seen. */
  readonly text: string;
  /** The log's end after it was seen: behind this place every change has that shape, as long as it is seen. */
  readonly goal: bigint;
}

/**
 * Notices what the log does not tell. A table that is altered and then left alone sends nothing; one that somebody took out of our publication
 * neither. What is seen in the catalog is ahead of the log by an unknown distance, so an altered table is altered in the pool only when the log
 * was read past the moment of seeing, and the catalog still says the same.
 */
export class CatalogWatch {
  readonly #catalog: WatchedCatalog;
  readonly #everyMs: number;
  readonly #drifts = new Map<string, Drift>();
  #lookedAt = Number.NEGATIVE_INFINITY;

  constructor(catalog: WatchedCatalog, everyMs: number) {
    this.#catalog = catalog;
    this.#everyMs = everyMs;
  }

  /** Something was seen that only the catalog explains: look soon. */
  hurry(): void {
    this.#lookedAt = Number.NEGATIVE_INFINITY;
  }

  /** `readTo`: everything before was read and yielded. */
  isDue(readTo: bigint): boolean {
    if (performance.now() - this.#lookedAt >= this.#everyMs) return true;
    for (const drift of this.#drifts.values()) if (readTo >= drift.goal) return true;
    return false;
  }

  /** What must be done before anything that comes after `readTo`. Fault: `lost-history` where a publication is gone. */
  async look(readTo: bigint): Promise<readonly Step[]> {
    const { names, asText, chosen } = this.#catalog;
    this.#lookedAt = performance.now();
    const sql = await this.#catalog.sql();
    await verifyPublications(sql, names);
    const members = await readMembers(sql, names);
    const steps: Step[] = [];
    const news: string[] = [];
    for (const table of await readTablesById(sql, { asText }, [...chosen.keys()])) {
      const known = this.#catalog.tables.schema(table.schema.table);
      if (known && this.#isCutOff(table, known, members.get(table.oid) ?? [])) {
        steps.push(...freshSteps(table.schema, known));
        continue;
      }
      const settled = await this.#settle(sql, table, readTo);
      if (settled === 'new') news.push(table.schema.table, JSON.stringify(table.schema));
      else steps.push(...settled);
    }
    if (news.length > 0) await this.#noteDrifts(sql, news);
    return steps;
  }

  /** Were its changes not logged for us, though we count on them? */
  #isCutOff(table: PgTable, schema: TableSchema, publications: readonly string[]): boolean {
    const { tables, names } = this.#catalog;
    const state = tables.progress(table.schema.table)?.state;
    if (schema.id !== table.oid || (state !== 'Snapshotting' && state !== 'Replicating')) return false;
    return !publications.includes(publicationOf(names, schema.identity));
  }

  async #settle(sql: Sql, table: PgTable, readTo: bigint): Promise<readonly Step[] | 'new'> {
    const name = table.schema.table;
    const schema = this.#catalog.tables.schema(name);
    const progress = this.#catalog.tables.progress(name);
    const drift = this.#drifts.get(name);
    const quiet =
      schema?.id !== table.oid ||
      progress?.state !== 'Replicating' ||
      (sameShape(schema, table.schema) && schema.version === table.schema.version);
    if (quiet) {
      this.#drifts.delete(name);
      return [];
    }
    if (drift?.text !== JSON.stringify(table.schema)) return 'new';
    if (readTo < drift.goal) return [];
    this.#drifts.delete(name);
    return alterSteps(sql, schema, { table, progress });
  }

  async #noteDrifts(sql: Sql, news: readonly string[]): Promise<void> {
    const goal = await logEnd(sql);
    for (let i = 0; i < news.length; i += 2) this.#drifts.set(news[i]!, { text: news[i + 1]!, goal });
  }
}

/** Keeps asking, beside everything else, whether our publication makes writes fail at the source: see `protectWrites`. */
export class WriteGuard implements Disposable {
  readonly #catalog: Pick<WatchedCatalog, 'sql' | 'names'>;
  readonly #timer: NodeJS.Timeout;
  #looking = false;

  constructor(catalog: Pick<WatchedCatalog, 'sql' | 'names'>, everyMs: number) {
    this.#catalog = catalog;
    this.#timer = setInterval(() => void this.#look(), everyMs);
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  async #look(): Promise<void> {
    if (this.#looking) return;
    this.#looking = true;
    try {
      await protectWrites(await this.#catalog.sql(), this.#catalog.names);
    } catch {
      // The watch and the stream ask the same source and report what is wrong with it.
    } finally {
      this.#looking = false;
    }
  }
}
