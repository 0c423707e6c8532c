import { fault, policies, toFault, type Fault } from '#base/fault.ts';
import type { Log } from '#base/log.ts';
import type { ResourceWriter, Sealer, WriteRequest, Written } from '#arm/access.ts';
import { groupType, parseResourceId, subscriptionType, type ResourceId } from '#arm/resource-id.ts';
import type { AnyType, Principal, TypeCatalog } from '#arm/resource-type.ts';
import type { JsonObject, Resource } from '#arm/resource.ts';
import type { ResourceStore } from '#arm/store.ts';
import { act, actionOf, noSuchAction, permissionOf, type ActRequest, type Acted } from './acting.ts';
import { checkVersion } from './api-version.ts';
import { readDraft } from './asked.ts';
import { checkScope, checkVerb, missing, typeOf } from './places.ts';
import { checkPreconditions } from './preconditions.ts';
import { PresentedTexts } from './present-text.ts';
import { present } from './present.ts';
import { refusalsOf, type Refusal } from './refusals.ts';
import { removeOne } from './removing.ts';
import { settlingOf, type Settling } from './settling.ts';
import { checkAddress, updateOne, writeOne, type OneWritten, type WriteTools } from './writing.ts';

export interface ServiceOptions {
  readonly store: ResourceStore;
  readonly catalog: TypeCatalog;
  readonly sealer: Sealer;
  readonly log: Log;
  /** How long a write may wait for its resource to settle before it hands out an operation. Default: 1000. */
  readonly waitMs?: number;
}

type Deletion = Omit<WriteRequest, 'body'>;

/** Resources by all the rules, whoever asks. Who may ask is not its business. */
export interface ResourceService extends ResourceWriter, Disposable {
  /** What is stored or built in there. Faults (missing): `SubscriptionNotFound`, `ResourceGroupNotFound`, `ParentResourceNotFound`, `ResourceNotFound`. */
  get(id: ResourceId, type: AnyType): Promise<Resource>;
  /** The form in which clients get it. */
  present(resource: Resource, type: AnyType): Promise<JsonObject>;
  /** The same as JSON. */
  presentText(resource: Resource, type: AnyType): Promise<string>;
  /** Runs an action. */
  act(request: ActRequest): Promise<Acted>;
  /** Replaces the tags of a resource, whatever verbs its type has. */
  retag(request: {
    readonly id: string;
    readonly tags: Readonly<Record<string, string>>;
    readonly principal: Principal;
    readonly correlationId: string;
  }): Promise<Resource>;
  /** For the audit log: a write that was refused before it came here. Never throws. */
  refused(refusal: Refusal, trouble: Fault): Promise<void>;
}

interface Parts extends WriteTools {
  readonly store: ResourceStore;
  readonly settling: Settling;
}

/** Makes the service. It listens to the store until it is disposed. */
export function createResourceService({ store, catalog, sealer, log, waitMs = 1000 }: ServiceOptions): ResourceService {
  const parts: Parts = { store, catalog, sealer, settling: settlingOf(store, waitMs) };
  const refusals = refusalsOf(store, log);
  const texts = new PresentedTexts({ catalog, reader: store });
  const audited = async <T>(refusal: Refusal & { readonly dryRun?: true }, work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      const trouble = toFault(error);
      if (refusal.dryRun !== true && policies[trouble.kind].http < 500) await refusals.record(refusal, trouble);
      throw trouble;
    }
  };
  const writes = (request: WriteRequest, mode: 'put' | 'patch'): Promise<Written> => {
    const id = parseResourceId(request.id);
    const type = typeOf(catalog, id.type);
    return audited({ ...request, action: `${type.permissionType}/write`, scope: id.text }, () => write(request, { id, type, mode }, parts));
  };
  return {
    put: async (request) => await writes(request, 'put'),
    patch: async (request) => await writes(request, 'patch'),
    delete: async (request) => {
      const id = parseResourceId(request.id);
      const type = typeOf(catalog, id.type);
      return await audited({ ...request, action: `${type.permissionType}/delete`, scope: id.text }, () => remove(request, id, type, parts));
    },
    get: async (id, type) => {
      const found = (await store.get(id.text)) ?? (await type.find?.(id, store));
      if (found !== undefined) return found;
      throw await missing(id, store);
    },
    present: (resource, type) => present(resource, type, { catalog, reader: store }),
    presentText: (resource, type) => texts.text(resource, type),
    act: async (request) => {
      const type = typeOf(catalog, request.id.type);
      const found = actionOf(type, request.action);
      if (found === undefined) throw noSuchAction(type, request.action);
      checkVersion(request.apiVersion, type);
      const refusal = { ...request, action: permissionOf(type, found), scope: request.id.text };
      return await audited(refusal, () => act(request, type, found, parts));
    },
    retag: async ({ id, tags, principal, correlationId }) => {
      const type = typeOf(catalog, parseResourceId(id).type);
      const author = { principal, correlationId, action: 'Microsoft.Resources/tags/write' };
      return await audited({ ...author, scope: id }, () =>
        store.write((transaction) => updateOne({ id, type, asked: { tags }, author }, parts, transaction)),
      );
    },
    refused: (refusal, trouble) => refusals.record(refusal, trouble),
    [Symbol.dispose]: () => parts.settling[Symbol.dispose](),
  };
}

