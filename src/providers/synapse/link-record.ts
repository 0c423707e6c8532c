import { z } from 'zod';
import { fault, type Fault } from '#base/fault.ts';
import { type FaultText } from '#base/fault-text.ts';
import { keyOf, parseResourceId } from '#arm/resource-id.ts';
import type { JsonObject } from '#arm/resource.ts';
import type { ResourceStore } from '#arm/store.ts';
import { linkStates, type LinkState } from '#replication/link-state.ts';
import { newPathRecord, pathRecordShape, type PathRecord } from './path-record.ts';

/** What happened to a link, for its timeline. */
export interface LinkHappening {
  /** ISO 8601, UTC. */
  readonly at: string;
  readonly state: LinkState;
  readonly text: string;
  readonly code: string | null;
  /** The source table that it is about, empty where it is about several; absent: about the link. */
  readonly table?: string | undefined;
}

/** One copying and following from the beginning; Azure's continuous run. */
export interface LinkRun {
  /** A GUID. */
  readonly id: string;
  /** 1 for the first of the link. */
  readonly number: number;
  /** What it makes at its source is named by this. */
  readonly slot: string;
  /** Tables that the link filled before: they are its own, and are copied over. */
  readonly over: readonly string[];
}

/** The durable life of a link. What was asked of it and what is true of it move it in one place, so that nothing is lost between the two. */
export interface LinkRecord {
  readonly state: LinkState;
  readonly run: LinkRun | null;
  readonly runs: number;
  /** Slots that its workers may have made at the source, and that were not given back yet. */
  readonly owed: readonly string[];
  /** It gave its place up, for this reason: its next run begins anew. */
  readonly suspended: { readonly fault: FaultText; readonly byItself: boolean } | null;
  readonly startedAt: string | null;
  readonly stoppedAt: string | null;
  readonly fault: FaultText | null;
  /** Names of source tables whose rows are in the pool because of this link. */
  readonly filled: readonly string[];
  /** To be copied anew, and the worker was not told yet. */
  readonly recopy: readonly { readonly schema: string; readonly name: string }[];
  /** Nothing will be given back any more: somebody else sees to it. */
  readonly abandoned: boolean;
  readonly happenings: readonly LinkHappening[];
  /** Tables that do not replicate: the code of why, as the timeline has it. */
  readonly faulty: Readonly<Record<string, string>>;
  /** The timeline says that all of its tables replicate. */
  readonly whole: boolean;
  /** When the last alteration was that the timeline has; milliseconds since 1970. */
  readonly alteredMs: number | null;
  /** What its workers moved, by both sides. */
  readonly path: PathRecord;
}

/** Of a link to which nothing happened. */
export const newRecord: LinkRecord = {
  state: 'Initial',
  run: null,
  runs: 0,
  owed: [],
  suspended: null,
  startedAt: null,
  stoppedAt: null,
  fault: null,
  filled: [],
  recopy: [],
  abandoned: false,
  happenings: [],
  faulty: {},
  whole: false,
  alteredMs: null,
  path: newPathRecord,
};

const text = z.string();
const faultShape = z.looseObject({ kind: text, code: text, message: text });
const shape: z.ZodType<LinkRecord> = z.object({
  state: z.enum(linkStates as [LinkState, ...LinkState[]]),
  run: z.object({ id: text, number: z.int(), slot: text, over: z.array(text) }).nullable(),
  runs: z.int(),
  owed: z.array(text),
  suspended: z.object({ fault: faultShape, byItself: z.boolean() }).nullable(),
  startedAt: text.nullable(),
  stoppedAt: text.nullable(),
  fault: faultShape.nullable(),
  filled: z.array(text),
  recopy: z.array(z.object({ schema: text, name: text })),
  abandoned: z.boolean(),
  happenings: z.array(
    z.object({ at: text, state: z.enum(linkStates as [LinkState, ...LinkState[]]), text, code: text.nullable(), table: text.optional() }),
  ),
  faulty: z.record(text, text).default({}),
  whole: z.boolean().default(false),
  alteredMs: z.number().nullable().default(null),
  path: pathRecordShape.default(newPathRecord),
}) as never;

