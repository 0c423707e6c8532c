import type { FaultText } from '#base/fault-text.ts';
import { wantedOf } from '#replication/link-state.ts';
import { happenedTo, type LinkHappening, type LinkRecord, type RecordChange } from './link-record.ts';
import { nameOf } from './link-tables.ts';
import { tableStates, type LinkSeen } from './link-view.ts';
import type { PoolAlteration } from './pool-host.ts';

/** Beyond so many that fare the same at once they are told together. */
const mostLines = 3;
const longestList = 200;

interface Moved {
  readonly table: string;
  /** Null: it replicates again. */
  readonly fault: Pick<FaultText, 'code' | 'message'> | null;
}

/**
 * What happened to tables since the timeline was written last: one that does not replicate any more and why, one that does again, all that do, and
 * those that were altered at the source. Undefined where there is nothing new.
 */
export function tableNews(seen: LinkSeen, at: string): RecordChange {
  return (record) => {
    const { report, standing } = seen.pool;
    if (record.run?.id !== seen.record.run?.id) return undefined;
    // While it does not run, or nothing is known of the pool, tables are as they were.
    if (report === undefined || standing !== 'running' || wantedOf(record.state) !== 'run' || record.suspended !== null) return undefined;
    const altered = (report.alterations ?? []).filter(({ atMs }) => atMs > (record.alteredMs ?? 0));
    const stateOf = tableStates({ ...seen, record });
    const tables = (seen.link.properties.linkTables ?? []).map((table) => ({ table: nameOf(table.source), ...stateOf(table) }));
    const faulty: Record<string, string> = {};
    const moved: Moved[] = [];
    for (const { table, state, fault } of tables) {
      const before = own(record.faulty, table);
      if (fault !== undefined) {
        faulty[table] = fault.code;
        if (before !== fault.code) moved.push({ table, fault });
      } else if (before !== undefined && state === 'Replicating') moved.push({ table, fault: null });
      // What was in its way is gone, but it is not there yet.
      else if (before !== undefined) faulty[table] = before;
    }
    const copies = tables.some(({ state, fault }) => fault === undefined && state !== 'Replicating');
    const isWhole = tables.length > 0 && tables.every(({ state }) => state === 'Replicating');
    const tellsWhole = isWhole && !record.whole;
    const whole = (record.whole || isWhole) && !copies;
    if (moved.length + altered.length === 0 && whole === record.whole && sameKeys(faulty, record.faulty)) return undefined;
    let next: LinkRecord = { ...record, faulty, whole, alteredMs: altered.at(-1)?.atMs ?? record.alteredMs };
    for (const one of altered) next = happenedTo(next, alteredLine(one));
    for (const line of linesOf(moved)) next = happenedTo(next, { at, ...line });
    return tellsWhole ? happenedTo(next, { at, text: wholeText(tables.length), code: null, table: '' }) : next;
  };
}

function wholeText(count: number): string {
  return count === 1 ? 'Its table replicates.' : `All ${count} tables replicate.`;
}

type Line = Pick<LinkHappening, 'text' | 'code' | 'table'>;

function linesOf(moved: readonly Moved[]): readonly Line[] {
  const alike = new Map<string, Moved[]>();
  for (const one of moved) {
    const key = one.fault?.code ?? '';
    const group = alike.get(key);
    if (group === undefined) alike.set(key, [one]);
    else group.push(one);
  }
  return [...alike.values()].flatMap((group) => (group.length > mostLines ? [together(group)] : group.map(alone)));
}

function alone({ table, fault }: Moved): Line {
  if (fault === null) return { text: `${table} replicates again.`, code: null, table };
  const isNamed = fault.message.startsWith(table);
  return { text: isNamed ? fault.message : `${table}: ${fault.message}`, code: fault.code, table };
}

function together(group: readonly Moved[]): Line {
  const { fault } = group[0]!;
  const names = group
    .slice(0, mostLines)
    .map(({ table }) => table)
    .join(', ')
    .slice(0, longestList);
  const which = `${group.length} tables (${names} …)`;
  return fault === null
    ? { text: `${which} replicate again.`, code: null, table: '' }
    : { text: `${which} do not replicate. Of the first: ${fault.message}`, code: fault.code, table: '' };
}

function alteredLine({ table, atMs, added, removed, changed, anew }: PoolAlteration): Omit<LinkHappening, 'state'> {
  const said = [
    ...listed(added, 'was added', 'were added'),
    ...listed(removed, 'was removed', 'were removed'),
    ...changed.map(({ name, newName, type }) => {
      const named = newName === undefined ? '' : ` is now called ${newName}`;
      return `${name}${named}${type === undefined ? '' : `${named === '' ? '' : ' and'} is now ${type}`}`;
    }),
  ];
  const what = said.length === 0 ? 'its key or order of columns is another one' : said.join('; ');
  const text = `${table} was altered at the source: ${what}. ${anew ? 'It is copied anew.' : 'The table in the pool is altered too.'}`;
  return { at: new Date(atMs).toISOString(), text, code: null, table };
}

function listed(names: readonly string[], one: string, several: string): readonly string[] {
  return names.length === 0 ? [] : [`${names.join(', ')} ${names.length === 1 ? one : several}`];
}

function own(of: Readonly<Record<string, string>>, name: string): string | undefined {
  return Object.hasOwn(of, name) ? of[name] : undefined;
}

function sameKeys(a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): boolean {
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => own(b, key) === a[key]);
}
