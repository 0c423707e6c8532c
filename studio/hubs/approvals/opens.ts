/** What a connection opens, as `GET {connection}/opens` tells it. */
export interface Opens {
  readonly from: {
    readonly endpoint: string;
    /** Undefined: the network does not know the endpoint yet. */
    readonly network?: string;
    readonly kind?: 'virtual-network' | 'managed';
    readonly address?: string;
    readonly names?: readonly string[];
  };
  readonly to: { readonly id: string; readonly kind: 'balanced' | 'database' | 'unknown'; readonly balancer?: string };
  readonly ports: readonly OpenPort[];
}

export interface OpenPort {
  /** 0: any. */
  readonly port: number;
  readonly rule?: string;
  readonly to: readonly OpenTarget[];
}

export interface OpenTarget {
  readonly host: string;
  readonly port: number;
  readonly forwarder?: string;
  readonly running?: boolean;
}

export interface OpenWay {
  /** `1433`, or `any port`. */
  readonly port: string;
  /** `db.example:1433`, or why it leads nowhere now. */
  readonly leads: string;
  /** `by the rule sql and the forwarder vm-1`. */
  readonly by: string;
}

/** One line for each way: port, where it leads, and by what. */
export function waysOf({ ports }: Pick<Opens, 'ports'>): readonly OpenWay[] {
  return ports.flatMap(({ port, rule, to }) => {
    const shown = port === 0 ? 'any port' : String(port);
    const by = rule === undefined ? '' : `the rule ${rule}`;
    if (to.length === 0) return [{ port: shown, leads: 'nowhere yet: no forwarder behind it has a rule for it', by }];
    return to.map((one) => ({
      port: shown,
      leads: `${one.host}:${one.port}${one.running === false ? ' (its forwarder is stopped)' : ''}`,
      by: [by, one.forwarder === undefined ? '' : `the forwarder ${one.forwarder.split('/').at(-1)}`].filter(Boolean).join(' and '),
    }));
  });
}

/** `the managed network of the workspace shop`. */
export function networkWord({ network, kind }: Opens['from']): string {
  if (network === undefined) return 'a network that is not known here yet';
  const words = network.split('/');
  if (kind !== 'managed') return `the virtual network ${words.at(-1)}`;
  const noun = words.at(-4)?.toLowerCase() === 'factories' ? 'data factory' : 'workspace';
  return `the managed network of the ${noun} ${words.at(-3)}`;
}
