import { fault, type Fault } from '#base/fault.ts';
import type { Sealer } from '#arm/access.ts';
import { parseResourceId, type ResourceId } from '#arm/resource-id.ts';
import type { AnyType, TypeCatalog } from '#arm/resource-type.ts';
import type { Asked, Resource } from '#arm/resource.ts';
import type { StoreTransaction } from '#arm/store.ts';
import { parsed, patched, readDraft, sealedAsked, settledLocation, type Draft, type InlineChild } from './asked.ts';
import { auditEntry, type Author } from './author.ts';
import { changesOf, sameAsked } from './changes.ts';
import { checkName, checkScope, clip, idToCreate, missing, parentOf, typeOf } from './places.ts';
import { checkPreconditions, type Preconditions } from './preconditions.ts';
import { checkPartsInUse, checkReferences } from './references.ts';
import { removeOne } from './removing.ts';

/** What every write needs. */
export interface WriteTools {
  readonly catalog: TypeCatalog;
  readonly sealer: Sealer;
}

export interface OneWrite {
  readonly id: ResourceId;
  readonly type: AnyType;
  readonly draft: Draft;
  /** `patch`: laid over what is there. */
  readonly mode: 'put' | 'patch';
  readonly conditions: Preconditions;
  readonly author: Author;
}

export interface OneWritten {
  readonly resource: Resource;
  readonly before: Resource | undefined;
  readonly changed: boolean;
}

/** Writes one resource with the children inside of it, by all the rules, in the caller's transaction. */
export async function writeOne(write: OneWrite, tools: WriteTools, transaction: StoreTransaction): Promise<OneWritten> {
  const { id, type, author } = write;
  const parent = await parentOf(id, transaction);
  if (parent?.deleting === true) throw beingDeleted(parent);
  const before = await transaction.get(id.text);
  if (before?.deleting === true) throw beingDeleted(before);
  checkPreconditions(write.conditions, before);
  if (write.mode === 'patch' && before === undefined) throw await missing(id, transaction);
  const draft = write.mode === 'patch' && before !== undefined ? patched(write.draft, before, type) : write.draft;
  const read = settledLocation(type, await parsed(type, draft), id.name, before);
  const wished = sealedAsked(type, read, before, tools.sealer);
  const kept = before === undefined ? idToCreate(type, id, parent) : parseResourceId(before.id);
  const references = await checkReferences({ type, asked: wished, id: kept }, transaction, tools.catalog);
  const context = { id: kept, before, resources: transaction, principal: author.principal };
  const check = async (): Promise<void> => await type.check?.(wished, context);
  // Children that come inside are looked at by the check as they will be.
  if (type.inline === undefined) await check();
  const asked = (await type.complete?.(wished, context)) ?? wished;
  const differs = before === undefined || !sameAsked(before, asked);
  // Writing it once more is how a user has a failed one tried again.
  const resource =
    differs || before.status.outcome === 'failed'
      ? await transaction.put({
          ...asked,
          id: kept.text,
          type: type.type,
          references,
          principal: author.principal.id,
          ready: !type.reconcile,
        })
      : before;
  if (before !== undefined && type.parts !== undefined) await checkPartsInUse(type, before, resource, transaction);
  const childrenChanged = await writeInline({ ...write, draft }, resource, tools, transaction);
  if (type.inline !== undefined) await check();
  await transaction.audit(auditEntry(author, `${type.permissionType}/write`, resource.id, changesOf(before, asked)));
  return { resource, before, changed: differs || childrenChanged };
}

