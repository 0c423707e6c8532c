import { keyOf, parseResourceId } from '#arm/resource-id.ts';
import type { Resource } from '#arm/resource.ts';
import type { ListQuery, ResourceChange } from '#arm/store.ts';
import { placeKey } from './resource-rows.ts';
import { isPlainKey, TypeList } from './type-list.ts';

/** Beyond so many it begins anew. */
const most = 20_000;

/**
 * What was read of the committed state and has not changed since: single resources, and all of a type that lie directly in a place. A question
 * to SQLite costs tens of microseconds, most of it for its locks; whoever writes tells what changed.
 */
export class ReadCache {
  readonly #resources = new Map<string, Resource | undefined>();
  /** By type, then by the key of the place. */
  readonly #children = new Map<string, Map<string, readonly Resource[]>>();
  readonly #types = new Map<string, TypeList>();
  readonly #readOne: (key: string) => Resource | undefined;
  #lists = 0;

  /** `readOne`: asks the committed state for the resource of a key. */
  constructor(readOne: (key: string) => Resource | undefined) {
    this.#readOne = readOne;
  }

  get(key: string, read: () => Resource | undefined): Resource | undefined {
    const known = this.#resources.get(key);
    if (known !== undefined || this.#resources.has(key)) return known;
    const found = read();
    if (this.#resources.size >= most) this.#resources.clear();
    this.#resources.set(key, found);
    return found;
  }

  list(query: ListQuery, read: () => readonly Resource[]): readonly Resource[] {
    if (query.type === undefined || query.after !== undefined || query.limit !== undefined) return read();
    if (query.within === '' && query.direct !== true) return this.#all(query.type.toLowerCase(), read);
    if (query.direct !== true) return read();
    const type = query.type.toLowerCase();
    let places = this.#children.get(type);
    if (places === undefined || this.#lists >= most) {
      if (this.#lists >= most) this.#children.clear();
      this.#lists = this.#lists >= most ? 0 : this.#lists;
      this.#children.set(type, (places = new Map()));
    }
    const place = placeKey(query.within);
    const known = places.get(place);
    if (known !== undefined) return known;
    const found = read();
    this.#lists += 1;
    places.set(place, found);
    return found;
  }

  #all(type: string, read: () => readonly Resource[]): readonly Resource[] {
    let known = this.#types.get(type);
    if (known === undefined) {
      const resources = read();
      if (!resources.every(({ id }) => isPlainKey(id))) return resources;
      this.#types.set(type, (known = new TypeList(resources)));
    }
    return known.read((key) => this.get(key, () => this.#readOne(key)));
  }

  /** What was committed: `written` are resources as they are now, where that is known. */
  take(changes: readonly ResourceChange[], written: ReadonlyMap<string, Resource>): void {
    this.#forget(changes);
    for (const [key, resource] of written) this.#resources.set(key, resource);
  }

  #forget(changes: readonly ResourceChange[]): void {
    for (const { id, type } of changes) {
      const key = keyOf(id);
      this.#resources.delete(key);
      if (isPlainKey(key)) this.#types.get(type.toLowerCase())?.changed(key);
      else this.#types.delete(type.toLowerCase());
      this.#children.get(type.toLowerCase())?.delete(keyOf(parseResourceId(id).parent ?? ''));
    }
  }
}
