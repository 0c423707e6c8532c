import { fault } from '#base/fault.ts';
import { groupType, parsePlace, segmentsOf, subscriptionType, type Place } from '#arm/resource-id.ts';

/** Where resources are looked for that do not say themselves where they are. */
export interface Whereabouts {
  readonly subscription: string;
  readonly group: string | undefined;
  /** An id, or `/`: instead of subscription and group. */
  readonly scope: string | undefined;
}

/** Of ours, outside of all subscriptions. */
function isOfTenant(type: string): boolean {
  return /^Isthmus\.|^Microsoft\.Resources\/tenants$/i.test(type);
}

/**
 * The path of a resource (`names` as many as the type has words) or of a collection (one less).
 * Faults: `GroupMissing`, `NameWrong`.
 */
export function pathOf(type: string, names: readonly string[], where: Whereabouts): string {
  const [namespace, ...words] = type.split('/');
  if (names.length !== words.length && names.length !== words.length - 1) {
    throw fault('invalid', 'NameWrong', `A ${type} has ${words.length} names, and ${names.length} were given.`, {
      target: names.join('/'),
      remedy: `Give them with slashes between: ${words.map((word) => `{${word}}`).join('/')}.`,
    });
  }
  const encoded = names.map(encodeURIComponent);
  if (isGroups(type)) return ['', 'subscriptions', where.subscription, 'resourceGroups', ...encoded].join('/');
  if (type.toLowerCase() === subscriptionType.toLowerCase()) return ['', 'subscriptions', ...encoded].join('/');
  const inside = words.flatMap((word, i) => (encoded[i] === undefined ? [word] : [word, encoded[i]]));
  return [baseOf(type, names.length === 0, where), 'providers', namespace, ...inside].join('/');
}

function isGroups(type: string): boolean {
  return /^Microsoft\.Resources\/(?:subscriptions\/)?resourceGroups$/i.test(type) || type === groupType;
}

/** `isCollection`: of an outermost type, which can be listed for a whole subscription too. */
function baseOf(type: string, isCollection: boolean, { subscription, group, scope }: Whereabouts): string {
  if (scope !== undefined) return scope.replace(/\/+$/, '');
  if (isOfTenant(type)) return '';
  if (group !== undefined) return `/subscriptions/${subscription}/resourceGroups/${encodeURIComponent(group)}`;
  if (isCollection || /^Microsoft\.Authorization\//i.test(type)) return `/subscriptions/${subscription}`;
  throw fault('invalid', 'GroupMissing', `In which group the ${type} is was not said.`, {
    target: type,
    remedy: 'Name its resource group with --group, or give its whole id.',
  });
}

/** What a path names. Fault: `InvalidResourceId`. */
export function placeOf(path: string): Place {
  const place = parsePlace(segmentsOf(path).map(decoded));
  if (place) return place;
  throw fault('invalid', 'InvalidResourceId', `'${path}' is not the id of a resource.`, {
    target: path,
    remedy: 'Ids look like /subscriptions/{subscription}/resourceGroups/{group}/providers/{namespace}/{type}/{name}.',
  });
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
