import { z } from 'zod';
import type { Fault } from '#base/fault.ts';
import { fault } from '#base/fault.ts';
import type { ResourceId, Scope } from './resource-id.ts';
import type { Asked, Json, JsonObject, Resource } from './resource.ts';
import type { ResourceReader } from './store.ts';

/** What trying to make a resource true led to. */
export type Outcome =
  | { readonly kind: 'ready'; readonly outputs?: JsonObject }
  /** `for` is shown to the user, as a sentence. Tried again after `retryMs`, or as soon as something it refers to, or a child, settles. */
  | { readonly kind: 'waiting'; readonly for: string; readonly retryMs: number; readonly outputs?: JsonObject }
  /** Not tried again until it is written once more. Without `outputs` those of before stay. */
  | { readonly kind: 'failed'; readonly fault: Fault; readonly outputs?: JsonObject };

export interface ReconcileContext {
  /** What is asked and true of everything, as committed. */
  readonly resources: ResourceReader;
  readonly signal: AbortSignal;
}

/**
 * Makes true what is asked. Idempotent: called again after a crash at any point, after each write, and when what it refers to has settled.
 * One call at a time for each resource. A fault that waiting may mend (`policies.retry`) counts as `waiting` with growing pauses, any other
 * as `failed`.
 */
export type Reconciler<P> = (self: Resource<P>, context: ReconcileContext) => Promise<Outcome>;

/** A reference to another resource, or to a part of one, that must be there. While it is there its target cannot be deleted. */
export interface Reference {
  readonly id: string;
  /** Where it was found, for the refusal: `properties.subnet.id`. */
  readonly at: string;
  /** What it may name; undefined: anything. */
  readonly types?: readonly string[];
}

/** What a caller is. */
export interface Principal {
  /** A GUID: `oid` of the token. */
  readonly id: string;
  readonly name: string;
  readonly tenant: string;
}

export interface ActionCall<P, I> {
  /** Undefined only with `needsResource: false`. */
  readonly self: Resource<P> | undefined;
  readonly id: ResourceId;
  readonly input: I;
  readonly resources: ResourceReader;
  readonly principal: Principal;
  /** Of the request, for records that the action makes of itself. */
  readonly correlationId?: string;
  readonly signal: AbortSignal;
  /**
   * Writes what is asked of the resource anew, audited as this action; it settles like any write. Where somebody else wrote it since `self` was
   * read nothing is written, and the action is run anew: what it does besides must bear that.
   */
  readonly update: (asked: Partial<Asked<P>>) => Promise<Resource<P>>;
}

/** `POST {id}/{name}`. */
export interface Action<P, I = never> {
  readonly summary: string;
  readonly input: z.ZodType<I>;
  /** The end of the permission, after `{type}/`. Default: `{name}/action`. */
  readonly permission?: string;
  /** False: it may be asked of a resource that is not there yet (a deployment's `validate`). */
  readonly needsResource?: false;
  /** It reaches what the root of the type's plane guards: only whom the root admits may ask for it, at ARM's own address too. */
  readonly behindRoot?: true;
  /**
   * Answers at once with `body` (status 200), or, with `settles`, when the resource has settled: 200 where that takes under a second, else
   * 202 with `Location`. No body: an empty answer.
   */
  readonly run: (call: ActionCall<P, I>) => Promise<{ readonly body?: Json; readonly settles?: boolean }>;
}

/** `GET {id}/{name}` of a read. */
export interface ReadCall<P> {
  readonly self: Resource<P>;
  readonly id: ResourceId;
  readonly resources: ResourceReader;
  readonly principal: Principal;
  /** Aborts when the client goes away. */
  readonly signal: AbortSignal;
}

/** What is shown at an address of its own and has to be looked for when it is asked for: in other resources, in what runs. */
export interface Read<P> {
  readonly summary: string;
  /** The end of the permission, after `{type}/`. Default: `{name}/read`. */
  readonly permission?: string;
  /** See `Action`. */
  readonly behindRoot?: true;
  /** Quick; it changes nothing, and nothing of it is audited. Answered with status 200. */
  readonly run: (call: ReadCall<P>) => Promise<Json>;
}

/**
 * Where resources of a type are also asked for beside ARM: at the outermost resource that they lie in, the root of the plane. Addresses there
 * are `/{prefix}/{root's name}` or the host name `{root's name}.{suffix}`, and then what follows the root in an ARM id:
 * `/synapse/{workspace}/linkConnections/{name}` is `…/Microsoft.Synapse/workspaces/{workspace}/linkConnections/{name}`, likewise
 * `…/managedVirtualNetworks/{name}/managedPrivateEndpoints/{name}`, lists, `GET` of parts, `views` and `reads`, and `POST` of actions; actions
 * of the root follow its name. Same resources, roles, audit and etags; only what is given here differs. Every type on the way must have a plane.
 */
