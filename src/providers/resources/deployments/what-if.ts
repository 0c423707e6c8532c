import { fault, toFault, type Fault } from '#base/fault.ts';
import type { Written } from '#arm/access.ts';
import type { ActionCall, AnyType } from '#arm/resource-type.ts';
import type { Json, JsonObject, Resource } from '#arm/resource.ts';
import { type DeploymentAsked, openAsked } from './asked.ts';
import { leftovers } from './complete-mode.ts';
import { deltaOf, namedOf, type PropertyChange } from './delta.ts';
import { readPlace } from './place.ts';
import { knownType, type Reading, withReads } from './reads.ts';
import { type Plan, planTemplate } from './template/plan.ts';
import type { PlannedResource } from './template/resources.ts';
import { isArray, isObject } from './template/scope.ts';
import type { DeploymentOptions } from './tools.ts';

/** What a deployment would do to one resource, in Azure's form. */
export interface WhatIfChange {
  readonly resourceId: string;
  readonly changeType: 'Create' | 'Modify' | 'NoChange' | 'Delete' | 'Ignore';
  readonly before?: JsonObject;
  readonly after?: JsonObject;
  readonly delta?: readonly PropertyChange[];
}

/** A deployment that is only looked at. */
export interface Look extends Reading {
  readonly plan: Plan;
  readonly run: string;
  readonly id: ActionCall<DeploymentAsked, unknown>['id'];
  readonly mode: DeploymentAsked['mode'];
}

/** Reads and plans what an action was sent. Faults: those of templates. */
export async function look(call: ActionCall<DeploymentAsked, unknown>, asked: DeploymentAsked, options: DeploymentOptions): Promise<Look> {
  const { id, resources, principal } = call;
  const opened = openAsked(asked, options.sealer);
  const place = await readPlace(id, opened.mode, { resources, environment: options.environment });
  const plan = planTemplate({ ...opened, place });
  return { tools: options.tools(), resources, principal, known: new Map(), plan, id, mode: opened.mode, run: asked.run };
}

/** What one resource of a template would be, as far as can be said before anything is written. */
export interface Tried {
  readonly resource: PlannedResource;
  readonly type: AnyType;
  readonly body: JsonObject;
  /** Undefined: it would be refused now. */
  readonly written: Written | undefined;
  /** Why. What waits for other resources of the template is no refusal. */
  readonly refusal: Fault | undefined;
}

/** Tries every resource without writing any. Faults: `AuthorizationFailed` and what else the template alone is to blame for are in `refusal`. */
export async function tryAll(looked: Look): Promise<readonly Tried[]> {
  const tried: Tried[] = [];
  for (const resource of looked.plan.resources) if (resource.wanted && !resource.existing) tried.push(await tryOne(looked, resource));
  return tried;
}

async function tryOne(looked: Look, resource: PlannedResource): Promise<Tried> {
  const { tools, principal, plan, run } = looked;
  const type = knownType(tools, resource.type, resource.id);
  await tools.authorizer.check(principal, `${type.permissionType}/write`, resource.id);
  const evaluated = await withReads(looked, (read) => plan.bodyOf(resource, read)).then(
    (body) => ({ body, trouble: undefined }),
    (error: unknown) => ({ body: plan.draftOf(resource), trouble: toFault(error) }),
  );
  const { body } = evaluated;
  const isFree = resource.dependsOn.size === 0;
  if (evaluated.trouble !== undefined) {
    return {
      resource,
      type,
      body,
      written: undefined,
      refusal: isFree && evaluated.trouble.kind !== 'missing' ? evaluated.trouble : undefined,
    };
  }
  const apiVersion = resource.apiVersion === '' ? type.versions.implemented : resource.apiVersion;
  try {
    const written = await tools.writer.put({ id: resource.id, apiVersion, body, principal, correlationId: run, dryRun: true });
    return { resource, type, body, written, refusal: undefined };
  } catch (error) {
    const trouble = toFault(error);
    return { resource, type, body, written: undefined, refusal: isFree ? trouble : undefined };
  }
}

