import { fault, type Fault } from '#base/fault.ts';
import { bytesText, countText } from '#studio/parts/quantity-words.ts';

/** One step of a way, as `explain` answers it. */
export interface Hop {
  readonly kind: 'name' | 'firewall' | 'endpoint' | 'service' | 'balancer' | 'backend' | 'forwarder' | 'target';
  /** A resource's id in lower case, or a host. */
  readonly id: string;
  readonly ok: boolean;
  readonly detail: string;
  /** What passed here since the engine began. */
  readonly counts?: {
    readonly connections: number;
    readonly open: number;
    readonly refused: number;
    readonly bytesIn: number;
    readonly bytesOut: number;
  };
}

/** `POST {network}/explain`. */
export interface Explanation {
  readonly open: boolean;
  readonly hops: readonly Hop[];
  readonly denied?: {
    readonly kind: Fault['kind'];
    readonly code: string;
    readonly message: string;
    /** What denies it: a resource or a part of one, or a host. */
    readonly target?: string;
    readonly remedy?: string;
  };
}

/** What passed a hop; undefined where nothing came yet, or nothing is counted. */
export function countsText({ counts }: Hop): string | undefined {
  if (counts === undefined || counts.connections + counts.refused === 0) return undefined;
  const { connections, open, refused, bytesIn, bytesOut } = counts;
  const were = [`${countText(connections)} connections so far`, `${countText(open)} open`, `${countText(refused)} refused`];
  return `${were.join(', ')}; ${bytesText(bytesIn)} in, ${bytesText(bytesOut)} out.`;
}

/** What ends the way, as a fault that every part of the Studio shows alike. */
export function denialOf({ denied }: Explanation): Fault | undefined {
  if (denied === undefined) return undefined;
  const { kind, code, message, target, remedy } = denied;
  return fault(kind, code, message, { ...(target !== undefined && { target }), ...(remedy !== undefined && { remedy }) });
}

/** What was asked, as it stands in the address of the page. */
export interface ExplainAddress {
  readonly network?: string | undefined;
  readonly host?: string | undefined;
  readonly port?: number | undefined;
}

/** What is wrong with a port as it is typed; undefined: nothing. */
export function portProblem(text: string): string | undefined {
  const port = Number(text);
  return /^\d{1,5}$/.test(text.trim()) && port >= 1 && port <= 65_535 ? undefined : 'A port is a number from 1 to 65535.';
}

/** What is wrong with a host as it is typed; undefined: nothing. */
export function hostProblem(text: string): string | undefined {
  const host = text.trim();
  if (host === '') return 'Give the name or address that is dialled.';
  if (host.length > 253) return 'A host name has at most 253 characters.';
  return /^[\w.:-]+$/.test(host) ? undefined : "A host is letters, digits, '.' and '-': no scheme, no port, no path.";
}

/** The resource that stands behind an id of a hop or of what denies: parts of balancers are shown with their balancer. Undefined: it is a host. */
export function resourceOf(id: string): string | undefined {
  if (!id.startsWith('/subscriptions/')) return undefined;
  const part = /^(.*\/loadbalancers\/[^/]+)\/(?:loadbalancingrules|probes|frontendipconfigurations)\/[^/]+$/i.exec(id);
  const card = /^(.*\/networkinterfaces\/[^/]+)\/ipconfigurations\/[^/]+$/i.exec(id);
  return part?.[1] ?? card?.[1] ?? id.replace(/\/firewallrules$/i, '');
}
