import { randomUUID } from 'node:crypto';
import { delay, type Service } from '#base/service.ts';
import { keyOf, parseResourceId } from '#arm/resource-id.ts';
import type { EgressRecord, EgressReport } from '#arm/egress-report.ts';
import type { AuditEntry, ResourceStore, StoreTransaction } from '#arm/store.ts';
import type { FabricEngine, FabricEvent } from '#fabric/engine.ts';
import { EgressShelf, type KeptRecord } from './egress-shelf.ts';

export interface EgressLogOptions {
  readonly store: Pick<ResourceStore, 'setting' | 'write' | 'onChange'>;
  readonly engine: Pick<FabricEngine, 'onEvent' | 'ifClosed'>;
  /** Milliseconds since 1970. */
  readonly nowMs: () => number;
  /** Told of each network, by its key, of which a report shows something else; quick, and never throws. Default: nobody. */
  readonly onNews?: (segment: string) => void;
  /** How long it may take until what is counted is written down. Default: 15 s. */
  readonly writeEveryMs?: number;
}

interface Audited {
  readonly segment: string;
  readonly shelf: EgressShelf;
  readonly mark: number;
}

/** So many networks are held in memory; what others had is in the store. */
const mostShelves = 1_000;
/** First denials of a network that are audited in an hour; what comes beyond them is only counted. */
const mostAudited = 100;
const hourMs = 3_600_000;
/** Denials that come together are written together. */
const gatherMs = 200;
const networkTypes = /virtualNetworks$/i;

/**
 * What leaves networks, or is refused: by host, port, asker and code, with how often and since when. Kept over restarts: written at intervals and
 * at the end. The first denial of each kind is also a record of the audit log. As a service it writes; it listens from the moment it is made.
 */
export class EgressLog implements Service, Disposable {
  readonly name = 'egress-log';
  readonly #options: EgressLogOptions;
  readonly #shelves = new Map<string, EgressShelf>();
  /** Networks whose records are to go, with what is still to be audited of them. */
  readonly #gone = new Map<string, EgressShelf | undefined>();
  readonly #ends: readonly (() => void)[];
  #wake: (urgent: boolean) => void = () => undefined;

  constructor(options: EgressLogOptions) {
    this.#options = options;
    const { engine, store } = options;
    this.#ends = [
      engine.onEvent((event) => this.#note(event)),
      store.onChange(({ kind, id, type }) => {
        if (kind === 'removed' && networkTypes.test(type)) this.#forget(keyOf(id));
      }),
    ];
  }

  async report(segment: string): Promise<EgressReport> {
    const shelf = this.#shelf(segment);
    await shelf.loaded;
    const [denied, outside] = [shelf.latest('denied'), shelf.latest('outside')];
    const wouldBreak = outside.flatMap((record): readonly EgressRecord[] => {
      const denial = this.#options.engine.ifClosed({ segment, host: record.host, port: record.port });
      return denial === undefined ? [] : [shown(record, { code: denial.code, rule: denial.target, remedy: denial.remedy })];
    });
    return {
      since: new Date(shelf.sinceMs).toISOString(),
      denied: denied.map((record) => shown(record, record)),
      wouldBreak,
      outside: outside.map((record) => shown(record, {})),
    };
  }

  async run(signal: AbortSignal): Promise<void> {
    const { writeEveryMs = 15_000 } = this.#options;
    while (!signal.aborted) {
      await this.#due(signal, writeEveryMs);
      await this.#write();
    }
  }

  [Symbol.dispose](): void {
    for (const end of this.#ends) end();
  }

  #note(event: FabricEvent): void {
    const isNew = this.#keep(event);
    if (isNew === undefined || (event.kind !== 'refused' && event.kind !== 'outside')) return;
    this.#wake(isNew);
    this.#options.onNews?.(event.segment);
  }

