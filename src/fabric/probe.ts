import type { Clock } from './clock.ts';
import type { BackendHealth } from './engine.ts';
import { shortName } from './names.ts';
import type { Backend, Forwarder, HostPort, Probe } from './plan.ts';
import { probeOnce } from './probe-exchange.ts';
import { sameValue } from './same-value.ts';
import { sameMembers, type BalancerTable, type Tables } from './tables.ts';

/** A forwarder answers on its own ssh port as long as it runs: Azure's tutorial probes that. */
const forwarderPort = 22;
const longestTimeoutMs = 10_000;
/** Probes under way at the same time. */
const mostTogether = 32;

export interface ProberOptions {
  readonly clock: Clock;
  /** The addresses of a target's name; none: there are none, for the reason given. */
  readonly addresses: (host: string) => Promise<readonly string[]>;
  readonly onChange: (probe: string, backend: string, health: BackendHealth) => void;
}

/** One probe of one backend: all that its answer depends on. */
interface Task {
  readonly probe: Probe;
  readonly backend: Backend;
  readonly forwarder: Pick<Forwarder, 'id' | 'running'> | undefined;
  /** Where the forwarder passes the probe's port on to. */
  readonly target: HostPort | undefined;
}

interface Watch {
  task: Task;
  health: BackendHealth;
  /** Answers in a row that say the opposite of the health. */
  against: number;
  callOff: () => void;
}

/**
 * Asks the backends of all rules that have a probe, through their forwarders to the database. The first answer counts at once;
 * from then on it takes `threshold` alike in a row, both ways. When the question becomes another it is asked at once;
 * where another host stands behind the address, its first answer counts again.
 */
export class Prober {
  readonly #options: ProberOptions;
  readonly #watches = new Map<string, Watch>();
  /** What each balancer's probes are, and of which tables. */
  readonly #balancers = new Map<string, { readonly table: BalancerTable; readonly keys: Iterable<string> }>();
  #forwarders: Tables['forwarders'] = new Map();
  readonly #waiting: (() => void)[] = [];
  #underWay = 0;

  constructor(options: ProberOptions) {
    this.#options = options;
  }

  /** Takes the probes of a plan in place of those before. What is known of those that stay is kept. */
  update(tables: Tables): void {
    const forwardersStand = sameMembers(this.#forwarders, tables.forwarders);
    this.#forwarders = tables.forwarders;
    for (const [id, { keys }] of this.#balancers) {
      if (tables.balancers.has(id)) continue;
      this.#forget(keys, new Map());
      this.#balancers.delete(id);
    }
    for (const [id, table] of tables.balancers) {
      const before = this.#balancers.get(id);
      if (before?.table === table && forwardersStand) continue;
      const tasks = tasksOf(tables, table);
      this.#forget(before?.keys ?? [], tasks);
      this.#balancers.set(id, { table, keys: [...tasks.keys()] });
      this.#take(tasks);
    }
  }

  #forget(keys: Iterable<string>, kept: ReadonlyMap<string, Task>): void {
    for (const key of keys) {
      if (kept.has(key)) continue;
      this.#watches.get(key)?.callOff();
      this.#watches.delete(key);
    }
  }

