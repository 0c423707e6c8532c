/** A command that a forwarder carries out. Nothing else is. */
export type Command =
  /** `ip_fwd.sh -i -f -a -b`, and with `-r` away again. */
  | {
      readonly kind: 'forward' | 'forward-no-more';
      readonly device: string;
      readonly port: number;
      readonly host: string;
      readonly toPort: number;
    }
  /** `iptables -t nat -L`. */
  | ({ readonly kind: 'list-rules' } & RuleListing)
  /** `iptables -t nat -D PREROUTING N`. */
  | { readonly kind: 'delete-rule'; readonly number: number }
  /** `iptables -t nat -F`. */
  | { readonly kind: 'delete-rules' }
  /** `sysctl net.ipv4.ip_forward`; `bare`: only the value. */
  | { readonly kind: 'show-forwarding'; readonly bare: boolean }
  /** `set -e`. */
  | { readonly kind: 'stop-at-failure' }
  /** Something that has nothing to do here. */
  | { readonly kind: 'note'; readonly text: string };

export interface RuleListing {
  /** Undefined: all of the table. */
  readonly chain: 'PREROUTING' | 'POSTROUTING' | undefined;
  readonly verbose: boolean;
  readonly numbered: boolean;
  /** Counters in full, not in thousands. */
  readonly exact: boolean;
}

/** Why a line is not carried out, as its program would say it. */
export interface Refused {
  readonly refused: string;
  /** As the program, or the shell (127: there is no such command), would end with. */
  readonly exit: number;
}

export function refusal(refused: string, exit = 1): Refused {
  return { refused, exit };
}

/** For messages: what a client wrote, cut, on one line. */
export function quoted(text: string): string {
  const shown = text.replace(/\p{Cc}/gu, '?');
  return `'${shown.length <= 60 ? shown : `${shown.slice(0, 60)}…`}'`;
}
