import type { AnyType, TypeCatalog } from '#arm/resource-type.ts';
import type { Resource } from '#arm/resource.ts';
import type { ListQuery, ResourceReader } from '#arm/store.ts';
import { present, type Shelf } from './present.ts';

interface Kept {
  readonly text: string;
  /** What was read for it, each with what was found. */
  readonly reads: readonly { readonly again: () => Promise<unknown>; readonly found: unknown }[];
}

/**
 * Resources as text, in the form in which clients get them. A text is kept with what was read for it, and made anew when any of that is another
 * object than it was: a store gives the same object as long as nothing has changed. Types that `show` something are always made anew, for that
 * may come from elsewhere.
 */
export class PresentedTexts {
  readonly #shelf: Shelf;
  readonly #kept = new WeakMap<Resource, Kept>();

  constructor(shelf: Shelf) {
    this.#shelf = shelf;
  }

  async text(resource: Resource, type: AnyType): Promise<string> {
    if (!isKeepable(type, this.#shelf.catalog)) return JSON.stringify(await present(resource, type, this.#shelf));
    const kept = this.#kept.get(resource);
    if (kept !== undefined && (await holds(kept))) return kept.text;
    const reads: { readonly again: () => Promise<unknown>; readonly found: unknown }[] = [];
    const reader = noting(this.#shelf.reader, reads);
    const text = JSON.stringify(await present(resource, type, { ...this.#shelf, reader }));
    this.#kept.set(resource, { text, reads });
    return text;
  }
}

function isKeepable(type: AnyType, catalog: TypeCatalog): boolean {
  if (type.show !== undefined) return false;
  for (const name in type.inline) {
    const child = catalog.get(type.inline[name]!.type);
    if (child !== undefined && !isKeepable(child, catalog)) return false;
  }
  return true;
}

async function holds({ reads }: Kept): Promise<boolean> {
  for (const { again, found } of reads) if ((await again()) !== found) return false;
  return true;
}

function noting(reader: ResourceReader, reads: { again: () => Promise<unknown>; found: unknown }[]): ResourceReader {
  const noted = async <T>(again: () => Promise<T>): Promise<T> => {
    const found = await again();
    reads.push({ again, found });
    return found;
  };
  return {
    get: (id) => noted(() => reader.get(id)),
    list: (query: ListQuery) => noted(() => reader.list(query)),
    referrers: (id) => noted(() => reader.referrers(id)),
  };
}
