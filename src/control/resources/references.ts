import { fault } from '#base/fault.ts';
import { parseResourceId, type ResourceId } from '#arm/resource-id.ts';
import type { AnyType, Reference, TypeCatalog } from '#arm/resource-type.ts';
import type { Asked, JsonObject, Resource } from '#arm/resource.ts';
import type { ResourceReader } from '#arm/store.ts';
import { clip } from './places.ts';

/** Ids of everything that is referred to, which must be there. Fault: `InvalidResourceReference` (invalid). */
export async function checkReferences(
  { type, asked, id }: { readonly type: AnyType; readonly asked: Asked; readonly id: ResourceId },
  reader: ResourceReader,
  catalog: TypeCatalog,
): Promise<readonly string[]> {
  const references = type.references?.(asked, id) ?? [];
  for (const reference of references) await checkReference(reference, id, reader, catalog);
  return references.map((one) => one.id);
}

async function checkReference(reference: Reference, from: ResourceId, reader: ResourceReader, catalog: TypeCatalog): Promise<void> {
  const refuse = (why: string, remedy: string): Error =>
    fault('invalid', 'InvalidResourceReference', `Resource ${clip(reference.id)} referenced by resource ${clip(from.text)} ${why}.`, {
      target: reference.at,
      remedy,
    });
  let id: ResourceId;
  try {
    id = parseResourceId(reference.id);
  } catch (cause) {
    throw fault('invalid', 'InvalidResourceReference', `'${clip(reference.id)}' is not the id of a resource.`, {
      target: reference.at,
      remedy: 'Write the whole id, beginning with /subscriptions/.',
      cause,
    });
  }
  const allowed = reference.types;
  if (allowed !== undefined && !allowed.some((type) => type.toLowerCase() === id.type.toLowerCase())) {
    throw refuse(`is of the type ${clip(id.type)}, which cannot stand here`, `Name a resource of the type ${allowed.join(' or ')}.`);
  }
  const target = await reader.get(id.text);
  if (target !== undefined) {
    if (target.deleting) throw refuse('is being deleted', 'Name another resource, or create it again when it is gone.');
    return;
  }
  if (await isBuiltIn(id, reader, catalog)) return;
  if (!(await isPart(id, reader, catalog))) throw refuse('was not found', 'Create it first, or correct the id.');
}

async function isBuiltIn(id: ResourceId, reader: ResourceReader, catalog: TypeCatalog): Promise<boolean> {
  return (await catalog.get(id.type)?.find?.(id, reader)) !== undefined;
}

async function isPart(id: ResourceId, reader: ResourceReader, catalog: TypeCatalog): Promise<boolean> {
  const owner = partOwner(id, catalog);
  if (owner === undefined) return false;
  const whole = await reader.get(id.parent!);
  return whole !== undefined && !whole.deleting && partNamed(owner.list(whole), id.name) !== undefined;
}

/** The type whose resources hold parts of the id's type, and what lists them. */
export function partOwner(
  { type, parent }: Pick<ResourceId, 'type' | 'parent'>,
  catalog: TypeCatalog,
): { readonly type: AnyType; readonly part: string; readonly list: (whole: Resource) => readonly JsonObject[] } | undefined {
  const cut = type.lastIndexOf('/');
  const owner = parent === undefined ? undefined : catalog.get(type.slice(0, cut));
  if (owner?.parts === undefined) return undefined;
  const word = type.slice(cut + 1).toLowerCase();
  const part = Object.keys(owner.parts).find((name) => name.toLowerCase() === word);
  return part === undefined ? undefined : { type: owner, part, list: owner.parts[part]! };
}

export function partNamed(parts: readonly JsonObject[], name: string): JsonObject | undefined {
  const key = name.toLowerCase();
  return parts.find((part) => typeof part['name'] === 'string' && part['name'].toLowerCase() === key);
}

/** Parts that would go with a write, though others refer to them. Fault: the type's `inUse`. */
export async function checkPartsInUse(type: AnyType, before: Resource, after: Resource, reader: ResourceReader): Promise<void> {
  for (const [word, list] of Object.entries(type.parts ?? {})) {
    const kept = list(after);
    for (const part of list(before)) {
      const name = part['name'];
      if (typeof name !== 'string' || partNamed(kept, name) !== undefined) continue;
      await checkUnused(type, `${before.id}/${word}/${name}`, reader);
    }
  }
}

/** Nothing that others refer to may go. Fault: the type's `inUse`, naming up to five of them. */
export async function checkUnused(type: AnyType, id: string, reader: ResourceReader): Promise<void> {
  const referrers = await reader.referrers(id);
  if (referrers.length === 0) return;
  const { kind, code } = type.inUse ?? ({ kind: 'conflict', code: 'ResourceInUse' } as const);
  const shown = referrers.slice(0, 5);
  const more = referrers.length > shown.length ? ` and ${referrers.length - shown.length} more` : '';
  throw fault(kind, code, `${clip(id)} is in use by ${shown.join(', ')}${more}.`, {
    target: id,
    remedy: 'Delete what uses it first, or have it use something else.',
    details: shown.map((one) => fault(kind, code, `It is in use by ${one}.`, { target: one })),
  });
}
