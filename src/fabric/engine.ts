import type { Dialer } from '#base/dialer.ts';
import type { Fault } from '#base/fault.ts';
import type { Door } from './doors.ts';
import type { Path } from './path.ts';
import type { FabricPlan, HostPort } from './plan.ts';

/**
 * Makes a plan true. `engine.contract.ts` is the suite that every engine passes.
 * Nothing of a plan passes before its `apply` has resolved, and nothing that a plan no longer allows after.
 */
export interface FabricEngine extends AsyncDisposable {
  readonly kind: 'userspace' | 'kernel';
  /**
   * Takes the whole plan, in place of the one before. Connections that both plans allow, by the same way, go on undisturbed; the live ones of an
   * endpoint that is no longer approved, or leads elsewhere, are cut before it resolves. Calls are taken one after the other; the same plan again
   * changes nothing. Throws before anything is changed, or not at all.
   * Faults: `PlanWrong` (bug), `PortInUse` and `PortNotAllowed` (conflict) naming address and port, with the endpoint's id as the target of a detail.
   */
  apply(plan: FabricPlan): Promise<void>;
  /**
   * Opens connections from inside a segment: to an endpoint's address or names, and where the segment's egress is open to anywhere. Refusals are
   * the same faults that `explain` gives. `asker` says for whom, in events and counters: `link shop of workspace w`.
   */
  dialer(segment: string, asker?: string): Dialer;
  /** What is open in a segment now: each port of each approved endpoint. Changes with `applied` events only. */
  doors(segment: string): readonly Door[];
  /** Whether the segment also lets connections out to anywhere. */
  isOpen(segment: string): boolean;
  /**
   * The way as it is at this moment, hop by hop, or where it ends and why; names are resolved and the target is connected to once. Of a backend that is
   * not yet probed a connection is tried, as long as none is known to be up. With an `asker` a refusal counts, and is told, as that of a dial:
   * for whoever asks first and does not dial then.
   */
  explain(ask: PathAsk): Promise<Path>;
  /** What a connection would be refused with if nothing but endpoints were let out of the segment, as the plan is now; undefined: it would go on. */
  ifClosed(ask: PathAsk): Fault | undefined;
  /** Where an endpoint listens on this host, for programs that have no dialer: `127.64.0.5:1433`. Undefined: nowhere at the moment. */
  listening(endpoint: string, port: number): { readonly host: string; readonly port: number } | undefined;
  /** All of the endpoint's ports that listen at the moment, in order, and where. */
  listeners(endpoint: string): readonly { readonly port: number; readonly at: { readonly host: string; readonly port: number } }[];
  /** What is known of a backend by its probe. */
  health(probe: string, backend: string): BackendHealth;
  counters(): readonly Counter[];
  /** What the connections of one asker moved since the engine began, by where they led. Of askers only the latest thousand are kept. */
  passed(segment: string, asker: string): Passed;
  /** The live connections of an endpoint, oldest first. Those that were dropped in silence are none. */
  sessions(endpoint: string): readonly Session[];
  /**
   * Cuts a live connection of an endpoint, or all of them, at once: no byte passes after it returns. Its end inside gets the fault `SessionCut`
   * (unreachable). The way stays open. Tells a `cut` event where there was something to cut. Returns how many there were.
   */
  cut(endpoint: string, session?: string): number;
  /**
   * Joins a network namespace of this host to a segment. From then on what a program in it sends reaches those doors of the segment that are
   * `direct`, by their own addresses, and nothing else; what else it sends is refused, counted as the asker's and told of as `refused`. Only
   * engines that carry packets can. Faults: `SegmentNotFound` (missing), `KernelCommandFailed` (unsupported); then nothing is joined.
   */
  readonly attach?: (network: NetworkAsk) => Promise<AttachedNetwork>;
  /** What happens, from now on. Listeners are quick and never throw. Returns what ends it. */
  onEvent(listener: (event: FabricEvent) => void): () => void;
}

/** A network namespace that is to stand in a segment. It has no interface but its loopback yet. */
export interface NetworkAsk {
  readonly segment: string;
  /** Of any process in it. */
  readonly pid: number;
  /** Whose its connections are, as of `dialer`. */
  readonly asker: string;
}

