import { fault } from '#base/fault.ts';
import { type CheckContext, resourceType, type ResourceType } from '#arm/resource-type.ts';
import { keyOf } from '#arm/resource-id.ts';
import type { Asked, Resource } from '#arm/resource.ts';
import type { ResourceReader } from '#arm/store.ts';
import { builtInServices, findBuiltInService } from './built-in-services.ts';
import { findRuntime } from './runtimes.ts';
import { type LinkedServiceProperties, linkedServiceProperties, secretPaths, withMask } from './linked-service-shape.ts';
import type { AuthoringOptions } from './options.ts';
import { checkSavedSecret, sharesSeal } from './saved-secret.ts';
import { storeAddress } from './store-address.ts';
import { type AuthoringHome, partTypes, planeOf } from './home.ts';

/** A data store, and how to log in to it. */
export function linkedServices(home: AuthoringHome, options: AuthoringOptions): ResourceType<LinkedServiceProperties> {
  return resourceType<LinkedServiceProperties>({
    type: partTypes(home).linkedService,
    summary: 'A linked service: a database and how to log in to it, from an integration runtime',
    versions: home.versions,
    ...planeOf(home, 'linkedService'),
    location: 'none',
    hasTags: false,
    name: {
      pattern: /^[A-Za-z0-9_][^<>*#.%&:\\+?/]*$/,
      maxLength: 260,
      says: 'no < > * # . % & : \\ + ? /, beginning with a letter, digit or _',
    },
    verbs: ['put', 'delete'],
    properties: linkedServiceProperties,
    secrets: secretPaths,
    shows: { provisioningState: false, etag: true },
    answers: home.answers,
    check: (asked, context) => check(asked, context, { home, sealer: options.sealer }),
    ...(home.builtInServices !== undefined && {
      find: (id, resources) => findBuiltInService(home, id, resources),
      list: async ({ under }, resources) => await withBuiltIn(home, under, resources),
    }),
    shape: (_, usual) => withMask(usual),
  });
}

async function withBuiltIn(home: AuthoringHome, id: string, resources: ResourceReader): Promise<Resource<LinkedServiceProperties>[]> {
  const { linkedService: type } = partTypes(home);
  const own = (await resources.list({ within: id, direct: true, type })) as unknown as Resource<LinkedServiceProperties>[];
  const names = new Set(own.map(({ name }) => keyOf(name)));
  return [...(await builtInServices(home, id, resources)).filter(({ name }) => !names.has(keyOf(name))), ...own];
}

async function check(
  { properties }: Asked<LinkedServiceProperties>,
  { id, before, resources }: CheckContext<LinkedServiceProperties>,
  { home, sealer }: Pick<AuthoringOptions, 'sealer'> & { readonly home: AuthoringHome },
): Promise<void> {
  if ((await findBuiltInService(home, id, resources)) !== undefined)
    throw fault('conflict', 'LinkedServiceIsBuiltIn', `The linked service '${id.name}' is the ${home.noun}'s own and stays as it is.`, {
      target: id.text,
      remedy: 'Take another name.',
    });
  storeAddress(properties, sealer);
  if (before !== undefined && sharesSeal(properties, before.properties))
    checkSavedSecret(properties, before.properties, sealer, 'properties.typeProperties');
  const name = properties.connectVia?.referenceName;
  if (name === undefined || (await findRuntime({ home, id: id.parent!, name }, resources)) !== undefined) return;
  throw fault(
    'invalid',
    'InvalidResourceReference',
    `The linked service refers to the integration runtime '${name}', which is not there.`,
    {
      target: 'properties.connectVia.referenceName',
      remedy: 'Create it first, or leave connectVia out: then it is AutoResolveIntegrationRuntime.',
    },
  );
}
