import { z } from 'zod';
import { fault } from '#base/fault.ts';
import { keyOf, parseResourceId } from '#arm/resource-id.ts';
import { type Action, type CheckContext, resourceType, type ResourceType } from '#arm/resource-type.ts';
import type { Asked, JsonObject, Resource } from '#arm/resource.ts';
import { usualMinutes } from './interactive-authoring.ts';
import type { AuthoringOptions } from './options.ts';
import { findAutoResolve, type RuntimeProperties, usualCompute } from './runtimes.ts';
import { type AuthoringHome, autoResolve, onlyNetwork, partTypes, planeOf } from './home.ts';

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
          await options.interactive.enable(self!, input.autoTerminationMinutes);
          return { body: await statusOf(self!, options) };
        },
      } satisfies Action<RuntimeProperties, { readonly autoTerminationMinutes: number }>,
      disableInteractiveQuery: {
        summary: 'Disable interactive authoring',
        input: nothing,
        run: async ({ self }) => {
          await options.interactive.disable(self!);
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

/** Azure's states. Where no worker can be started it is Offline, and says why. */
async function statusOf(self: Resource<RuntimeProperties>, { interactive, runtimes }: AuthoringOptions): Promise<JsonObject> {
  const isolation = await runtimes.isolation();
  const stopped = isolation.isolated || isolation.allowed ? undefined : isolation.reason;
  const { code, message, remedy } = stopped ?? {};
  return {
    name: self.name,
    properties: {
      type: 'Managed',
      dataFactoryName: self.id.split('/').at(-3)!,
      state: stopped === undefined ? 'Online' : 'Offline',
      // Ours: whether the operating system holds its workers.
      isolated: isolation.isolated,
      typeProperties: {
        createTime: self.createdAt,
        nodes: [],
        otherErrors: stopped === undefined ? [] : [{ code: code!, message: `${message} ${remedy ?? ''}`.trim(), parameters: [] }],
        interactiveQuery: await interactive.shown(self),
      },
    },
  };
}
