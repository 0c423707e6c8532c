import { z } from 'zod';
import { fault } from '#base/fault.ts';
import { builtIn } from '#arm/built-in.ts';
import { keyOf, parseResourceId, type ResourceId } from '#arm/resource-id.ts';
import { type Action, type CheckContext, resourceType, type ResourceType } from '#arm/resource-type.ts';
import type { Asked, JsonObject, Resource } from '#arm/resource.ts';
import type { ResourceReader } from '#arm/store.ts';
import { disableInteractive, enableInteractive, interactiveOf, interactiveShown, usualMinutes } from './interactive-authoring.ts';
import type { AuthoringOptions } from './options.ts';
import { answers, autoResolve, factoryType, integrationRuntimeType, managedNetworkType, onlyNetwork, versions } from './type-names.ts';

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

/** What does the work of a factory: tests connections, and later more. */
export function integrationRuntimes(options: AuthoringOptions): ResourceType<RuntimeProperties> {
  return resourceType<RuntimeProperties>({
    type: integrationRuntimeType,
    summary: 'An integration runtime: what connects to data stores, from inside the managed virtual network',
    versions,
    location: 'none',
    hasTags: false,
    name: { pattern: /^[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*$/, maxLength: 63, says: "letters, digits and single '-' between them" },
    verbs: ['put', 'delete'],
    properties,
    shows: { provisioningState: false, etag: true },
    answers,
    check: checkNetwork,
    show: async () => ({ state: 'Online' }),
    find: findAutoResolve,
    list: async ({ under }, resources) => {
      const own = (await resources.list({
        within: under,
        direct: true,
        type: integrationRuntimeType,
      })) as unknown as Resource<RuntimeProperties>[];
      if (own.some(({ name }) => keyOf(name) === keyOf(autoResolve))) return own;
      const found = await findAutoResolve(parseResourceId(`${under}/integrationRuntimes/${autoResolve}`), resources);
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

/** Every factory has it; it stands in the managed virtual network as soon as there is one. */
async function findAutoResolve(id: ResourceId, resources: ResourceReader): Promise<Resource<RuntimeProperties> | undefined> {
  if (keyOf(id.name) !== keyOf(autoResolve)) return undefined;
  const factory = await resources.get(id.parent!);
  if (factory === undefined || factory.type !== factoryType) return undefined;
  const network = await resources.get(`${factory.id}/managedVirtualNetworks/${onlyNetwork}`);
  return builtIn<RuntimeProperties>(
    {
      id: `${factory.id}/integrationRuntimes/${autoResolve}`,
      type: integrationRuntimeType,
      properties: {
        type: 'Managed',
        typeProperties: usualCompute,
        ...(network?.type === managedNetworkType && {
          managedVirtualNetwork: { type: 'ManagedVirtualNetworkReference', referenceName: onlyNetwork },
        }),
      },
    },
    factory,
  );
}

/** A runtime by its name, the built-in one too. */
export async function findRuntime(
  factory: string,
  name: string,
  resources: ResourceReader,
): Promise<Resource<RuntimeProperties> | undefined> {
  const id = `${factory}/integrationRuntimes/${name}`;
  const found = await resources.get(id);
  if (found !== undefined) return found as unknown as Resource<RuntimeProperties>;
  return await findAutoResolve(parseResourceId(id), resources);
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
