import type { Resource } from './resource.ts';
import type { ResourceReader } from './store.ts';

export type ConnectionStatus = 'Pending' | 'Approved' | 'Rejected' | 'Disconnected';

export interface ConnectionState {
  readonly status: ConnectionStatus;
  readonly description: string;
  readonly actionsRequired: string;
}

/** A consumer that asks for a connection: a private endpoint, or whatever else stands in a segment. */
export interface ConnectionRequest {
  /** The consumer's id. */
  readonly consumer: string;
  /** Of the connection; the same for every request of the consumer: `{name}.{guid}`. */
  readonly name: string;
  /** The target's id. */
  readonly target: string;
  readonly groupIds: readonly string[];
  readonly message: string;
  /** Never approved because of who asks. */
  readonly manual: boolean;
  /** Id of the principal that asks. */
  readonly by: string;
  /** Grows each time that the consumer asks anew. */
  readonly number: number;
  /** One that the consumer has already. */
  readonly linkId: number | undefined;
}

export interface Connection {
  /** Its id. */
  readonly id: string;
  /** Names it everywhere; of this consumer for as long as that is there. */
  readonly linkId: number;
}

/** What a consumer wants to lead to. */
export interface LinkTargetWish {
  readonly consumer: string;
  /** An id or an alias. */
  readonly named: string;
  /** Empty: none. */
  readonly groupId: string;
  /** It led there before: whether it is still to be seen does not matter then. */
  readonly kept: boolean;
  /** Where both stand in the body, for refusals. */
  readonly at: { readonly named: string; readonly groupId: string };
}

/** Connections as consumers see them, whichever provider serves them. The only one that writes them, beside their owners' decisions. */
export interface Connections {
  /**
   * Asks, where this request was not made yet. Approved at once where the target's list has the consumer's subscription, or, unless `manual`, who
   * asks may approve. Undefined: the target is not there, or about to go. Fault (unreachable): the former connection is still being removed.
   */
  ask(request: ConnectionRequest): Promise<Connection | undefined>;
  /** The connection is gone, whatever was decided about it. Nothing happens where it is gone already, or belongs to another consumer. */
  withdraw(id: string, consumer: string): Promise<void>;
  /**
   * For `check` of a consumer. Faults (invalid): `InvalidResourceReference`, `PrivateLinkTargetNotSupported`, `InvalidPrivateLinkGroupId`,
   * `PrivateEndpointConnectionCountLimitReached`.
   */
  check(wish: LinkTargetWish, resources: ResourceReader): Promise<void>;
  /** Where a connection stands now. Undefined: it is gone, or another consumer's. */
  state(id: string, consumer: string, resources: ResourceReader): Promise<ConnectionState | undefined>;
}

/**
 * Resources that are there and not about to go, by type and by key, ordered by key. What is about to go is there as long as something in its
 * group is that is to go too and needs the network until then: see `neededBy`.
 */
export interface PlanGround {
  of(type: string): readonly Resource[];
  get(id: string): Resource | undefined;
}

/** Networks that a provider keeps for workloads of its own, as the network's plan needs them. */
export interface ManagedNetworks {
  /** Types of the resources that they are made of. */
  readonly types: readonly string[];
  /** Types of resources that give something back over the network when they are deleted. */
  readonly neededBy?: readonly string[];
  /** Pure; ordered by id. */
  networks(ground: PlanGround): readonly ManagedNetwork[];
}

export interface ManagedNetwork {
  /** The segment: a key. */
  readonly id: string;
  /** What may be reached beside its endpoints: nothing; anything; anything, and what `none` would refuse is reported. */
  readonly egress: 'none' | 'report' | 'open';
  readonly endpoints: readonly ManagedEndpoint[];
}

/** A managed private endpoint that has asked for its connection. */
export interface ManagedEndpoint {
  readonly id: string;
  /** The id that it leads to. */
  readonly target: string;
  readonly connection: Connection;
  /** `name`, or `name,port` where only that port is meant; what it leads to adds its own. */
  readonly names: readonly string[];
}
