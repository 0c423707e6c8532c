import { wordOf } from '#arm/client-answer.ts';
import { fault, type Fault } from '#base/fault.ts';
import { groupType, subscriptionType } from '#arm/resource-id.ts';
import type { JsonObject } from '#arm/resource.ts';
import type { Session } from './session.ts';

/** Types that every server has, whatever its list of providers says. */
const usual = [
  groupType,
  subscriptionType,
  'Microsoft.Resources/deployments',
  'Microsoft.Authorization/roleDefinitions',
  'Microsoft.Authorization/roleAssignments',
  'Isthmus.Identity/servicePrincipals',
];
const groupNames = ['groups', 'group', 'resourcegroups', 'resourcegroup', 'microsoft.resources/subscriptions/resourcegroups'];

/**
 * The type that a word means: a whole type, or its last word, in plural or singular, in any case: `virtualNetworks`, `subnet`, `groups`.
 * Faults: `UnknownType`, `WhichType`.
 */
export async function resolveType(word: string, session: Session): Promise<string> {
  const key = word.toLowerCase();
  if (groupNames.includes(key)) return groupType;
  const known = new Map([...usual, ...(await providedTypes(session))].map((type) => [type.toLowerCase(), type]));
  const exact = known.get(key);
  if (exact !== undefined) return exact;
  if (/^[\w-]+\.[\w.-]+\//.test(word)) return word;
  const found = [...known.values()].filter((type) => isMeant(type.toLowerCase(), key));
  if (found.length === 1) return found[0]!;
  // `subnets` rather than a deeper type of the same last word.
  const shallow = found.filter((type) => depthOf(type) === Math.min(...found.map(depthOf)));
  if (shallow.length === 1) return shallow[0]!;
  throw found.length === 0 ? unknownType(word, [...known.values()]) : whichType(word, found);
}

async function providedTypes(session: Session): Promise<readonly string[]> {
  const providers = await session.arm.list(`/subscriptions/${await session.subscription()}/providers`);
  return providers.flatMap(({ namespace, resourceTypes }) =>
    ((resourceTypes ?? []) as readonly JsonObject[]).map((one) => `${wordOf(namespace)}/${wordOf(one['resourceType'])}`),
  );
}

function isMeant(type: string, word: string): boolean {
  const path = type.slice(type.indexOf('/') + 1);
  return [path, `${word.includes('/') ? path : path.slice(path.lastIndexOf('/') + 1)}`].some(
    (one) => one === word || singular(one) === singular(word),
  );
}

function singular(word: string): string {
  return word.replace(/ies$/, 'y').replace(/s$/, '');
}

function depthOf(type: string): number {
  return type.split('/').length;
}

function unknownType(word: string, known: readonly string[]): Fault {
  const near = known.filter((type) => type.toLowerCase().includes(word.toLowerCase().slice(0, 5))).slice(0, 8);
  return fault('invalid', 'UnknownType', `There is no type '${word}'.`, {
    target: word,
    remedy:
      near.length > 0
        ? `Did you mean ${near.join(', ')}?`
        : 'isthmus get providers lists them; a whole type looks like Microsoft.Network/virtualNetworks.',
  });
}

function whichType(word: string, found: readonly string[]): Fault {
  return fault('invalid', 'WhichType', `'${word}' may mean several types.`, {
    target: word,
    remedy: `Give one of them whole: ${found.join(', ')}.`,
  });
}
