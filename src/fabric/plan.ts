/**
 * The network as data: what `compile` makes of all network resources, and all that an engine needs. Pure and whole: an engine takes the plan as
 * it is and makes it true. Ids are the resources' keys (lower-case ids), addresses IPv4 texts. Lists are ordered by id, so that the same
 * resources give the same plan.
 */
export interface FabricPlan {
  readonly segments: readonly Segment[];
  readonly endpoints: readonly Endpoint[];
  readonly services: readonly Service[];
  readonly balancers: readonly Balancer[];
  readonly forwarders: readonly Forwarder[];
  /** Ordered by id and name. */
  readonly publicServers: readonly PublicServer[];
  /** What connections of this host are seen as coming from, outside: IPv4. */
  readonly publicAddresses: readonly string[];
}

/** No network at all. */
export const emptyPlan: FabricPlan = {
  segments: [],
  endpoints: [],
  services: [],
  balancers: [],
  forwarders: [],
  publicServers: [],
  publicAddresses: [],
};

/**
 * What of a segment may be reached beside approved endpoints and its own network: `none`, as with data exfiltration protection; `open`: anything;
 * `report`: anything too, but every connection that `none` would refuse is told of, with that refusal.
 */
export type EgressMode = 'none' | 'report' | 'open';

/** An address space with an owner. Address spaces may overlap: an address means something only within its segment. */
export interface Segment {
  readonly id: string;
  readonly kind: 'virtual-network' | 'managed';
  readonly egress: EgressMode;
  /** Names of private zones linked to the segment, in lower case. They win over everything but endpoints' own names. */
  readonly names: readonly NameRecord[];
}

export interface NameRecord {
  readonly name: string;
  readonly addresses: readonly string[];
}

export type EndpointState = 'Approved' | 'Pending' | 'Rejected' | 'Disconnected';

/** A private endpoint: an address of a segment that leads to one service, once the service's owner has approved. */
export interface Endpoint {
  readonly id: string;
  readonly segment: string;
  readonly address: string;
  readonly state: EndpointState;
  /** Names that mean this endpoint within the segment, in lower case; with a port where only that port is meant. */
  readonly names: readonly { readonly name: string; readonly port: number | undefined }[];
  /** The service's id; undefined: it is not there (any more). */
  readonly service: string | undefined;
  /** Names the connection everywhere: in PROXY v2 as TLV 0xEE/0x01, in counters. Unique, 32 bits. */
  readonly linkId: number;
  /** When the approval ends, milliseconds since 1970. The engine lets nothing through afterwards, whatever else happens. */
  readonly expiresAtMs: number | undefined;
}

/** What endpoints lead to. */
export type Service =
  /** A private link service in front of a balancer's frontend. */
  | {
      readonly kind: 'balanced';
      readonly id: string;
      /** Consumers are seen as coming from these; one is chosen by hash. */
      readonly natAddresses: readonly string[];
      /** A PROXY protocol v2 header comes first on each connection to a backend. */
      readonly proxyProtocol: boolean;
      readonly balancer: string;
      readonly frontend: string;
    }
  /** A database server that takes private endpoints itself. */
  | {
      readonly kind: 'database';
      readonly id: string;
      readonly target: HostPort;
      /** The ports on which it is reached through an endpoint. */
      readonly ports: readonly number[];
    };

export interface HostPort {
  readonly host: string;
  readonly port: number;
}

export interface Balancer {
  readonly id: string;
  readonly segment: string;
  readonly frontends: readonly { readonly name: string; readonly address: string }[];
  readonly rules: readonly BalancerRule[];
  readonly probes: readonly Probe[];
}

export interface BalancerRule {
  readonly id: string;
  readonly name: string;
  readonly frontend: string;
  /** 0: any port, and the backend port is the same (HA ports). */
  readonly frontendPort: number;
  readonly backendPort: number;
  readonly backends: readonly Backend[];
  /** A probe's id; undefined: every backend counts as healthy. */
  readonly probe: string | undefined;
  /** What the choice of a backend depends on: source and target with ports and protocol; source and target with protocol; source and target. */
  readonly distribution: '5-tuple' | '3-tuple' | '2-tuple';
  readonly idleMs: number;
  /** Idle connections are reset at both ends; otherwise they are dropped silently. */
  readonly tcpReset: boolean;
  readonly whenNoneHealthy: 'AllProbedDown' | 'AllProbedUp';
}

export interface Backend {
  /** The key of the network interface's ip configuration. */
  readonly id: string;
  readonly address: string;
  /** What stands behind the address; undefined: nothing that answers. */
  readonly forwarder: string | undefined;
  /** `Up`: always taken; `Down`: no new connections; `None`: as the probe says. */
  readonly admin: 'None' | 'Up' | 'Down';
}

export interface Probe {
  readonly id: string;
  readonly name: string;
  /** Beside Azure's: what a server of that protocol answers to a first message. */
  readonly protocol: 'tcp' | 'http' | 'https' | 'postgresql' | 'mysql' | 'tds';
  readonly port: number;
  /** For http and https. */
  readonly path: string | undefined;
  readonly intervalMs: number;
  /** So many answers alike in a row make a backend healthy or not. */
  readonly threshold: number;
}

/** A host that passes ports on to databases' host names. */
export interface Forwarder {
  readonly id: string;
  readonly segment: string;
  readonly addresses: readonly string[];
  readonly running: boolean;
  readonly rules: readonly ForwardRule[];
}

export interface ForwardRule {
  readonly port: number;
  readonly to: HostPort;
}

/** Where managed instances listen for everybody. Rule: https://learn.microsoft.com/azure/azure-sql/managed-instance/public-endpoint-configure */
export const managedInstancePort = 3342;

/** A host name that a database server has for everybody. Segments that let connections out reach it by that, unless an endpoint of theirs has the name. */
export interface PublicServer {
  /** The server's; a server may have several names. */
  readonly id: string;
  /** In lower case; unique. */
  readonly name: string;
  readonly product: 'sql' | 'managed-instance' | 'postgresql' | 'mysql';
  readonly port: number;
  /** Undefined: the server stands for no database. */
  readonly target: HostPort | undefined;
  /** `disabled`: by its owner; `none`: the name is one that nobody outside of the server's own network may use. */
  readonly access: 'enabled' | 'disabled' | 'none';
  /** Ranges of addresses that are let in, 0.0.0.0 to 0.0.0.0 being services of the cloud; undefined: it has no firewall. Ordered by id. */
  readonly firewall: readonly FirewallRange[] | undefined;
}

export interface FirewallRange {
  readonly id: string;
  readonly name: string;
  readonly from: string;
  readonly to: string;
}