interface WritePlace {
  readonly id: ResourceId;
  readonly type: AnyType;
  readonly mode: 'put' | 'patch';
}

async function write(request: WriteRequest, { id, type, mode }: WritePlace, parts: Parts): Promise<Written> {
  const { principal, correlationId, ifMatch, ifNoneMatch, dryRun } = request;
  checkVerb(type, mode);
  checkAddress(type, id);
  const draft = readDraft(type, request.body);
  checkVersion(request.apiVersion, type, draft.location);
  const one = { id, type, draft, mode, conditions: { ifMatch, ifNoneMatch }, author: { principal, correlationId } };
  let planned: OneWritten | undefined;
  const written = await parts.store
    .write(async (transaction) => {
      planned = await writeOne(one, parts, transaction);
      if (dryRun === true) throw dryRunOver;
      return planned;
    })
    .catch((error: unknown): OneWritten => {
      if (error === dryRunOver && planned !== undefined) return planned;
      throw toFault(error);
    });
  const { resource, before, changed } = written;
  const answer = { resource, created: before === undefined, changed, operation: undefined };
  if (dryRun === true || type.reconcile === undefined) return answer;
  const { resource: now, operation } = await parts.settling.settle({ resource, kind: 'put', principal: principal.id });
  return { ...answer, resource: now ?? resource, operation };
}

/** Thrown to take a transaction back that was only to say what would be refused. */
const dryRunOver = fault('cancelled', 'DryRun', 'It was only tried.');

async function remove(
  request: Deletion,
  id: ResourceId,
  type: AnyType,
  parts: Parts,
): Promise<{ readonly existed: boolean; readonly operation: string | undefined }> {
  checkVerb(type, 'delete');
  checkScope(type, id);
  checkVersion(request.apiVersion, type);
  const { store, settling } = parts;
  const { principal, correlationId } = request;
  const begun = await store
    .write(async (transaction) => {
      const before = await transaction.get(id.text);
      checkPreconditions(request, before);
      if (before === undefined) return undefined;
      // One whose deletion failed is tried again.
      if (before.deleting) await transaction.markDeleting(before.id, principal.id);
      else await removeOne({ resource: before, type, author: { principal, correlationId } }, transaction);
      if (request.dryRun === true) throw dryRunOver;
      // With the generation of its deletion, where it is still there.
      return (await transaction.get(id.text)) ?? before;
    })
    .catch((error: unknown): 'tried' => {
      if (error === dryRunOver) return 'tried';
      throw toFault(error);
    });
  if (begun === 'tried') return { existed: true, operation: undefined };
  if (begun === undefined) {
    await checkAbsent(id, type, store);
    return { existed: false, operation: undefined };
  }
  const always = type.answers.deleted === 202;
  if (!begun.deleting && !always) return { existed: true, operation: undefined };
  const { operation } = await settling.settle({ resource: begun, kind: 'delete', principal: principal.id }, always);
  return { existed: true, operation };
}

/** Deleting what is not there is no fault, except a group, or in a subscription or group that is not there; and what is built in stays. */
async function checkAbsent(id: ResourceId, type: AnyType, store: ResourceStore): Promise<void> {
  if ((await type.find?.(id, store)) !== undefined) {
    throw fault('conflict', 'ResourceIsBuiltIn', `'${id.text}' is built in and cannot be deleted.`, {
      target: id.text,
      remedy: 'Only resources that were created can be deleted.',
    });
  }
  const trouble = await missing(id, store);
  if (
    id.type === groupType ||
    id.type === subscriptionType ||
    trouble.code === 'SubscriptionNotFound' ||
    trouble.code === 'ResourceGroupNotFound'
  ) {
    throw trouble;
  }
}
