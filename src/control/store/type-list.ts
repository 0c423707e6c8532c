import { keyOf } from '#arm/resource-id.ts';
import type { Resource } from '#arm/resource.ts';

interface Entry {
  readonly key: string;
  readonly resource: Resource;
}

/** All resources of one type, ordered by key, kept up to date by the keys of what changed. */
export class TypeList {
  #entries: readonly Entry[];
  #resources: readonly Resource[] | undefined;
  readonly #stale = new Set<string>();

  constructor(resources: readonly Resource[]) {
    this.#entries = resources.map((resource) => ({ key: keyOf(resource.id), resource }));
    this.#resources = resources;
  }

  changed(key: string): void {
    this.#stale.add(key);
  }

  /** The same array as long as nothing has changed. `get` answers what is there now. */
  read(get: (key: string) => Resource | undefined): readonly Resource[] {
    if (this.#stale.size > 0) {
      const entries = [...this.#entries];
      for (const key of this.#stale) place(entries, key, get(key));
      this.#stale.clear();
      this.#entries = entries;
      this.#resources = undefined;
    }
    this.#resources ??= this.#entries.map(({ resource }) => resource);
    return this.#resources;
  }
}

function place(entries: Entry[], key: string, resource: Resource | undefined): void {
  let low = 0;
  let high = entries.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (entries[middle]!.key < key) low = middle + 1;
    else high = middle;
  }
  const isThere = entries[low]?.key === key;
  if (resource === undefined) {
    if (isThere) entries.splice(low, 1);
  } else entries.splice(low, isThere ? 1 : 0, { key, resource });
}

/** Whether texts are in the same order by UTF-16 units, as here, and by code points, as in the store. */
export function isPlainKey(key: string): boolean {
  return !/[\ud800-\udfff]/.test(key);
}
