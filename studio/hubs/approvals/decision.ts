import { nameOf, type EndpointConnection } from '#arm/endpoint-connection.ts';
import { keyOf } from '#arm/resource-id.ts';
import type { Writing } from '#studio/data/writing.ts';

export type Verb = 'Approve' | 'Reject' | 'Revoke';

/** Where an owner's inbox shows a connection. */
export function connectionAddress(id: string): string {
  return `/approvals${id.split('/').map(encodeURIComponent).join('/')}`;
}

/** What can be decided about a connection as it stands. */
export function verbsFor({ status }: Pick<EndpointConnection, 'status'>): readonly Verb[] {
  if (status === 'Pending') return ['Approve', 'Reject'];
  return status === 'Approved' ? ['Revoke'] : [];
}

/** What follows from a decision, told before it is made. */
export function consequence(verb: Verb, { approvals: { given, needed }, target }: EndpointConnection): string {
  const name = nameOf(target);
  if (verb === 'Reject')
    return `Nothing passes. Whoever asks reads your reason, and may ask again by writing the private endpoint once more.`;
  if (verb === 'Revoke') return `Its open connections are cut at once, and no new ones are let in. It has to ask again.`;
  const missing = needed - given - 1;
  if (missing <= 0) return `From then on traffic passes to ${name}.`;
  return `${given + 1} of ${needed} people will have approved. Traffic passes when ${missing === 1 ? 'one more person does' : `${missing} more do`}.`;
}

export interface Decision {
  readonly verb: Verb;
  readonly because: string;
  /** Of what was looked at: a decision is about that, not about what somebody else made of it since. */
  readonly etag: string | undefined;
}

/** The write that decides. A revoke is a rejection of what was approved. */
export function decisionWriting({ id, endpoint }: EndpointConnection, { verb, because, etag }: Decision): Writing {
  const status = verb === 'Approve' ? 'Approved' : 'Rejected';
  return {
    title: `${verb} ${nameOf(endpoint)}`,
    method: 'PUT',
    path: id,
    body: { properties: { privateLinkServiceConnectionState: { status, description: because } } },
    ifMatch: etag,
  };
}

/** `Pending (1 of 2)`: how far a request has come. */
export function progressText({ status, approvals: { given, needed } }: EndpointConnection): string | undefined {
  return status === 'Pending' && needed > 1 ? `${given} of ${needed} approved` : undefined;
}

export type InboxPart = 'pending' | 'approved' | 'ended' | 'all';

/** Which part of the inbox shows a connection. */
export function partOf({ status }: Pick<EndpointConnection, 'status'>): Exclude<InboxPart, 'all'> {
  if (status === 'Pending') return 'pending';
  return status === 'Approved' ? 'approved' : 'ended';
}

/** Those of a part that match words, and come from an endpoint where one is named. */
export function inPart(
  all: readonly EndpointConnection[],
  { part, text, endpoint }: { readonly part: InboxPart; readonly text: string; readonly endpoint: string | undefined },
): readonly EndpointConnection[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  return all.filter((one) => {
    if (part !== 'all' && partOf(one) !== part) return false;
    if (endpoint !== undefined && keyOf(one.endpoint) !== keyOf(endpoint)) return false;
    const said = `${one.endpoint} ${one.target} ${one.message ?? ''} ${one.requestedBy ?? ''}`.toLowerCase();
    return words.every((word) => said.includes(word));
  });
}

/** `Microsoft.Network/privateLinkServices` as people say it. */
export function targetWord(id: string): string {
  const type = id.split('/').at(-2) ?? '';
  const known: Readonly<Record<string, string>> = {
    privatelinkservices: 'private link service',
    servers: 'SQL server',
    managedinstances: 'SQL managed instance',
    flexibleservers: /DBforMySQL/i.test(id) ? 'MySQL server' : 'PostgreSQL server',
    workspaces: 'workspace',
  };
  return known[type.toLowerCase()] ?? type;
}

/** Who asks: `shop of the workspace shop`. */
export function askerWord(id: string): string {
  const words = id.split('/');
  const at = words.findIndex((word) => keyOf(word) === 'managedvirtualnetworks');
  if (at < 0) return 'private endpoint';
  const noun = keyOf(words[at - 2] ?? '') === 'factories' ? 'data factory' : 'workspace';
  return `managed private endpoint of the ${noun} ${words[at - 1] ?? ''}`;
}
