import type { ShownResource } from '#studio/data/queries.ts';
import type { Writing } from '#studio/data/writing.ts';
import { groupProblem, nameProblem, type Problems } from './validation.ts';

/** Where a new resource is made, and what it is called. */
export interface Place {
  /** Of one that is there, or a new one. */
  readonly group: string;
  readonly region: string;
  readonly name: string;
}

export interface PlaceGround {
  readonly subscription: string;
  readonly groups: readonly ShownResource[];
}

export function knownGroup(name: string, groups: readonly ShownResource[]): ShownResource | undefined {
  return groups.find((one) => one.name.toLowerCase() === name.trim().toLowerCase());
}

export function placeProblems({ group, region, name }: Place, maxName = 80): Problems {
  return {
    group: groupProblem(group.trim()),
    region: /^[a-z0-9]{2,40}$/i.test(region.trim()) ? undefined : 'A region is letters and digits: eastus.',
    name: nameProblem(name.trim(), maxName),
  };
}

/** Of a resource of a type in the place. */
export function idIn({ group, name }: Place, type: string, { subscription, groups }: PlaceGround): string {
  const there = knownGroup(group, groups)?.id ?? `${subscription}/resourceGroups/${encodeURIComponent(group.trim())}`;
  return `${there}/providers/${type}/${encodeURIComponent(name.trim())}`;
}

/** Makes the group where it is not there. */
export function groupSteps({ group, region }: Place, { subscription, groups }: PlaceGround): readonly Writing[] {
  if (knownGroup(group, groups) !== undefined) return [];
  const name = group.trim();
  const path = `${subscription}/resourceGroups/${encodeURIComponent(name)}`;
  return [{ title: `Create the resource group ${name}`, method: 'PUT', path, body: { location: region.trim() } }];
}

let last: Pick<Place, 'group' | 'region'> = { group: '', region: '' };

/** What is made next is proposed beside what was made last. */
export function rememberPlace({ group, region }: Place): void {
  last = { group, region };
}

export function besideLast<T extends { readonly place: Place }>(draft: T): T {
  return { ...draft, place: { ...draft.place, ...last } };
}
