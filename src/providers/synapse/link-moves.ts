import { faultText, type FaultText } from '#base/fault-text.ts';
import type { Fault } from '#base/fault.ts';
import { askedLinkState, type LinkEvent, nextLinkState, wantedOf } from '#replication/link-state.ts';
import { slotName } from './link-places.ts';
import { mostTables } from './link-table-shape.ts';
import { happened, type LinkRecord, type RecordChange } from './link-record.ts';

/** What people ask of a link. */
export type LinkAsk = 'start' | 'stop' | 'pause' | 'resume';

/** With what a record is moved. */
export interface MoveContext {
  /** The link's id. */
  readonly link: string;
  /** ISO 8601, UTC. */
  readonly at: string;
  /** A GUID, for a run that begins. */
  readonly newId: string;
}

const said: Readonly<Record<LinkAsk, string>> = {
  start: 'Start was asked for: every table is copied.',
  stop: 'Stop was asked for: the place in the source is given up.',
  pause: 'Pause was asked for: the place in the source is kept.',
  resume: 'Resume was asked for.',
};

/** Fault: `LinkStateConflict` (conflict). */
export function asked(ask: LinkAsk, context: MoveContext & { readonly name: string }): (record: LinkRecord) => LinkRecord {
  const { at, name } = context;
  return (record) => {
    const state = askedLinkState(name, record.state, ask);
    const moved = happened({ ...record, state }, at, said[ask]);
    if (ask === 'start') return { ...begun(moved, context, []), startedAt: at, stoppedAt: null, filled: [], fault: null };
    if (ask === 'resume' && record.suspended !== null) return anew(moved, context);
    return moved;
  };
}

/** A run from the beginning, over the tables that are the link's own. */
function anew(record: LinkRecord, context: MoveContext): LinkRecord {
  const next = begun(record, context, record.filled);
  return happened({ ...next, fault: null }, context.at, 'Its place was given up before: every table is copied anew.');
}

function begun(record: LinkRecord, { link, newId }: MoveContext, over: readonly string[]): LinkRecord {
  const run = { id: newId, number: record.runs + 1, slot: slotName(link, newId), over };
  return { ...record, run, runs: run.number, suspended: null, recopy: [], abandoned: false, faulty: {}, whole: false };
}

/** What came true, or stopped being so. Undefined where that changes nothing. */
export function moved(event: LinkEvent, context: Pick<MoveContext, 'at'>, text: string): RecordChange {
  return (record) => {
    const state = nextLinkState(record.state, event);
    if (state === undefined || state === record.state) return undefined;
    const next = happened({ ...record, state }, context.at, text);
    return state === 'Stopped' ? { ...next, stoppedAt: context.at } : next;
  };
}

/** Why it does not go as asked; undefined: it does. Undefined where that is known already. */
export function troubled(trouble: Fault | FaultText | undefined, context: Pick<MoveContext, 'at'>): RecordChange {
  return (record) => {
    if (record.fault?.code === trouble?.code && record.fault?.message === trouble?.message) return undefined;
    if (trouble === undefined) return happened({ ...record, fault: null }, context.at, 'It goes on.');
    return happened({ ...record, fault: plain(trouble) }, context.at, trouble.message, trouble.code);
  };
}

function plain(trouble: Fault | FaultText): FaultText {
  const { kind, code, message, target, remedy } = faultText(trouble as Fault);
  return JSON.parse(JSON.stringify({ kind, code, message, target, remedy })) as FaultText;
}

/** It gives its place up, to protect the source or because the place is no more. `byItself`: it begins anew without being asked. */
export function suspended(trouble: Fault | FaultText, byItself: boolean, context: Pick<MoveContext, 'at'>): RecordChange {
  return (record) => {
    if (record.suspended !== null || wantedOf(record.state) === 'release' || wantedOf(record.state) === 'nothing') return undefined;
    const running = wantedOf(record.state) === 'run';
    const state = running ? nextLinkState(record.state, 'pause')! : record.state;
    const next = { ...record, state, suspended: { fault: plain(trouble), byItself: byItself && running } };
    return happened(next, context.at, trouble.message, trouble.code);
  };
}

/** What was given up by the link itself is begun anew. */
export function resumedByItself(context: MoveContext): RecordChange {
  return (record) => {
    if (record.suspended?.byItself !== true || record.state !== 'Paused') return undefined;
    const state = nextLinkState(record.state, 'resume')!;
    return anew(happened({ ...record, state }, context.at, 'Resumed by itself, as its log budget says.'), context);
  };
}

/** A worker of the run is about to be started: from now on it may have made something at the source. */
export function owing(slot: string): RecordChange {
  return (record) => (record.owed.includes(slot) ? undefined : { ...record, owed: [...record.owed, slot] });
}

export function givenBack(slot: string): RecordChange {
  return (record) => (record.owed.includes(slot) ? { ...record, owed: record.owed.filter((one) => one !== slot) } : undefined);
}

/** The pool has the names of tables from workers, which are not to be trusted: so many are kept, and none that is longer than names of sources are. */
const mostFilled = 2 * mostTables;
const longestName = 600;

/** Rows of these tables are in the pool because of the link. */
export function filling(tables: readonly string[]): RecordChange {
  return (record) => {
    const known = new Set(record.filled);
    const grown = tables.filter((table) => !known.has(table) && table.length <= longestName).slice(0, Math.max(0, mostFilled - known.size));
    return grown.length === 0 ? undefined : { ...record, filled: [...record.filled, ...grown] };
  };
}