/** Children that were sent inside: those in the list are written, others removed. */
async function writeInline(write: OneWrite, resource: Resource, tools: WriteTools, transaction: StoreTransaction): Promise<boolean> {
  let changed = false;
  for (const [member, { type: typeName, whenAbsent }] of Object.entries(write.type.inline ?? {})) {
    const type = typeOf(tools.catalog, typeName);
    const given = write.draft.inline.get(member) ?? (whenAbsent === 'remove' && write.mode === 'put' ? [] : undefined);
    if (given === undefined) continue;
    const kept = new Set(given.map((child) => child.name.toLowerCase()));
    for (const child of await transaction.list({ within: resource.id, direct: true, type: type.type })) {
      if (kept.has(child.name.toLowerCase()) || child.deleting) continue;
      await removeOne({ resource: child, type, author: write.author }, transaction);
      changed = true;
    }
    for (const [i, child] of given.entries()) {
      const written = await writeChild(child, { type, write, resource, at: `properties.${member}[${i}]` }, tools, transaction);
      if (written.changed) changed = true;
    }
  }
  return changed;
}

interface ChildPlace {
  readonly type: AnyType;
  readonly write: OneWrite;
  readonly resource: Resource;
  readonly at: string;
}

async function writeChild(
  { name, body }: InlineChild,
  place: ChildPlace,
  tools: WriteTools,
  transaction: StoreTransaction,
): Promise<OneWritten> {
  const { type, write, resource } = place;
  const word = type.type.slice(type.type.lastIndexOf('/') + 1);
  if (/[/\p{Cc}]/u.test(name) || name === '') throw badChildName(name, place.at);
  const id = parseResourceId(`${resource.id}/${word}/${name}`);
  checkName(type, id);
  return await writeOne({ id, type, draft: readDraft(type, body), mode: 'put', conditions: {}, author: write.author }, tools, transaction);
}

function badChildName(name: string, at: string): Fault {
  return fault('invalid', 'InvalidResourceName', `'${clip(name, 80).replace(/\p{Cc}/gu, '?')}' is not a valid name.`, {
    target: `${at}.name`,
    remedy: 'Leave out slashes and control characters.',
  });
}

function beingDeleted({ id, name, type }: Resource): Fault {
  const group = type === 'Microsoft.Resources/resourceGroups';
  const message = group
    ? `The resource group '${clip(name)}' is in deprovisioning state and cannot perform this operation.`
    : `The resource '${clip(id)}' is being deleted.`;
  return fault('conflict', group ? 'ResourceGroupBeingDeleted' : 'ResourceBeingDeleted', message, {
    target: id,
    remedy: 'Wait until it is gone, then create it anew.',
  });
}

/** What an action writes: it is due again, even where nothing differs. */
export interface Update {
  readonly id: string;
  readonly type: AnyType;
  readonly asked: Partial<Asked>;
  readonly author: Author;
  /** The generation that was read for it. Fault where another one is there: `ResourceChanged` (conflict). Undefined: whatever is there. */
  readonly generation?: number | undefined;
}

export async function updateOne(
  { id, type, asked, author, generation }: Update,
  tools: WriteTools,
  transaction: StoreTransaction,
): Promise<Resource> {
  const before = await transaction.get(id);
  if (before === undefined) throw await missing(parseResourceId(id), transaction);
  if (before.deleting) throw beingDeleted(before);
  if (generation !== undefined && before.generation !== generation) throw overtaken(before.id);
  const { location, tags, envelope, properties } = { ...before, ...asked };
  const next = sealedAsked(type, { location, tags, envelope, properties }, before, tools.sealer);
  const references = (type.references?.(next, parseResourceId(before.id)) ?? []).map((one) => one.id);
  const resource = await transaction.put({
    ...next,
    id: before.id,
    type: type.type,
    references,
    principal: author.principal.id,
    ready: !type.reconcile,
  });
  await transaction.audit(auditEntry(author, `${type.permissionType}/write`, before.id, changesOf(before, next)));
  return resource;
}

/** The code of the fault of an update that was overtaken by another write. */
export const overtakenCode = 'ResourceChanged';

function overtaken(id: string): Fault {
  return fault('conflict', overtakenCode, 'Somebody else wrote the resource at the same time. Nothing was changed by this request.', {
    target: id,
    remedy: 'Send it again.',
  });
}

/** Checks of a write that need nothing but its address. */
export function checkAddress(type: AnyType, id: ResourceId): void {
  checkScope(type, id);
  checkName(type, id);
}
