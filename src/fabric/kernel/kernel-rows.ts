import { must } from '#base/fault.ts';
import { openPorts } from '../doors.ts';
import { hashText, mix } from '../hash.ts';
import type { Endpoint, HostPort, Service } from '../plan.ts';
import { sameValue } from '../same-value.ts';
import { backendOf, preferredBackends, type RouteState } from '../choose.ts';
import type { RuleTable, Tables } from '../tables.ts';
import type { RangePart } from './address-range.ts';
import { slotCount, type KernelBackend, type KernelDoor, type KernelNic, type KernelRule, type KernelTable } from './kernel-table.ts';

/** What the kernel's rows depend on beside the plan. */
export interface RowsState extends RouteState {
  readonly nics: readonly KernelNic[];
  readonly numbers: KernelNumbers;
  readonly entries: RangePart;
  /** Where the hub reaches a target, and from where, given the backend's key; undefined: nowhere at the moment. */
  reach(target: HostPort, backend: string): Pick<KernelBackend, 'target' | 'source'> | undefined;
}

/** Numbers of what the kernel knows by number only: given by its key, the same on every start as long as no two meet. */
export class KernelNumbers {
  readonly #byKey = new Map<string, number>();
  readonly #keys = new Map<number, string>();

  of(key: string): number {
    const known = this.#byKey.get(key);
    if (known !== undefined) return known;
    // 1 is the host's own.
    let number = 2 + (hashText(key) % 0x7fff_fff0);
    while (this.#keys.has(number)) number += 1;
    this.#byKey.set(key, number);
    this.#keys.set(number, key);
    return number;
  }

  keyOf(number: number): string | undefined {
    return this.#keys.get(number);
  }
}

/** The number that an endpoint's packets carry. */
export function linkNumber({ linkId }: Pick<Endpoint, 'linkId'>): number {
  return linkId === 0xffff_ffff ? 0x8000_0000 : linkId + 1;
}

/** Carried by the kernel: all but what begins with a header, which only a relay can write. */
export function isCarried(tables: Tables, { service }: Pick<Endpoint, 'service'>): boolean {
  const found = tables.services.get(service ?? '');
  return found !== undefined && (found.kind === 'database' || !found.proxyProtocol);
}

/** So much longer the kernel keeps a connection that is to be reset. */
const resetWithinSeconds = 30;

/** The key of what stands behind a rule: one of its backends, with the port that its forwarder passes on. */
function backendKey(backend: string, port: number): string {
  return `backend ${backend}#${port}`;
}

/** What rows there are to be. Those that were there before, and are to be as they were, are the same objects. */
export function kernelRows(tables: Tables, state: RowsState, before: KernelTable): KernelTable {
  const doors: KernelDoor[] = [];
  const rules = new Map<number, KernelRule>();
  const backends = new Map<number, KernelBackend>();
  const segments = remembered((segment) => state.numbers.of(`segment ${segment}`));
  const carried = remembered((service) => {
    const ports = isCarried(tables, { service }) ? new Map<number, number | undefined>() : undefined;
    return { ports, service: must(tables.services.get(service), 'a door of a service that is there') };
  });
  for (const [id, open] of openPorts(tables, state.nowMs)) {
    const { endpoint } = must(tables.endpoints.get(id), 'a door of an endpoint that is there');
    const { ports, service } = carried(endpoint.service ?? '');
    if (ports === undefined) continue;
    for (const port of open) {
      if (!ports.has(port)) ports.set(port, ruleOf(tables, state, { service, port, rules, backends }));
      const rule = ports.get(port);
      if (rule === undefined) continue;
      const place = { segment: segments(endpoint.segment), address: endpoint.address };
      doors.push({ ...place, entry: state.entries.of(id, hashText), port, link: linkNumber(endpoint), rule, endsMs: endpoint.expiresAtMs });
    }
  }
  return {
    nics: kept(before.nics, state.nics, ({ name }) => name),
    // Of numbers: there are many.
    doors: kept(before.doors, doors, ({ link, port }) => link * 65_536 + port),
    rules: kept(before.rules, [...rules.values()], ({ number }) => number),
    backends: kept(before.backends, [...backends.values()], ({ number }) => number),
  };
}

function kept<T>(before: readonly T[], now: readonly T[], keyOf: (one: T) => number | string): readonly T[] {
  const known = new Map(before.map((one) => [keyOf(one), one]));
  return now.map((one) => {
    const old = known.get(keyOf(one));
    return old !== undefined && sameValue(old, one) ? old : one;
  });
}

function remembered<V>(make: (key: string) => V): (key: string) => V {
  const known = new Map<string, V>();
  return (key) => {
    const found = known.get(key) ?? make(key);
    known.set(key, found);
    return found;
  };
}

interface Wanted {
  readonly service: Service;
  readonly port: number;
  readonly rules: Map<number, KernelRule>;
  readonly backends: Map<number, KernelBackend>;
}

/** The number of what takes a port of a service; made once for all endpoints that lead there. */
function ruleOf(tables: Tables, state: RowsState, { service, port, rules, backends }: Wanted): number | undefined {
  if (service.kind === 'database') {
    const number = state.numbers.of(`database ${service.id}#${port}`);
    const one = backendRow(state, `database ${service.id}`, service.target, backends);
    rules.set(number, { number, by: 'ports', slots: Array.from({ length: slotCount }, () => one), idleSeconds: 0, tcpReset: false });
    return number;
  }
  const ports = tables.balancers.get(service.balancer)?.rules.get(service.frontend);
  const table = ports?.get(port) ?? ports?.get(0);
  if (table === undefined) return undefined;
  const number = state.numbers.of(`rule ${table.rule.id}#${port}`);
  if (!rules.has(number)) rules.set(number, balancedRow(tables, state, { table, port, number, backends }));
  return number;
}

interface Balanced {
  readonly table: RuleTable;
  readonly port: number;
  readonly number: number;
  readonly backends: Map<number, KernelBackend>;
}

function balancedRow(tables: Tables, state: RowsState, { table, port, number, backends }: Balanced): KernelRule {
  const { rule } = table;
  const backendPort = rule.frontendPort === 0 ? port : rule.backendPort;
  const preferred = preferredBackends({ tables, state }, table, backendPort).filter(({ backend }) => {
    const forwarder = tables.forwarders.get(backend.forwarder ?? '');
    return forwarder?.forwarder.running === true && forwarder.rules.has(backendPort);
  });
  const slots =
    preferred.length === 0
      ? []
      : Array.from({ length: slotCount }, (_, slot) => {
          const backend = must(backendOf(preferred, mix(number, slot)), 'one of several');
          const forward = must(tables.forwarders.get(backend.forwarder ?? '')?.rules.get(backendPort), 'a forwarder that passes on');
          return backendRow(state, backendKey(backend.id, backendPort), forward.to, backends);
        });
  const by = rule.distribution === '5-tuple' ? 'ports' : 'addresses';
  // Who is to be reset must not be forgotten before: that is the control process's to do, and later than the kernel would.
  const idleSeconds = Math.ceil(rule.idleMs / 1_000) + (rule.tcpReset && rule.idleMs > 0 ? resetWithinSeconds : 0);
  return { number, by, slots, idleSeconds, tcpReset: rule.tcpReset };
}

/** A target that is nowhere at the moment keeps its number: connections to it are refused. */
function backendRow(state: RowsState, key: string, to: HostPort, backends: Map<number, KernelBackend>): number {
  const number = state.numbers.of(key);
  if (backends.has(number)) return number;
  const reached = state.reach(to, key);
  if (reached !== undefined) backends.set(number, { number, ...reached });
  return number;
}
