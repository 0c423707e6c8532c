import { parseResourceId } from '#arm/resource-id.ts';
import type { AnyType } from '#arm/resource-type.ts';
import type { Resource } from '#arm/resource.ts';
import type { StoreTransaction } from '#arm/store.ts';
import { auditEntry, type Author } from './author.ts';
import { checkUnused } from './references.ts';

export interface OneRemoval {
  readonly resource: Resource;
  readonly type: AnyType;
  readonly author: Author;
}

/**
 * Takes a resource away with all in it, in the caller's transaction: at once where nobody has to do anything for it, else it is to go and the
 * loop sees to it. Answers what is left of it. Faults: the type's `inUse`, those of its `checkDelete`.
 */
export async function removeOne({ resource, type, author }: OneRemoval, transaction: StoreTransaction): Promise<Resource | undefined> {
  await checkUnused(type, resource.id, transaction);
  await type.checkDelete?.(resource, {
    id: parseResourceId(resource.id),
    before: resource,
    resources: transaction,
    principal: author.principal,
  });
  await transaction.audit(auditEntry(author, `${type.permissionType}/delete`, resource.id, []));
  const within = await transaction.list({ within: resource.id, limit: 2 });
  if (type.remove === undefined && within.length === 1) {
    await transaction.remove(resource.id);
    return undefined;
  }
  await transaction.markDeleting(resource.id, author.principal.id);
  return await transaction.get(resource.id);
}
