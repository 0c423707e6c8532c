import { z } from 'zod';
import { fault } from '#base/fault.ts';
import { builtIn } from '#arm/built-in.ts';
import { keyOf, parseResourceId, type ResourceId } from '#arm/resource-id.ts';
import { type Action, type CheckContext, resourceType, type ResourceType } from '#arm/resource-type.ts';
import type { Asked, JsonObject, Resource } from '#arm/resource.ts';
import type { ResourceReader } from '#arm/store.ts';
import { disableInteractive, enableInteractive, interactiveOf, interactiveShown, usualMinutes } from './interactive-authoring.ts';
import type { AuthoringOptions } from './options.ts';
import { type AuthoringHome, autoResolve, onlyNetwork, partTypes, planeOf } from './home.ts';

export interface RuntimeProperties {
  readonly type: 'Managed';
  readonly description?: string | undefined;
  readonly typeProperties: JsonObject;
  /** The managed virtual network that it stands in. */
  readonly managedVirtualNetwork?: { readonly type: 'ManagedVirtualNetworkReference'; readonly referenceName: string } | undefined;
}

const usualCompute = { computeProperties: { location: 'AutoResolve' } };

/** Rule: https://learn.microsoft.com/rest/api/datafactory/integration-runtimes/create-or-update */
const properties = z.object({
  type: z.literal('Managed', 'must be Managed: runtimes of other kinds are not served'),
  description: z.string().max(4_000).optional(),
  typeProperties: z.looseObject({}).default(usualCompute),
  managedVirtualNetwork: z
    .object({
      type: z.literal('ManagedVirtualNetworkReference').default('ManagedVirtualNetworkReference'),
      referenceName: z.string().max(127),
    })
    .optional(),
}) as unknown as z.ZodType<RuntimeProperties>;

const nothing = z.object({});
const longestMinutes = 24 * 60;