export interface PlaneFace {
  /** Only on the outermost type: what makes it the root. Its names must be in use but once in the installation: its `check` sees to it. */
  readonly root?: {
    /** `synapse`. */
    readonly prefix: string;
    /** The word at which the root itself is read: `workspace`. */
    readonly self: string;
    /** Which of the endings of host names that the cloud's metadata tells. */
    readonly hostSuffix: 'synapseAnalytics';
    /**
     * Whether whoever asks from an address may ask at the plane at all: throws the refusal (denied). Asked once it is known who asks, before
     * what they may do. `address`: IPv4 or IPv6. Default: everybody.
     */
    // oxlint-disable-next-line typescript/no-explicit-any -- roots have properties of their own
    readonly admit?: (root: Resource<any>, address: string, resources: ResourceReader) => Promise<void>;
  };
  /** Default: the type's. The floor is not older than the type's. */
  readonly versions?: ResourceType['versions'];
  readonly answers?: ResourceType['answers'];
  readonly verbs?: ResourceType['verbs'];
  /** Names of the actions that are asked for there. Default: all of the type's; of a root: none. */
  readonly actions?: readonly string[];
}

export interface NameRule {
  readonly pattern: RegExp;
  readonly maxLength: number;
  /** For the refusal: `letters, digits, '-', '_' and '.'`. */
  readonly says: string;
}

/** Everything that routes, validation, OpenAPI, coverage, command line and Studio know of a type of resource. */
export interface ResourceType<P = JsonObject> {
  /** `Microsoft.Network/virtualNetworks/subnets`. */
  readonly type: string;
  readonly summary: string;
  /** What permissions begin with: `{permissionType}/write`. Default: the type. Groups are `Microsoft.Resources/subscriptions/resourceGroups` there. */
  readonly permissionType: string;
  /** Where the type's outermost name may stand. Default: in a group. */
  readonly scopes: readonly Scope[];
  /** The least api-version that is answered, and the one whose shape is implemented. */
  readonly versions: { readonly floor: string; readonly implemented: string };
  readonly location: 'required' | 'optional' | 'none';
  readonly hasTags: boolean;
  readonly name: NameRule;
  /** Verbs that clients may use; reading is always possible. */
  readonly verbs: readonly ('put' | 'patch' | 'delete')[];
  /** What `properties` must be. Unknown and read-only members are dropped by it, defaults come from it. */
  readonly properties: z.ZodType<P>;
  /** Members beside `properties`. */
  readonly envelope: z.ZodType<JsonObject>;
  /** Paths of members of `properties` that are kept sealed (`{"$sealed": text}` of the Sealer), never shown and never audited: `administratorLoginPassword`. */
  readonly secrets: readonly string[];
  /** Whether `properties.provisioningState` and the `etag` are shown. */
  readonly shows: { readonly provisioningState: boolean; readonly etag: boolean };
  /** Status codes of success, where clients accept only some. */
  readonly answers: {
    readonly created: 200 | 201;
    readonly replaced: 200 | 201;
    readonly deleted: 200 | 202 | 204;
    /** While the deletion still goes on. Default: 202, with an operation to ask after; 200 where clients take nothing else. */
    readonly deleting?: 200 | 202;
  };
  /** `id`: its own, in the casing of creation. */
  readonly references?: (asked: Asked<P>, id: ResourceId) => readonly Reference[];
  /**
   * What it has elsewhere has to be given back over what it stands on: while it is being deleted with its parent or group, nothing else of those
   * goes before it.
   */
  readonly goesFirst?: true;
  /** Parts that have ids of their own but live inside the resource: `frontendIPConfigurations` → what lists them, each with its `name`. They can be read like children, and references may name them. */
  readonly parts?: Readonly<Record<string, (self: Resource<P>) => readonly JsonObject[]>>;
  /** What is shown at addresses of their own, read-only, in whatever form Azure has there: `instanceView` at `GET {id}/instanceView`. */
  readonly views?: Readonly<Record<string, (self: Resource<P>) => Json>>;
  /** Like `views`, where it takes more than the resource itself: `detailedstatus` at `GET {id}/detailedstatus`. */
  readonly reads?: Readonly<Record<string, Read<P>>>;
  /** Undefined: asked for by ARM only. */
  readonly plane?: PlaneFace;
  /** Its bodies may be written loosely: member names without quotes, comments, line ends in strings (JSON5 and more), as `az` sends templates. */
  readonly looseBody?: true;
  /** What no schema can say, and what depends on other resources. Throws faults (4xx); runs in the transaction of the write. */
  readonly check?: (asked: Asked<P>, context: CheckContext<P>) => Promise<void>;
  /**
   * What is kept in place of what was asked, where the product keeps more than it lets clients write: who asked, what was decided before. Runs after
   * `check`, in the transaction of the write; it may refuse like `check`. Not with `inline`.
   */
  readonly complete?: (asked: Asked<P>, context: CheckContext<P>) => Promise<Asked<P>>;
  /** Says why it may not go. Runs in the transaction of the deletion, after references and children were looked at. */
  readonly checkDelete?: (self: Resource<P>, context: CheckContext<P>) => Promise<void>;
  /** Code and kind of the refusal to delete something that others refer to. Default: conflict `ResourceInUse`. */
  readonly inUse?: { readonly kind: 'conflict' | 'invalid'; readonly code: string };
  /** Children that may be sent inside `properties` of a PUT and are shown there: member name → type. */
  readonly inline?: Readonly<Record<string, { readonly type: string; readonly whenAbsent: 'keep' | 'remove' }>>;
  /** More read-only members of `properties`, made of other resources when it is shown. */
  readonly show?: (self: Resource<P>, resources: ResourceReader) => Promise<JsonObject>;
  /** What is shown at an id at which nothing is stored: what is built in. */
  readonly find?: (id: ResourceId, resources: ResourceReader) => Promise<Resource<P> | undefined>;
  /** All that a collection shows, in order, where that is not what lies in the place: what applies there from above, its own `$filter`. Paged by the caller. */
  readonly list?: (query: CollectionQuery, resources: ResourceReader) => Promise<readonly Resource<P>[]>;
  /** Whoever has signed in may list it at any scope, also without the right to read: `list` shows only what is their own. */
  readonly ownOnly?: true;
  /** The whole of what is shown, where it is not `{id,name,type,location,tags,etag,…envelope,properties}`. Given that usual form. */
  readonly shape?: (self: Resource<P>, usual: JsonObject) => JsonObject;
  // oxlint-disable-next-line typescript/no-explicit-any -- each action has an input of its own
  readonly actions: Readonly<Record<string, Action<P, any>>>;
  /** Undefined: true as soon as it is written. */
  readonly reconcile?: Reconciler<P>;
  /** Undefined: gone as soon as its children are. */
  readonly remove?: Reconciler<P>;
}

