/** Connections of one kind: the same host, port, asker and code. */
export interface EgressRecord {
  readonly host: string;
  readonly port: number;
  /** For whom: `link shop of workspace w`. */
  readonly asker?: string;
  /** Why it is refused, what refuses it (an id or a host), and what would mend it. */
  readonly code?: string;
  readonly rule?: string;
  readonly remedy?: string;
  readonly count: number;
  /** ISO 8601. */
  readonly first: string;
  readonly last: string;
}

/** What left a network, or tried to. Each list begins with what happened last. */
export interface EgressReport {
  /** ISO 8601: nothing before is known. */
  readonly since: string;
  /** Was refused. */
  readonly denied: readonly EgressRecord[];
  /** Of what was let out: what the network would refuse now if nothing were let out any more. */
  readonly wouldBreak: readonly EgressRecord[];
  /** Was let out of the network. */
  readonly outside: readonly EgressRecord[];
}

/** Tells what left a network, by the network's key. */
export type EgressReporter = (segment: string) => Promise<EgressReport>;
