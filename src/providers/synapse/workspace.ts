import { z } from 'zod';
import { fault } from '#base/fault.ts';
import type { ResourceWriter } from '#arm/access.ts';
import { keyOf } from '#arm/resource-id.ts';
import { type CheckContext, type Outcome, resourceType, type ResourceType } from '#arm/resource-type.ts';
import type { JsonObject, Resource } from '#arm/resource.ts';
import type { ResourceReader, ResourceStore } from '#arm/store.ts';
import { ownBase } from '#arm/type-plane.ts';
import { checkEgressTag } from '../authoring/egress.ts';
import { guidOf } from '../authoring/guid.ts';
import { onlyNetwork, partTypes } from '../authoring/home.ts';
import type { AuthoringOptions } from '../authoring/options.ts';
import { withOwnIds } from '../authoring/own-identity.ts';
import { interactiveActions } from '../authoring/interactive-actions.ts';
import { sqlHosts } from './sql-endpoint.ts';
import { versions, workspacePlaneVersions, workspaceType } from './type-names.ts';
import { admitVisitor, replaceAllIpFirewallRules } from './workspace-firewall.ts';
import { workspaceHome } from './workspace-home.ts';
import { checkFixed, completed, type WorkspaceProperties, workspaceProperties } from './workspace-shape.ts';

export interface WorkspaceOptions extends AuthoringOptions {
  readonly store: AuthoringOptions['store'] & Pick<ResourceStore, 'write'>;
  readonly writer: () => ResourceWriter;
  /** Where pools of the workspace of this id are reached at the moment, by their names: `localhost,14330`. */
  readonly sqlAddresses: (workspace: string) => Promise<ReadonlyMap<string, string>>;
  /** Actions that are about its links. */
  readonly ofLinks: ResourceType<WorkspaceProperties>['actions'];
}

const identity = z
  .object({
    type: z.enum(['None', 'SystemAssigned', 'UserAssigned', 'SystemAssigned,UserAssigned']),
    userAssignedIdentities: z.record(z.string().max(2_000), z.looseObject({})).optional(),
  })
  .default({ type: 'SystemAssigned' });

/** Where SQL pools, links and linked services lie, and the managed virtual network that their runtimes stand in. Its plane is `/synapse/{name}`. */
export function workspaces(options: WorkspaceOptions): ResourceType<WorkspaceProperties> {
  const { tenant, writer } = options;
  return resourceType<WorkspaceProperties>({
    type: workspaceType,
    summary:
      'A Synapse workspace: SQL pools, link connections, linked services, and the runtimes and managed network that they are reached from',
    versions,
    name: {
      pattern: /^(?!.*-ondemand)[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/,
      maxLength: 50,
      says: "small letters, digits and '-', not at the ends, and not -ondemand",
    },
    properties: workspaceProperties,
    envelope: z.object({ identity }) as unknown as z.ZodType<JsonObject>,
    secrets: ['sqlAdministratorLoginPassword'],
    shows: { provisioningState: true, etag: false },
    plane: {
      root: { prefix: 'synapse', self: 'workspace', hostSuffix: 'synapseAnalytics', admit: admitVisitor },
      versions: workspacePlaneVersions,
      actions: ['testConnectivity', 'browse', 'preview', 'preflight'],
    },
    check: async ({ tags, properties }, context) => {
      checkEgressTag(tags);
      checkFixed(properties, context.before?.properties);
      await checkUnique(context);
    },
    complete: async (asked, { before }) => ({ ...asked, properties: completed(asked.properties, before?.properties) }),
    show: async (self) => shown(self, await options.sqlAddresses(self.id)),
    shape: (self, usual) => ({ ...usual, identity: withOwnIds(self, usual['identity'] as JsonObject, tenant) }),
    actions: {
      replaceAllIpFirewallRules: replaceAllIpFirewallRules(writer),
      ...interactiveActions(workspaceHome, options),
      ...options.ofLinks,
    },
    reconcile: (self, { resources }) => withNetwork(self, resources, options.store),
  });
}

/** They are parts of host names, and addresses of a plane. */
async function checkUnique({ id, before, resources }: CheckContext<WorkspaceProperties>): Promise<void> {
  if (before !== undefined) return;
  const all = await resources.list({ within: '', type: workspaceType });
  const other = all.find(({ name }) => keyOf(name) === keyOf(id.name));
  if (other === undefined) return;
  throw fault('conflict', 'WorkspaceNameUnavailable', `The workspace name '${id.name}' is in use by ${other.id}.`, {
    target: id.text,
    remedy: 'Take another name: workspaces are reached by it.',
  });
}

function shown(self: Resource<WorkspaceProperties>, pools: ReadonlyMap<string, string>): JsonObject {
  const { id, name } = self;
  return {
    connectivityEndpoints: {
      web: `${ownBase}/studio/?workspace=${encodeURIComponent(id)}`,
      dev: `${ownBase}/synapse/${name}`,
      ...sqlHosts(name),
      ...sqlEndpoints(pools),
    },
    workspaceUID: guidOf(self, 'workspace'),
    extraProperties: { WorkspaceType: 'Normal' },
    privateEndpointConnections: [],
  };
}

/** `sql` is where the first pool by name is reached, if any is; of more than one each has a member of its own: `sql/dw`. */
function sqlEndpoints(pools: ReadonlyMap<string, string>): JsonObject {
  const all = [...pools].toSorted(([a], [b]) => (a < b ? -1 : 1));
  const [first] = all;
  if (first === undefined) return {};
  return { sql: first[1], ...(all.length > 1 && Object.fromEntries(all.map(([name, address]) => [`sql/${name}`, address]))) };
}

const networkRetryMs = 1_000;

/** A workspace that asked for a managed virtual network has it from the start. */
async function withNetwork(
  self: Resource<WorkspaceProperties>,
  resources: ResourceReader,
  store: Pick<ResourceStore, 'write'>,
): Promise<Outcome> {
  if (self.properties.managedVirtualNetwork !== 'default') return { kind: 'ready' };
  const id = `${self.id}/managedVirtualNetworks/${onlyNetwork}`;
  const network =
    (await resources.get(id)) ??
    (await store.write(async (transaction) => {
      const before = await transaction.get(id);
      const usual = { location: undefined, tags: {}, envelope: {}, properties: {}, references: [], ready: false };
      return before ?? (await transaction.put({ ...usual, id, type: partTypes(workspaceHome).network, principal: self.changedBy }));
    }));
  const { status, generation } = network;
  if (status.settled === generation && status.outcome === 'ready') return { kind: 'ready' };
  return { kind: 'waiting', for: 'Its managed virtual network is being made.', retryMs: networkRetryMs };
}