/** `GET {under}/providers/{type}`. */
export interface CollectionQuery {
  /** The id text of the place; empty at the tenant. */
  readonly under: string;
  /** `$filter` as sent. */
  readonly filter: string | undefined;
  readonly principal: Principal;
}

export interface CheckContext<P> {
  readonly id: ResourceId;
  /** What is there now; undefined when it is new. */
  readonly before: Resource<P> | undefined;
  /** In the transaction of the write. */
  readonly resources: ResourceReader;
  readonly principal: Principal;
}

const usualName: NameRule = {
  pattern: /^[A-Za-z0-9](?:[\w.-]*\w)?$/,
  maxLength: 80,
  says: "letters, digits, '.', '-' and '_', beginning with a letter or digit and not ending with '.' or '-'",
};

type Given<P> = Pick<ResourceType<P>, 'type' | 'summary' | 'versions' | 'properties'> & Partial<ResourceType<P>>;

/** Declares a type of resource. What is not given is as most types of ARM have it. */
export function resourceType<P>(given: Given<P>): ResourceType<P> {
  return {
    permissionType: given.type,
    scopes: ['group'],
    location: 'required',
    hasTags: true,
    name: usualName,
    verbs: ['put', 'patch', 'delete'],
    envelope: noEnvelope,
    secrets: [],
    shows: { provisioningState: true, etag: true },
    answers: { created: 201, replaced: 200, deleted: 200 },
    actions: {},
    ...given,
  };
}

const noEnvelope: z.ZodType<JsonObject> = z.object({}) as unknown as z.ZodType<JsonObject>;

// oxlint-disable-next-line typescript/no-explicit-any -- a catalogue holds types of all properties
export type AnyType = ResourceType<any>;

/** All types that a program serves, found without regard to case. */
export interface TypeCatalog {
  readonly all: readonly AnyType[];
  get(type: string): AnyType | undefined;
  /** Types whose path is this type's with one more word. */
  children(type: string): readonly AnyType[];
}

/** Fault: `DoubleType` (bug). */
export function typeCatalog(all: readonly AnyType[]): TypeCatalog {
  const byKey = new Map<string, AnyType>();
  for (const one of all) {
    if (byKey.has(one.type.toLowerCase())) throw fault('bug', 'DoubleType', `The type ${one.type} is declared twice.`);
    byKey.set(one.type.toLowerCase(), one);
  }
  const childrenOf = (type: string): AnyType[] => {
    const prefix = `${type.toLowerCase()}/`;
    return all.filter((one) => one.type.toLowerCase().startsWith(prefix) && !one.type.slice(prefix.length).includes('/'));
  };
  const children = new Map(all.map((one) => [one.type.toLowerCase(), childrenOf(one.type)]));
  return { all, get: (type) => byKey.get(type.toLowerCase()), children: (type) => children.get(type.toLowerCase()) ?? [] };
}