  /** Whether it is a denial that was not known; undefined: it is not kept. */
  #keep(event: FabricEvent): boolean | undefined {
    if (event.kind !== 'refused' && event.kind !== 'outside') return undefined;
    // Whoever names a network that is not there leaves no trace in one.
    if (event.kind === 'refused' && event.code === 'SegmentNotFound') return undefined;
    const record = this.#shelf(event.segment).add({
      list: event.kind === 'refused' ? 'denied' : 'outside',
      attempt: event,
      // What would refuse what was let out is asked of the plan when somebody wants to know.
      denial: event.kind === 'refused' ? event : undefined,
      nowMs: this.#options.nowMs(),
    });
    return event.kind === 'refused' && record.isNew && isDenial(event);
  }

  #shelf(segment: string): EgressShelf {
    const found = this.#shelves.get(segment);
    if (found !== undefined) return found;
    // What the store still has of one that is gone is not of its successor.
    const isGone = this.#gone.has(segment);
    const made = new EgressShelf(this.#options.nowMs(), async () =>
      isGone ? undefined : await this.#options.store.setting(settingOf(segment)),
    );
    this.#shelves.set(segment, made);
    if (this.#shelves.size > mostShelves) {
      for (const [other, shelf] of this.#shelves) {
        if (shelf.isChanged || other === segment) continue;
        this.#shelves.delete(other);
        break;
      }
    }
    return made;
  }

  #forget(segment: string): void {
    this.#gone.set(segment, this.#shelves.get(segment));
    this.#shelves.delete(segment);
    this.#wake(false);
  }

  /** Resolves once something should be written. */
  async #due(signal: AbortSignal, mostMs: number): Promise<void> {
    const { promise: stopped, resolve: stop } = Promise.withResolvers<void>();
    const { promise: changed, resolve: change } = Promise.withResolvers<void>();
    const { promise: hurried, resolve: hurry } = Promise.withResolvers<void>();
    this.#wake = (urgent) => {
      change();
      if (urgent) hurry();
    };
    signal.addEventListener('abort', () => stop(), { once: true });
    if (this.#gone.size > 0 || [...this.#shelves.values()].some(({ isChanged }) => isChanged)) change();
    await Promise.race([changed, stopped]);
    const wait = (ms: number): Promise<void> => delay(ms, signal).catch(() => undefined);
    await Promise.race([hurried.then(() => wait(gatherMs)), wait(mostMs), stopped]);
  }

  async #write(): Promise<void> {
    const changed = [...this.#shelves].filter(([, shelf]) => shelf.isChanged);
    const gone = [...this.#gone];
    if (changed.length + gone.length === 0) return;
    for (const [, shelf] of [...changed, ...gone]) await shelf?.loaded;
    const marks = changed.map(([, shelf]) => shelf.mark());
    await this.#options.store.write(async (transaction) => {
      for (const [segment, shelf] of gone) {
        await transaction.putSetting(settingOf(segment), undefined);
        if (shelf !== undefined) await this.#audit(transaction, { segment, shelf, mark: shelf.mark() });
      }
      for (const [at, [segment, shelf]] of changed.entries()) {
        await transaction.putSetting(settingOf(segment), shelf.kept());
        await this.#audit(transaction, { segment, shelf, mark: marks[at] ?? 0 });
      }
    });
    for (const [segment, shelf] of gone) if (this.#gone.get(segment) === shelf) this.#gone.delete(segment);
    for (const [at, [, shelf]] of changed.entries()) shelf.written(marks[at] ?? 0);
  }

  async #audit(transaction: StoreTransaction, { segment, shelf, mark }: Audited): Promise<void> {
    for (const record of shelf.toAudit(mark).filter(isDenial)) {
      if (!shelf.mayAudit(this.#options.nowMs(), { most: mostAudited, perMs: hourMs })) continue;
      await transaction.audit(entryOf(segment, record));
    }
  }
}

/** A rule stands against it; others only found nobody there. */
function isDenial({ code, isRule }: Pick<KeptRecord, 'code' | 'isRule'>): boolean {
  return code !== undefined && isRule;
}

function settingOf(segment: string): string {
  return `network.egress ${segment}`;
}

/** `why`: in place of the record's own. */
function shown(record: KeptRecord, why: Partial<Pick<KeptRecord, 'code' | 'rule' | 'remedy'>>): EgressRecord {
  const { host, port, asker, count, firstMs, lastMs } = record;
  return {
    host,
    port,
    ...(asker !== undefined && { asker }),
    ...(why.code !== undefined && { code: why.code }),
    ...(why.rule !== undefined && { rule: why.rule }),
    ...(why.remedy !== undefined && { remedy: why.remedy }),
    count,
    first: new Date(firstMs).toISOString(),
    last: new Date(lastMs).toISOString(),
  };
}

function entryOf(segment: string, { host, port, asker, code, rule }: KeptRecord): AuditEntry {
  const named = { host: `${host}:${port}`, rule, asker };
  return {
    action: `${parseResourceId(segment).type}/connect`,
    scope: segment,
    principal: '00000000-0000-0000-0000-000000000000',
    principalName: 'Isthmus',
    outcome: 'refused',
    code,
    correlationId: randomUUID(),
    changes: Object.entries(named).flatMap(([name, after]) => (after === undefined ? [] : [{ name, before: undefined, after }])),
  };
}
