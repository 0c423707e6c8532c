import { keyOf, parsePlace, segmentsOf } from '#arm/resource-id.ts';
import { refuse } from './refusal.ts';

const groupTypeKey = 'microsoft.resources/resourcegroups';
const subscriptionTypeKey = 'microsoft.resources/subscriptions';

/** The id of a resource of `type` named by `names` (one for each segment of the type after the namespace) that lies in `under`. */
export function idIn(under: string, type: string, names: readonly string[], at: string): string {
  const [namespace = '', ...types] = segmentsOf(type);
  if (types.length === 0 || types.length !== names.length || names.includes('')) {
    throw refuse(
      at,
      `The type '${type.slice(0, 200)}' needs ${types.length} names, and ${names.filter((name) => name !== '').length} are given`,
      'A type Microsoft.X/a/b has two names: those of a and of b.',
    );
  }
  if (keyOf(type) === groupTypeKey && /^\/subscriptions\/[^/]+$/i.test(under)) return `${under}/resourceGroups/${names[0]}`;
  if (keyOf(type) === subscriptionTypeKey && under === '') return `/subscriptions/${names[0]}`;
  return `${under}/providers/${namespace}/${types.map((one, i) => `${one}/${names[i]}`).join('/')}`;
}

export function subscriptionId(subscription: string | undefined, type: string, names: readonly string[], at: string): string {
  if (subscription === undefined) throw refuse(at, 'There is no subscription here', 'Name the subscription as the first argument.');
  return idIn(`/subscriptions/${subscription}`, type, names, at);
}

export function tenantId(type: string, names: readonly string[], at: string): string {
  return idIn('', type, names, at);
}

export function extensionId(of: string, type: string, names: readonly string[], at: string): string {
  return idIn(`/${segmentsOf(of).join('/')}`, type, names, at);
}

/**
 * Ids that name the same resource have the same key: without regard to case, and a group written as a resource of its subscription is the
 * group.
 */
export function idKey(id: string): string {
  const clean = `/${segmentsOf(id).join('/')}`.toLowerCase();
  return clean.replace(/^(\/subscriptions\/[^/]+)\/providers\/microsoft\.resources\/resourcegroups\//, '$1/resourcegroups/');
}

/** Whether a text is an id, as against the name of a resource. */
export function isId(text: string): boolean {
  return text.startsWith('/') && parsePlace(segmentsOf(text))?.kind === 'resource';
}