/** What does the work of a home: tests connections, browses, previews. */
export function integrationRuntimes(home: AuthoringHome, options: AuthoringOptions): ResourceType<RuntimeProperties> {
  const { runtime: type } = partTypes(home);
  return resourceType<RuntimeProperties>({
    type,
    summary: 'An integration runtime: what connects to data stores, from inside the managed virtual network',
    versions: home.versions,
    ...planeOf(home, 'runtime'),
    location: 'none',
    hasTags: false,
    name: { pattern: /^[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*$/, maxLength: 63, says: "letters, digits and single '-' between them" },
    verbs: ['put', 'delete'],
    properties,
    shows: { provisioningState: false, etag: true },
    answers: home.answers,
    check: checkNetwork,
    show: async () => ({ state: 'Online' }),
    find: (id, resources) => findAutoResolve(id, home, resources),
    list: async ({ under }, resources) => {
      const own = (await resources.list({
        within: under,
        direct: true,
        type,
      })) as unknown as Resource<RuntimeProperties>[];
      if (own.some(({ name }) => keyOf(name) === keyOf(autoResolve))) return own;
      const found = await findAutoResolve(parseResourceId(`${under}/integrationRuntimes/${autoResolve}`), home, resources);
      return found === undefined ? own : [found, ...own];
    },
    actions: {
      getStatus: {
        summary: 'How it stands, and whether interactive authoring is enabled',
        input: nothing,
        permission: 'getStatus/read',
        run: async ({ self }) => ({ body: await statusOf(self!, options) }),
      } satisfies Action<RuntimeProperties, object>,
      enableInteractiveQuery: {
        summary: `Enable interactive authoring, until so long after the last use (${usualMinutes} minutes unless given)`,
        input: z.object({ autoTerminationMinutes: z.int().min(1).max(longestMinutes).default(usualMinutes) }),
        run: async ({ self, input }) => {
          await enableInteractive(self!, input.autoTerminationMinutes, options);
          return { body: await statusOf(self!, options) };
        },
      } satisfies Action<RuntimeProperties, { readonly autoTerminationMinutes: number }>,
      disableInteractiveQuery: {
        summary: 'Disable interactive authoring',
        input: nothing,
        run: async ({ self }) => {
          await disableInteractive(self!, options);
          return { body: await statusOf(self!, options) };
        },
      } satisfies Action<RuntimeProperties, object>,
    },
  });
}

async function checkNetwork(
  { properties: { managedVirtualNetwork } }: Asked<RuntimeProperties>,
  { id, before, resources }: CheckContext<RuntimeProperties>,
): Promise<void> {
  if (before !== undefined && (before.properties.managedVirtualNetwork === undefined) !== (managedVirtualNetwork === undefined))
    throw fault('conflict', 'IntegrationRuntimeNetworkFixed', `${id.name} cannot move into or out of a managed virtual network.`, {
      target: 'properties.managedVirtualNetwork',
      remedy: 'Delete it and create it anew, or create another one.',
    });
  if (managedVirtualNetwork === undefined) return;
  const network = `${id.parent}/managedVirtualNetworks/${managedVirtualNetwork.referenceName}`;
  if ((await resources.get(network)) !== undefined) return;
  throw fault('invalid', 'InvalidResourceReference', `Resource ${network} referenced by resource ${id.text} was not found.`, {
    target: 'properties.managedVirtualNetwork.referenceName',
    remedy: `Create the managed virtual network first; it is called ${onlyNetwork}.`,
  });
}

/** Every home has it; it stands in the managed virtual network as soon as there is one. */
async function findAutoResolve(
  id: ResourceId,
  home: AuthoringHome,
  resources: ResourceReader,
): Promise<Resource<RuntimeProperties> | undefined> {
  const isMeant = [autoResolve, ...home.runtimeAliases].some((name) => keyOf(name) === keyOf(id.name));
  const owner = isMeant ? await resources.get(id.parent!) : undefined;
  if (owner === undefined || owner.type !== home.type) return undefined;
  // By another name, what was written under the usual one is meant.
  const kept = await resources.get(`${owner.id}/integrationRuntimes/${autoResolve}`);
  if (kept !== undefined) return kept as unknown as Resource<RuntimeProperties>;
  const types = partTypes(home);
  const network = await resources.get(`${owner.id}/managedVirtualNetworks/${onlyNetwork}`);
  return builtIn<RuntimeProperties>(
    {
      id: `${owner.id}/integrationRuntimes/${autoResolve}`,
      type: types.runtime,
      properties: {
        type: 'Managed',
        typeProperties: usualCompute,
        ...(network?.type === types.network && {
          managedVirtualNetwork: { type: 'ManagedVirtualNetworkReference', referenceName: onlyNetwork },
        }),
      },
    },
    owner,
  );
}

export interface RuntimeName {
  readonly home: AuthoringHome;
  /** The home's id. */
  readonly id: string;
  readonly name: string;
}

/** A runtime by its name, the built-in one too. */
export async function findRuntime(
  { home, id: owner, name }: RuntimeName,
  resources: ResourceReader,
): Promise<Resource<RuntimeProperties> | undefined> {
  const id = `${owner}/integrationRuntimes/${name}`;
  const found = await resources.get(id);
  if (found !== undefined) return found as unknown as Resource<RuntimeProperties>;
  return await findAutoResolve(parseResourceId(id), home, resources);
}

async function statusOf(self: Resource<RuntimeProperties>, options: AuthoringOptions): Promise<JsonObject> {
  const interactiveQuery = interactiveShown(await interactiveOf(self, options));
  return {
    name: self.name,
    properties: {
      type: 'Managed',
      dataFactoryName: self.id.split('/').at(-3)!,
      state: 'Online',
      // Ours: interactive work is done in the control process, whose dialer knows endpoints but which no sandbox holds.
      isolated: false,
      typeProperties: { createTime: self.createdAt, nodes: [], otherErrors: [], interactiveQuery },
    },
  };
}