  #take(tasks: ReadonlyMap<string, Task>): void {
    for (const [key, task] of tasks) {
      const watch = this.#watches.get(key);
      if (watch !== undefined && sameValue(watch.task, task)) continue;
      watch?.callOff();
      // What is known of one host says nothing of another.
      const known = watch?.task.forwarder?.id === task.forwarder?.id ? watch : undefined;
      const health: BackendHealth = known?.health ?? {
        state: 'unknown',
        reason: 'it is not probed yet.',
        sinceMs: this.#options.clock.now(),
      };
      const next: Watch = { task, health, against: known?.against ?? 0, callOff: () => undefined };
      this.#watches.set(key, next);
      this.#ask(key, next);
    }
  }

  health(probe: string, backend: string): BackendHealth {
    return this.#watches.get(keyOf(probe, backend))?.health ?? unknownHealth;
  }

  close(): void {
    for (const watch of this.#watches.values()) watch.callOff();
    this.#watches.clear();
    this.#balancers.clear();
  }

  #ask(key: string, watch: Watch): void {
    const known = knownAnswer(watch.task);
    if (known !== undefined) {
      this.#note(watch, known.reason);
      this.#again(key, watch);
      return;
    }
    void this.#askServer(key, watch);
  }

  async #askServer(key: string, watch: Watch): Promise<void> {
    if (this.#underWay >= mostTogether) await new Promise<void>((go) => this.#waiting.push(go));
    this.#underWay += 1;
    const reason = await this.#exchange(watch.task).finally(() => {
      this.#underWay -= 1;
      this.#waiting.shift()?.();
    });
    if (this.#watches.get(key) !== watch) return;
    this.#note(watch, reason);
    this.#again(key, watch);
  }

  async #exchange({ probe, target }: Task): Promise<string | undefined> {
    if (target === undefined) return undefined;
    const addresses = await this.#options.addresses(target.host);
    let reason: string | undefined = `the name ${target.host} has no address.`;
    const timeoutMs = Math.min(probe.intervalMs, longestTimeoutMs);
    for (const address of addresses) {
      reason = await probeOnce(probe, { host: address, port: target.port }, target, timeoutMs);
      if (reason === undefined) return undefined;
    }
    return reason;
  }

  #again(key: string, watch: Watch): void {
    watch.callOff = this.#options.clock.after(watch.task.probe.intervalMs, () => this.#ask(key, watch));
  }

  #note(watch: Watch, reason: string | undefined): void {
    const { health, task } = watch;
    const state = reason === undefined ? 'up' : 'down';
    if (state === health.state) {
      watch.against = 0;
      if (reason !== health.reason) watch.health = { ...health, reason };
      return;
    }
    watch.against += 1;
    if (health.state !== 'unknown' && watch.against < task.probe.threshold) return;
    watch.against = 0;
    watch.health = { state, reason, sinceMs: this.#options.clock.now() };
    this.#options.onChange(task.probe.id, task.backend.id, watch.health);
  }
}

const unknownHealth: BackendHealth = { state: 'unknown', reason: 'nothing probes it.', sinceMs: 0 };

/** The answer where nobody needs to be asked. No reason: healthy. */
function knownAnswer({ probe, backend, forwarder, target }: Task): { readonly reason: string | undefined } | undefined {
  if (forwarder === undefined) return { reason: `no host stands behind ${backend.address}.` };
  const name = shortName(forwarder.id);
  if (!forwarder.running) return { reason: `its forwarder ${name} is stopped.` };
  if (probe.protocol === 'tcp' && probe.port === forwarderPort) return { reason: undefined };
  return target === undefined
    ? { reason: `its forwarder ${name} forwards nothing on port ${probe.port}, which the probe asks.` }
    : undefined;
}

/** Only the probes that rules stand on. */
function tasksOf(tables: Tables, { balancer }: BalancerTable): ReadonlyMap<string, Task> {
  const tasks = new Map<string, Task>();
  const probes = new Map(balancer.probes.map((probe) => [probe.id, probe]));
  for (const rule of balancer.rules) {
    const probe = rule.probe === undefined ? undefined : probes.get(rule.probe);
    if (probe === undefined) continue;
    for (const backend of rule.backends) tasks.set(keyOf(probe.id, backend.id), taskOf(tables, probe, backend));
  }
  return tasks;
}

function taskOf(tables: Tables, probe: Probe, backend: Backend): Task {
  const table = backend.forwarder === undefined ? undefined : tables.forwarders.get(backend.forwarder);
  if (table === undefined) return { probe, backend, forwarder: undefined, target: undefined };
  const { id, running } = table.forwarder;
  return { probe, backend, forwarder: { id, running }, target: table.rules.get(probe.port)?.to };
}

function keyOf(probe: string, backend: string): string {
  return `${probe}\n${backend}`;
}
