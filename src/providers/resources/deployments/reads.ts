import { Fault, fault } from '#base/fault.ts';
import { parseResourceId } from '#arm/resource-id.ts';
import type { AnyType, Principal } from '#arm/resource-type.ts';
import type { JsonObject } from '#arm/resource.ts';
import type { ResourceReader } from '#arm/store.ts';
import { idKey } from './template/ids.ts';
import { type References, wantedBy } from './template/scope.ts';
import type { DeploymentTools } from './tools.ts';

/** What a template's `reference()` has read so far, by key. */
export type Known = Map<string, JsonObject>;

export interface Reading {
  readonly tools: DeploymentTools;
  readonly resources: ResourceReader;
  readonly principal: Principal;
  readonly known: Known;
}

/** Evaluates, reading what it turns out to need. Faults: those of the evaluation, `ResourceNotFound` (missing), `AuthorizationFailed`. */
export async function withReads<T>(reading: Reading, evaluate: (read: References['read']) => T): Promise<T> {
  for (;;) {
    try {
      return evaluate((id) => reading.known.get(idKey(id)));
    } catch (error) {
      const wanted = error instanceof Fault ? wantedBy(error) : undefined;
      if (wanted === undefined) throw error;
      reading.known.set(idKey(wanted), await readShown(reading, wanted));
    }
  }
}

async function readShown({ tools, resources, principal }: Reading, text: string): Promise<JsonObject> {
  const id = parseResourceId(text);
  const type = knownType(tools, id.type, text);
  await tools.authorizer.check(principal, `${type.permissionType}/read`, id.text);
  const found = (await resources.get(id.text)) ?? (await type.find?.(id, resources));
  if (found === undefined) {
    throw fault('missing', 'ResourceNotFound', `The resource '${text}' that the template refers to was not found.`, {
      target: text,
      remedy: 'Deploy it first, or correct the reference.',
    });
  }
  return await tools.present(found, type);
}

/** Fault: `InvalidResourceType` (invalid). */
export function knownType({ catalog }: Pick<DeploymentTools, 'catalog'>, name: string, target: string): AnyType {
  const type = catalog.get(name);
  if (type !== undefined) return type;
  throw fault('invalid', 'InvalidResourceType', `The resource type '${name.slice(0, 200)}' is not served here.`, {
    target,
    remedy: 'List the types that there are: GET /subscriptions/{id}/providers.',
  });
}