/** Fault: `InvalidTemplateDeployment` (invalid) with a detail for each resource that would be refused. */
export function refuseTried(tried: readonly Tried[], name: string): void {
  const details = tried.flatMap(({ refusal, resource }) =>
    refusal === undefined
      ? []
      : [fault(refusal.kind, refusal.code, refusal.message, { target: refusal.target ?? resource.id, remedy: refusal.remedy })],
  );
  if (details.length === 0) return;
  const listed = details.slice(0, 5).map(({ code, message }) => `${code}: ${message}`);
  throw fault(
    'invalid',
    'InvalidTemplateDeployment',
    `The template deployment '${name}' is not valid. ${listed.join(' ')}`.slice(0, 4000),
    {
      details,
      remedy: 'Correct the resources named in the details.',
    },
  );
}

/** What a deployment would change, ordered by id. Secrets are masked. */
export async function whatIf(looked: Look, form: 'ResourceIdOnly' | 'FullResourcePayloads'): Promise<readonly WhatIfChange[]> {
  const tried = await tryAll(looked);
  const made = await Promise.all(tried.map(async (one) => changeOf(one, await looked.resources.get(one.resource.id))));
  const left = await leftovers(looked, looked.id, looked.plan);
  const changeType = looked.mode === 'Complete' ? 'Delete' : 'Ignore';
  const others = left.map((one): WhatIfChange => ({
    resourceId: one.id,
    changeType,
    before: formOf(one, looked.tools.catalog.get(one.type)),
  }));
  const changes = [...made, ...others].toSorted((a, b) => (a.resourceId.toLowerCase() < b.resourceId.toLowerCase() ? -1 : 1));
  if (form === 'ResourceIdOnly') return changes.map((one) => ({ resourceId: one.resourceId, changeType: one.changeType }));
  return looked.plan.masked(changes as unknown as Json) as unknown as readonly WhatIfChange[];
}

function changeOf({ resource, type, body, written }: Tried, now: Resource | undefined): WhatIfChange {
  const resourceId = now?.id ?? resource.id;
  const wanted = { id: resourceId, name: resource.name.split('/').at(-1)!, type: type.type, ...hidden(body, type) };
  const after = written === undefined ? wanted : formOf(written.resource, type);
  if (now === undefined) return { resourceId, changeType: 'Create', after: { ...after, apiVersion: resource.apiVersion } };
  const before = formOf(now, type);
  if (written !== undefined && !written.changed) return { resourceId, changeType: 'NoChange', before, after };
  const delta = written === undefined ? deltaOf(namedOf(before, wanted), wanted) : deltaOf(before, after);
  const changeType = delta.length > 0 || written?.changed === true ? 'Modify' : 'NoChange';
  return { resourceId, changeType, before, after, delta };
}

/** What was asked of a resource, without secrets. */
function formOf({ id, name, type, location, tags, envelope, properties }: Resource, known: AnyType | undefined): JsonObject {
  const place = location === undefined ? {} : { location };
  const labels = Object.keys(tags).length === 0 ? {} : { tags };
  return { id, name, type, ...place, ...labels, ...envelope, properties: hiddenIn(properties, known?.secrets ?? []) };
}

function hidden(body: JsonObject, type: AnyType): JsonObject {
  const { properties } = body;
  return isObject(properties) ? { ...body, properties: hiddenIn(properties, type.secrets) } : body;
}

function hiddenIn(properties: JsonObject, secrets: readonly string[]): JsonObject {
  return secrets.reduce((all, path) => hiddenAt(all, path.split('.')), properties);
}

const mask = '*******';

function hiddenAt(object: JsonObject, [word, ...rest]: readonly string[]): JsonObject {
  const members = Object.entries(object).map(([name, value]): readonly [string, Json] => {
    if (word !== '*' && name !== word) return [name, value];
    if (rest.length === 0) return [name, mask];
    if (isArray(value)) return [name, value.map((one) => (isObject(one) ? hiddenAt(one, rest) : one))];
    return [name, isObject(value) ? hiddenAt(value, rest) : value];
  });
  return Object.fromEntries(members);
}
