import { fault, type Fault } from '#base/fault.ts';
import type { Authorizer } from '#arm/access.ts';
import type { Principal } from '#arm/resource-type.ts';
import type { ResourceStore } from '#arm/store.ts';
import { actionTest, type ActionTest } from '#arm/action-match.ts';
import { builtInRoles } from './built-in-roles.ts';
import {
  assignmentsWithin,
  customRoles,
  roleAssignmentType,
  roleDefinitionType,
  roleGuid,
  scopeKey,
  scopeKeyOf,
  tenantScope,
} from './roles.ts';

/** Scope key → what is allowed there and below. */
type Grants = ReadonlyMap<string, readonly ActionTest[]>;

interface Snapshot {
  readonly assignments: number;
  readonly definitions: number;
  readonly byPrincipal: Promise<ReadonlyMap<string, Grants>>;
}

/**
 * Decides by roles: an action is allowed when a role that the principal holds at the scope or above it allows it. All assignments are kept
 * ready in memory, and read anew after one has changed: a check that begins after a write knows of it.
 */
export class RoleAuthorizer implements Authorizer {
  readonly #store: Pick<ResourceStore, 'revision' | 'list'>;
  #snapshot: Snapshot | undefined;
  #ready: { readonly of: Snapshot; readonly byPrincipal: ReadonlyMap<string, Grants> } | undefined;

  constructor(store: Pick<ResourceStore, 'revision' | 'list'>) {
    this.#store = store;
  }

  async check(principal: Principal, action: string, scope: string): Promise<void> {
    if (!(await this.allows(principal, action, scope))) throw refusal(principal, action, scope);
  }

  /** The same as an answer: for lists that show only what the principal may read. */
  async allows({ id }: Principal, action: string, scope: string): Promise<boolean> {
    const current = this.#current();
    const byPrincipal = this.#ready?.of === current ? this.#ready.byPrincipal : await this.#wait(current);
    const grants = byPrincipal.get(id.toLowerCase());
    return grants !== undefined && isAllowed(grants, action.toLowerCase(), scopeKey(scope));
  }

  #current(): Snapshot {
    const assignments = this.#store.revision(roleAssignmentType);
    const definitions = this.#store.revision(roleDefinitionType);
    if (this.#snapshot?.assignments !== assignments || this.#snapshot.definitions !== definitions)
      this.#snapshot = { assignments, definitions, byPrincipal: this.#load() };
    return this.#snapshot;
  }

  async #wait(snapshot: Snapshot): Promise<ReadonlyMap<string, Grants>> {
    try {
      const byPrincipal = await snapshot.byPrincipal;
      this.#ready = { of: snapshot, byPrincipal };
      return byPrincipal;
    } catch (error) {
      // What could not be read once is not remembered as such.
      if (this.#snapshot === snapshot) this.#snapshot = undefined;
      throw error;
    }
  }

  async #load(): Promise<ReadonlyMap<string, Grants>> {
    const tests = new Map(builtInRoles.map((role) => [role.guid, actionTest([role.permission])]));
    for (const { name, properties } of await customRoles(this.#store)) {
      const key = name.toLowerCase();
      if (!tests.has(key)) tests.set(key, actionTest(properties.permissions));
    }
    const byPrincipal = new Map<string, Map<string, ActionTest[]>>();
    for (const { id, properties } of await assignmentsWithin(this.#store, '')) {
      const test = tests.get(roleGuid(properties.roleDefinitionId) ?? '');
      if (!test) continue;
      const grants = entry(byPrincipal, properties.principalId.toLowerCase(), () => new Map<string, ActionTest[]>());
      entry(grants, scopeKeyOf(id), () => []).push(test);
    }
    return byPrincipal;
  }
}

function entry<V>(map: Map<string, V>, key: string, make: () => V): V {
  const there = map.get(key);
  if (there !== undefined) return there;
  const made = make();
  map.set(key, made);
  return made;
}

/** From the scope upwards, to the tenant. */
function isAllowed(grants: Grants, action: string, scope: string): boolean {
  for (let at = scope; ; at = at.slice(0, Math.max(0, at.lastIndexOf('/')))) {
    if (grants.get(at)?.some((test) => test(action))) return true;
    if (at === '') return false;
  }
}

function refusal({ id, name }: Principal, action: string, scope: string): Fault {
  const key = action.toLowerCase();
  const role = builtInRoles.find(({ permission }) => actionTest([permission])(key))?.name ?? 'Owner';
  const at = scope || tenantScope;
  const place = /^\/subscriptions\/[^/]+(?:\/resourceGroups\/[^/]+)?/i.exec(scope)?.[0] ?? tenantScope;
  return fault(
    'denied',
    'AuthorizationFailed',
    `The client '${name}' with object id '${id}' does not have authorization to perform action '${action}' over scope '${at}' or the scope is invalid. ` +
      'If access was recently granted, please refresh your credentials.',
    {
      target: at,
      remedy:
        `Ask an Owner for a role that allows it, such as ${role}: az role assignment create --assignee-object-id ${id} ` +
        `--assignee-principal-type ServicePrincipal --role '${role}' --scope ${place}, or isthmus credential grant '${name}' --role '${role}' --scope ${place}`,
    },
  );
}
