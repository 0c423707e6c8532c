/**
 * The network as nftables needs it: flat rows, by number. Made from a plan, the health of backends and the addresses of targets by `kernel-rows.ts`;
 * written by `ruleset.ts`. Numbers are 1 to 2^32-1, addresses IPv4, ports 1 to 65535.
 */
export interface KernelTable {
  /** Interfaces of the hub that workers are behind, each with the one address that it may send from. */
  readonly nics: readonly KernelNic[];
  /** One for each port of each approved endpoint. */
  readonly doors: readonly KernelDoor[];
  readonly rules: readonly KernelRule[];
  readonly backends: readonly KernelBackend[];
}

export interface KernelNic {
  readonly name: string;
  /** The segment's number. */
  readonly segment: number;
  readonly address: string;
}

export interface KernelDoor {
  /** The segment's number. */
  readonly segment: number;
  /** Within the segment. */
  readonly address: string;
  /** The same endpoint for programs of the host itself. */
  readonly entry: string;
  readonly port: number;
  /** The endpoint's number: every packet of its connections carries it. */
  readonly link: number;
  readonly rule: number;
  /** When the approval ends, milliseconds since 1970: the kernel lets nothing through afterwards, whoever is there to tell it. */
  readonly endsMs: number | undefined;
}

export interface KernelRule {
  readonly number: number;
  /** What the choice depends on: addresses and ports, or addresses alone. */
  readonly by: 'ports' | 'addresses';
  /** Backends' numbers, one for each value of the hash: `slotCount` of them, or none where no backend is to be taken. */
  readonly slots: readonly number[];
  /** Seconds after which a silent connection is forgotten; 0: the kernel's own five days. */
  readonly idleSeconds: number;
  /** Whoever sends on a forgotten connection is told by a reset; otherwise nothing answers. */
  readonly tcpReset: boolean;
}

export interface KernelBackend {
  readonly number: number;
  /** What the database sees its connections as coming from; with ports, where that address is others' too: see `uplink.ts`. */
  readonly source: KernelSource;
  readonly target: { readonly address: string; readonly port: number };
}

export interface KernelSource {
  readonly address: string;
  readonly ports: { readonly first: number; readonly last: number } | undefined;
}

/** How finely connections are spread over the backends of a rule. */
export const slotCount = 16;

/** No network at all. */
export const emptyTable: KernelTable = { nics: [], doors: [], rules: [], backends: [] };