/** So many are kept of a link, and so much of each. */
const mostHappenings = 300;
const longestText = 500;

/** Changes a record; undefined: it stays as it is. Pure. */
export type RecordChange = (record: LinkRecord) => LinkRecord | undefined;

/** The durable records of links. Only this process writes them. */
export class LinkRecords {
  readonly #store: Pick<ResourceStore, 'setting' | 'write'>;
  readonly #latest = new Map<string, LinkRecord>();
  readonly #listeners = new Set<(link: string, lines: readonly LinkHappening[]) => void>();
  readonly #onChange: (link: string) => void;

  /** `onChange`: told when a record is another one than before, once it is durable; quick, and never throws. */
  constructor(store: Pick<ResourceStore, 'setting' | 'write'>, onChange: (link: string) => void) {
    this.#store = store;
    this.#onChange = onChange;
  }

  /** Fault: `LinkRecordBroken` (corrupt). */
  async read(link: string): Promise<LinkRecord> {
    return this.#noted(link, parsed(await this.#store.setting(settingOf(link)), link));
  }

  /** As it was when this process last looked; for what is measured. */
  latest(link: string): LinkRecord | undefined {
    return this.#latest.get(keyOf(link));
  }

  /** The record after `change`, durable. `ifKept`: only of a link that is there and stays, else `ResourceBeingDeleted` (conflict). */
  async change(link: string, change: RecordChange, ifKept = false): Promise<LinkRecord> {
    const { record, lines, changed } = await this.#store.write(async (transaction) => {
      if (ifKept && (await transaction.get(link))?.deleting !== false) throw beingDeleted(link);
      const before = parsed(await transaction.setting(settingOf(link)), link);
      const after = change(before);
      if (after === undefined) return { record: before, lines: [], changed: false };
      await transaction.putSetting(settingOf(link), after as unknown as JsonObject);
      const known = before.happenings.at(-1);
      return {
        record: after,
        lines: after.happenings.slice(known === undefined ? 0 : after.happenings.lastIndexOf(known) + 1),
        changed: true,
      };
    });
    this.#noted(link, record);
    if (changed) this.#onChange(link);
    if (lines.length > 0) for (const listener of this.#listeners) listener(link, lines);
    return record;
  }

  /** Told what is new in a link's timeline, once it is durable. Listeners are quick and never throw. Returns what ends it. */
  onHappened(listener: (link: string, lines: readonly LinkHappening[]) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  async forget(link: string): Promise<void> {
    await this.#store.write((transaction) => transaction.putSetting(settingOf(link), undefined));
    this.#latest.delete(keyOf(link));
  }

  #noted(link: string, record: LinkRecord): LinkRecord {
    this.#latest.set(keyOf(link), record);
    return record;
  }
}

export function beingDeleted(link: string): Fault {
  return fault('conflict', 'ResourceBeingDeleted', `The link connection '${parseResourceId(link).name}' is being deleted.`, {
    target: link,
    remedy: `Wait until it is gone. One that cannot give back what it made at its source is given up with POST ${link}/abandon.`,
  });
}

function settingOf(link: string): string {
  return `synapse.link ${keyOf(link)}`;
}

function parsed(value: JsonObject | undefined, link: string): LinkRecord {
  if (value === undefined) return newRecord;
  const read = shape.safeParse(value);
  if (read.success) return read.data;
  throw fault('corrupt', 'LinkRecordBroken', 'What is kept of the state of a link connection cannot be read.', {
    target: link,
    remedy: 'Put the store back from a backup.',
    cause: read.error,
  });
}

/** The record with one more line in its timeline. */
export function happened(record: LinkRecord, at: string, said: string, code: string | null = null): LinkRecord {
  return happenedTo(record, { at, text: said, code });
}

/** The same with a line that may be about a table. */
export function happenedTo(record: LinkRecord, { at, text: said, code, table }: Omit<LinkHappening, 'state'>): LinkRecord {
  const line: LinkHappening = { at, state: record.state, text: said.slice(0, longestText), code, ...(table !== undefined && { table }) };
  return { ...record, happenings: [...record.happenings.slice(1 - mostHappenings), line] };
}