/** A joined network. Disposing parts it at once, if it is still there; with the namespace it ends by itself. */
export interface AttachedNetwork extends AsyncDisposable {
  /** Its own in the network, IPv4. */
  readonly address: string;
  /** Where names of the segment are asked, by UDP on port 53: an IPv4 address. */
  readonly resolver: string;
  /** Whose its connections are from now on. */
  rename(asker: string): void;
}

/** What connections of one asker moved. Bytes are of TCP's payload, as in counters. */
export interface Passed {
  /** By endpoint, ordered; with `endpoint` undefined what led out of the network. */
  readonly ways: readonly {
    readonly endpoint: string | undefined;
    readonly connections: number;
    readonly open: number;
    readonly bytesIn: number;
    readonly bytesOut: number;
  }[];
  /** Connections that were refused; of an attached network also whatever else it sent that had no way. */
  readonly refused: number;
}

/** From a segment to a name or an address, and a port. */
export interface PathAsk {
  readonly segment: string;
  readonly host: string;
  readonly port: number;
  readonly asker?: string | undefined;
}

export interface BackendHealth {
  readonly state: 'up' | 'down' | 'unknown';
  /** Why it is down, or unknown: one sentence. */
  readonly reason: string | undefined;
  /** Milliseconds since 1970. */
  readonly sinceMs: number;
}

/**
 * Totals since the engine began, for an endpoint, a service, a rule, a backend, a forwarder's rule (`ID#PORT`) or an asker (`SEGMENT#ASKER`). They
 * never go back. Of askers only the latest thousand are kept.
 */
export interface Counter {
  readonly of: 'endpoint' | 'service' | 'rule' | 'backend' | 'forward' | 'asker';
  readonly id: string;
  readonly connections: number;
  readonly open: number;
  readonly refused: number;
  /** From the client's side to the database's, and back. */
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** Of connects to the database: how many, and milliseconds together. */
  readonly connects: number;
  readonly connectMs: number;
}

/** One live connection of an endpoint. */
export interface Session {
  /** Of no other connection, of other engines neither. */
  readonly id: string;
  /** `connecting`: it is let in, and has not reached the database yet. */
  readonly state: 'connecting' | 'open';
  /** Milliseconds since 1970. */
  readonly sinceMs: number;
  /** For whom it was dialled from inside; undefined: nobody said, or it came by a listener. */
  readonly asker: string | undefined;
  /** Who connected to the listener; undefined: it was dialled from inside. */
  readonly client: HostPort | undefined;
  /** Of the endpoint. */
  readonly port: number;
  /** The service it goes to, as the plan has it. */
  readonly service: string | undefined;
  /** Undefined: it goes to a database without balancer. */
  readonly backend: string | undefined;
  readonly target: HostPort;
  /** As in counters, of this connection. */
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** Since the last byte, as exactly as the engine looks at idle connections. */
  readonly idleMs: number;
}

/** Why a connection is refused, without the sentence. */
export interface Denial {
  readonly code: string;
  /** What denies it: a resource's id, or a host. */
  readonly rule: string | undefined;
  readonly remedy: string | undefined;
  /** A rule of the network stands against it; otherwise nobody answered, or nobody knows the name outside. */
  readonly isRule: boolean;
}

/** From a segment to a host and port, as asked. `asker`: see `dialer`; undefined: nobody said, or it came by a listener. */
export interface Attempt {
  readonly segment: string;
  readonly host: string;
  readonly port: number;
  readonly asker: string | undefined;
}

export type FabricEvent =
  | ({ readonly kind: 'refused'; readonly endpoint: string | undefined } & Attempt & Denial)
  /** A dial reached its target without leaving the network. */
  | ({ readonly kind: 'allowed'; readonly endpoint: string | undefined } & Attempt)
  /** A dial reached a target outside of the network. `wouldBe`: what `none` would have refused it with, where the segment's egress is `report`. */
  | ({ readonly kind: 'outside'; readonly wouldBe: Denial | undefined } & Attempt)
  | { readonly kind: 'cut'; readonly endpoint: string; readonly connections: number; readonly code: string }
  | { readonly kind: 'health'; readonly probe: string; readonly backend: string; readonly health: BackendHealth }
  | { readonly kind: 'resolved'; readonly forwarder: string; readonly host: string; readonly addresses: readonly string[] }
  /** Another plan is in force, or an approval has ended: `doors` and `isOpen` may answer otherwise than before. */
  | { readonly kind: 'applied' };
