import { isWithin, keyOf, parseResourceId } from '#arm/resource-id.ts';
import type { Resource } from '#arm/resource.ts';
import type { ResourceReader } from '#arm/store.ts';

/** What must be gone before a resource may go. */
interface Hold {
  readonly id: string;
  /** It lies in the resource, or it refers to it (or to what lies in it) and is to go too. */
  readonly why: 'lies in it' | 'refers to it';
}

/** More than these are not searched for a ring: then the resource waits. */
const mostNodes = 200;

/**
 * The id of something that must be gone before `self`, which is to go; undefined: nothing. First what lies in it, then what refers to it and is
 * being deleted too. Resources that refer to each other in a ring would wait for ever: with `rings` that is looked for, and the one of
 * them that comes first by key does not wait for the others. Of a place that is to go as a whole, resources of the types `first` go before all
 * others: see `goesFirst` of types.
 */
export async function heldBy(
  self: Resource,
  resources: ResourceReader,
  { rings, first }: { readonly rings: boolean; readonly first: readonly string[] },
): Promise<string | undefined> {
  const [inner] = await innerOf(self.id, resources, 1);
  if (inner !== undefined) return inner;
  const before = await goingFirst(self, resources, first);
  if (before !== undefined) return before;
  for (const id of await resources.referrers(self.id)) {
    if ((await resources.get(id))?.deleting !== true) continue;
    if (!rings) return id;
    const ring = await ringOf(self.id, resources);
    if (ring.first !== keyOf(self.id)) return id;
    return await firstOutside(self, resources, ring.members);
  }
  return undefined;
}

/** In the places that `self` lies in and that are to go with it. */
async function goingFirst(self: Resource, resources: ResourceReader, first: readonly string[]): Promise<string | undefined> {
  if (first.length === 0 || first.includes(self.type)) return undefined;
  for (let place = parseResourceId(self.id).parent; place !== undefined; place = parseResourceId(place).parent) {
    if ((await resources.get(place))?.deleting !== true) continue;
    for (const type of first) {
      const one = (await resources.list({ within: place, type, limit: mostNodes })).find(({ deleting }) => deleting);
      if (one !== undefined) return one.id;
    }
  }
  return undefined;
}

async function firstOutside(self: Resource, resources: ResourceReader, ring: ReadonlySet<string>): Promise<string | undefined> {
  for (const id of await resources.referrers(self.id)) {
    if (!ring.has(keyOf(id)) && (await resources.get(id))?.deleting === true) return id;
  }
  return undefined;
}

async function innerOf(id: string, resources: ResourceReader, limit: number): Promise<string[]> {
  const found = await resources.list({ within: id, after: id, limit });
  return found.map((one) => one.id);
}

interface Ring {
  /** Keys of all that wait for each other, the resource itself included. */
  readonly members: ReadonlySet<string>;
  /** The least key among those that wait for a referrer in the ring. */
  readonly first: string | undefined;
}

async function ringOf(id: string, resources: ResourceReader): Promise<Ring> {
  const start = keyOf(id);
  const holds = new Map<string, readonly Hold[]>();
  const open = [start];
  for (let key = open.pop(); key !== undefined; key = open.pop()) {
    if (holds.has(key)) continue;
    if (holds.size >= mostNodes) return { members: new Set(), first: undefined };
    const found = await holdsOf(key, resources);
    holds.set(key, found);
    open.push(...found.map((hold) => hold.id));
  }
  const members = reaching(start, holds);
  const waits = (key: string): boolean => (holds.get(key) ?? []).some((hold) => hold.why === 'refers to it' && members.has(hold.id));
  const [first] = [...members].filter(waits).toSorted(byText);
  return { members, first };
}

async function holdsOf(key: string, resources: ResourceReader): Promise<Hold[]> {
  const inner = await innerOf(key, resources, mostNodes);
  const holds: Hold[] = inner.map((id) => ({ id: keyOf(id), why: 'lies in it' }));
  for (const id of await resources.referrers(key)) {
    const referrer = await resources.get(id);
    if (referrer?.deleting === true && !isWithin(keyOf(id), key)) holds.push({ id: keyOf(id), why: 'refers to it' });
  }
  return holds;
}

/** Those from which `start` is reached. All of them were reached from it. */
function reaching(start: string, holds: ReadonlyMap<string, readonly Hold[]>): Set<string> {
  const members = new Set([start]);
  for (let grown = true; grown;) {
    grown = false;
    for (const [key, found] of holds) {
      if (members.has(key) || !found.some((hold) => members.has(hold.id))) continue;
      members.add(key);
      grown = true;
    }
  }
  return members;
}

function byText(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
