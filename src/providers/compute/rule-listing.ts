import type { RuleListing } from './script/command.ts';

/** One rule, in the order in which it was made. */
export interface ListedRule {
  readonly device: string;
  readonly port: number;
  readonly host: string;
  readonly toPort: number;
  /** An address that the host is known to have. */
  readonly address: string | undefined;
  /** Connections that took it: the table sees the first packet of each. */
  readonly connections: number;
  /** All bytes of them, both ways. */
  readonly bytes: number;
}

const anywhere = '0.0.0.0/0';

/** What `iptables -t nat -L` prints of the rules, in its own format: tools that read that read this. */
export function ruleListing(rules: readonly ListedRule[], listing: RuleListing): string {
  const chains = listing.chain === undefined ? ['PREROUTING', 'INPUT', 'OUTPUT', 'POSTROUTING'] : [listing.chain];
  return chains.map((chain) => chainText(chain, rowsOf(chain, rules), listing)).join('\n');
}

interface Row {
  readonly target: string;
  readonly protocol: string;
  readonly in: string;
  readonly out: string;
  readonly rest: string;
  readonly packets: number;
  readonly bytes: number;
}

function rowsOf(chain: string, rules: readonly ListedRule[]): readonly Row[] {
  if (chain === 'PREROUTING') return rules.map(forwardRow);
  if (chain !== 'POSTROUTING') return [];
  return [...new Set(rules.map((rule) => rule.device))].map((device) => {
    const own = rules.filter((rule) => rule.device === device);
    const packets = own.reduce((sum, rule) => sum + rule.connections, 0);
    const bytes = own.reduce((sum, rule) => sum + rule.bytes, 0);
    return { target: 'MASQUERADE', protocol: 'all', in: '*', out: device, rest: '', packets, bytes };
  });
}

function forwardRow({ device, port, host, toPort, address, connections, bytes }: ListedRule): Row {
  const comment = address === undefined || address === host ? '' : ` /* ${host} */`;
  const rest = ` tcp dpt:${port}${comment} to:${address ?? host}:${toPort}`;
  return { target: 'DNAT', protocol: 'tcp', in: device, out: '*', rest, packets: connections, bytes };
}

function chainText(chain: string, rows: readonly Row[], listing: RuleListing): string {
  const { verbose, numbered, exact } = listing;
  const heads = [
    numbered ? 'num  ' : '',
    verbose ? (exact ? '    pkts      bytes ' : ' pkts bytes ') : '',
    `${'target'.padEnd(9)}  prot opt`,
    verbose ? ` ${'in'.padEnd(6)} ${'out'.padEnd(6)} ` : '',
    ` ${'source'.padEnd(19)}  ${'destination'.padEnd(19)} `,
  ];
  const policy = verbose ? '(policy ACCEPT 0 packets, 0 bytes)' : '(policy ACCEPT)';
  const lines = rows.map((row, at) => rowText(row, at + 1, listing));
  return [`Chain ${chain} ${policy}`, heads.join(''), ...lines, ''].join('\n');
}

function rowText(row: Row, number: number, { verbose, numbered, exact }: RuleListing): string {
  const counters = exact
    ? `${String(row.packets).padStart(8)} ${String(row.bytes).padStart(10)} `
    : `${shortNumber(row.packets)} ${shortNumber(row.bytes)} `;
  return [
    numbered ? `${String(number).padEnd(4)} ` : '',
    verbose ? counters : '',
    `${row.target.padEnd(9)}  ${row.protocol.padEnd(5)}-- `,
    verbose ? ` ${row.in.padEnd(6)} ${row.out.padEnd(6)} ` : '',
    ` ${anywhere.padEnd(19)}  ${anywhere.padEnd(19)} `,
    row.rest,
  ].join('');
}

/** As iptables writes counters: five digits at most, then thousands (K), millions (M) … */
function shortNumber(value: number): string {
  if (value <= 99_999) return String(value).padStart(5);
  let rest = value;
  for (const unit of ['K', 'M', 'G']) {
    rest = Math.floor((rest + 500) / 1000);
    if (rest <= 9999) return `${String(rest).padStart(4)}${unit}`;
  }
  return `${String(Math.floor((rest + 500) / 1000)).padStart(4)}T`;
}
