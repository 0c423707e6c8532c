import type { ResourceId } from '#arm/resource-id.ts';
import { Fault, fault } from '#base/fault.ts';
import type { Action, AnyType, Principal, TypeCatalog } from '#arm/resource-type.ts';
import type { Json, Resource } from '#arm/resource.ts';
import type { ResourceStore } from '#arm/store.ts';
import { readInput } from './asked.ts';
import { auditEntry, type Author } from './author.ts';
import { checkScope, clip, missing } from './places.ts';
import type { Settling } from './settling.ts';
import { overtakenCode, updateOne, type WriteTools } from './writing.ts';

/** `POST {id}/{action}`. */
export interface ActRequest {
  readonly id: ResourceId;
  /** In any casing. */
  readonly action: string;
  readonly apiVersion: string;
  readonly body: Json | undefined;
  readonly principal: Principal;
  readonly correlationId: string;
  readonly signal: AbortSignal;
}

export interface Acted {
  readonly body: Json | undefined;
  /** The operation's id, where it has not settled yet. */
  readonly operation: string | undefined;
  /** In the casing of creation. */
  readonly id: string;
}

export interface FoundAction {
  readonly name: string;
  // oxlint-disable-next-line typescript/no-explicit-any -- each action has an input of its own
  readonly action: Action<any, any>;
}

/** The action in any casing. */
export function actionOf(type: AnyType, word: string): FoundAction | undefined {
  const key = word.toLowerCase();
  const name = Object.keys(type.actions).find((one) => one.toLowerCase() === key);
  return name === undefined ? undefined : { name, action: type.actions[name]! };
}

/** The permission that an action asks for. */
export function permissionOf(type: AnyType, { name, action }: FoundAction): string {
  return `${type.permissionType}/${action.permission ?? `${name}/action`}`;
}

export function noSuchAction(type: AnyType, word: string): Fault {
  const names = Object.keys(type.actions);
  return fault('missing', 'InvalidAction', `Resources of the type '${type.type}' have no action '${clip(word, 80)}'.`, {
    target: clip(word, 80),
    remedy: names.length === 0 ? 'The type has no actions.' : `There are: ${names.join(', ')}.`,
  });
}

interface ActTools extends WriteTools {
  readonly catalog: TypeCatalog;
  readonly store: ResourceStore;
  readonly settling: Settling;
}

/** An action that was overtaken by other writes is begun anew so often. */
const mostTries = 5;

/** Runs an action of a resource. Faults: what the action refuses, `InvalidAction` (missing), those of a resource that is not there. */
export async function act(request: ActRequest, type: AnyType, found: FoundAction, tools: ActTools): Promise<Acted> {
  checkScope(type, request.id);
  const input: unknown = await readInput(found.action.input, request.body);
  for (let tries = 1; ; tries++) {
    try {
      return await actOnce({ ...request, input }, type, found, tools);
    } catch (error) {
      if (tries === mostTries || !(error instanceof Fault) || error.code !== overtakenCode) throw error;
    }
  }
}

async function actOnce(
  request: ActRequest & { readonly input: unknown },
  type: AnyType,
  found: FoundAction,
  tools: ActTools,
): Promise<Acted> {
  const { id, input, principal, correlationId, signal } = request;
  const { store, settling } = tools;
  const self = (await store.get(id.text)) ?? (await type.find?.(id, store));
  if (self === undefined && found.action.needsResource !== false) throw await missing(id, store);
  const action = permissionOf(type, found);
  const author: Author = { principal, correlationId, action };
  let latest = self;
  let updated = false;
  const update = async (asked: object): Promise<Resource> => {
    const generation = latest?.generation;
    latest = await store.write((transaction) => updateOne({ id: id.text, type, asked, author, generation }, tools, transaction));
    updated = true;
    return latest;
  };
  const answer = await found.action.run({ self, id, input, resources: store, principal, correlationId, signal, update });
  if (!updated && !action.endsWith('/read')) {
    await store.write((transaction) => transaction.audit(auditEntry(author, action, self?.id ?? id.text, [])));
  }
  const done: Acted = { body: answer.body, operation: undefined, id: self?.id ?? id.text };
  if (answer.settles !== true || latest === undefined) return done;
  const { operation } = await settling.settle({ resource: latest, kind: 'action', principal: principal.id, result: answer.body });
  return { ...done, operation };
}
