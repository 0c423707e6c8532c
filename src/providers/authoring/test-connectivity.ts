import { z } from 'zod';
import { fault, type Fault } from '#base/fault.ts';
import { keyOf } from '#arm/resource-id.ts';
import type { Action, ActionCall } from '#arm/resource-type.ts';
import type { Json, JsonObject, Resource } from '#arm/resource.ts';
import { testConnection } from '#runtime/jobs/test-connection-job.ts';
import type { DatabaseAddress } from '#runtime/jobs/test-connection.ts';
import { azureError, type FailedHop, pathHops, type ShownHop, stepHops, timeoutMs } from './connectivity-hops.ts';
import type { RuntimeProperties } from './integration-runtime.ts';
import { interactiveOf, renewInteractive } from './interactive-authoring.ts';
import { type LinkedServiceProperties, linkedServiceProperties } from './linked-service-shape.ts';
import type { AuthoringOptions } from './options.ts';
import { savedLinkedService, storeAccess } from './store-access.ts';
import { storeAddress } from './store-address.ts';
import type { AuthoringHome } from './home.ts';

interface Given {
  readonly linkedService: { readonly name?: string | undefined; readonly properties?: JsonObject | undefined };
}

const input: z.ZodType<Given> = z.object({
  linkedService: z.looseObject({ name: z.string().max(260).optional(), properties: z.looseObject({}).optional() }),
}) as unknown as z.ZodType<Given>;

/** Tests that run at once; each holds a connection of the control process. */
const mostTests = 16;

/**
 * `POST {factory}/testConnectivity`, as Azure's Studio asks it: 200 whether it succeeded or not. `hops` is ours. Faults (invalid):
 * `InteractiveAuthoringNotEnabled`, `ManagedVirtualNetworkRequired`, those of the linked service; (throttled) `TooManyTests`.
 */
export function testConnectivity(home: AuthoringHome, options: AuthoringOptions): Action<JsonObject, Given> {
  let running = 0;
  return {
    summary:
      'Test the connection of a linked service, saved or not, hop by hop from the managed virtual network to its rights in the database',
    input,
    run: async (call) => {
      const service = await linkedServiceOf(home, call, options);
      const { runtime, segment } = await storeAccess({ home, id: call.self!.id, of: service }, call.resources, options.sealer);
      const address = storeAddress(service, options.sealer);
      await renew(runtime, options);
      if (running >= mostTests)
        throw fault('throttled', 'TooManyTests', `${mostTests} connections are being tested already.`, {
          remedy: 'Try again in a moment.',
        });
      running += 1;
      try {
        return { body: await tested({ service, address, segment }, options, call.signal) };
      } finally {
        running -= 1;
      }
    },
  };
}

/** As it was sent; secrets that are masked, or are not there, are those of the saved one of that name, if it leads to the same place. */
async function linkedServiceOf(
  home: AuthoringHome,
  { self, input: { linkedService }, resources }: ActionCall<JsonObject, Given>,
  { sealer }: AuthoringOptions,
): Promise<LinkedServiceProperties> {
  const { name, properties } = linkedService;
  const saved = name === undefined ? undefined : await savedLinkedService({ home, id: self!.id, of: name }, resources);
  if (properties === undefined) {
    if (saved !== undefined) return saved.properties;
    throw fault('missing', 'LinkedServiceNotFound', 'There is no linked service of that name, and none was sent.', {
      target: 'linkedService',
      remedy: 'Send linkedService with its properties, or the name of a saved one.',
    });
  }
  const read = linkedServiceProperties.safeParse(withoutSeals(properties));
  if (!read.success) {
    const [issue] = read.error.issues;
    throw fault(
      'invalid',
      'InvalidLinkedService',
      `The linked service does not fit: ${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`,
      {
        target: 'linkedService.properties',
        remedy: 'Send it in the form in which it is saved.',
      },
    );
  }
  return saved === undefined ? read.data : withSaved(read.data, saved.properties, sealer);
}

/** Nobody passes off a sealed text. */
function withoutSeals(value: JsonObject): JsonObject {
  return JSON.parse(JSON.stringify(value, (name, inner: unknown) => (name === '$sealed' ? undefined : inner))) as JsonObject;
}

const secretNames = ['password', 'pwd', 'connectionString'] as const;

function withSaved(
  sent: LinkedServiceProperties,
  saved: LinkedServiceProperties,
  sealer: AuthoringOptions['sealer'],
): LinkedServiceProperties {
  const typeProperties: Record<string, Json> = { ...sent.typeProperties };
  let taken = false;
  for (const name of secretNames) {
    const stored = saved.typeProperties[name];
    if (stored === undefined || !isHidden(typeProperties[name], name)) continue;
    // A connection string that is sent without its password is no hidden one.
    if (name === 'connectionString' && typeProperties[name] === undefined && sent.typeProperties['server'] !== undefined) continue;
    typeProperties[name] = stored;
    taken = true;
  }
  const filled = { ...sent, typeProperties };
  if (taken && !sameLogin(storeAddress(filled, sealer), storeAddress(saved, sealer)))
    throw fault(
      'invalid',
      'SavedSecretNotForThis',
      'The saved secret is not sent to another server, or for another user, than it was saved with.',
      {
        target: 'linkedService.properties.typeProperties',
        remedy: 'Type the password once more.',
      },
    );
  return filled;
}

function isHidden(value: Json | undefined, name: (typeof secretNames)[number]): boolean {
  if (value === undefined) return true;
  if (typeof value === 'string') return name !== 'connectionString' && /^\*{3,}$/.test(value);
  if (typeof value !== 'object' || value === null) return false;
  const { type, value: text } = value as JsonObject;
  return type === 'SecureString' && (typeof text !== 'string' || /^\*{3,}$/.test(text));
}

function sameLogin(a: DatabaseAddress, b: DatabaseAddress): boolean {
  return (
    a.host === b.host && a.port === b.port && keyOf(a.user) === keyOf(b.user) && a.tls === b.tls && a.certificateName === b.certificateName
  );
}

async function renew(runtime: Resource<RuntimeProperties>, options: AuthoringOptions): Promise<void> {
  const interactive = await interactiveOf(runtime, options);
  if (interactive !== undefined) return await renewInteractive(runtime, interactive, options);
  throw fault(
    'invalid',
    'InteractiveAuthoringNotEnabled',
    `Interactive authoring is not enabled on the integration runtime '${runtime.name}', or its time has run out.`,
    {
      target: runtime.id,
      remedy: `Enable it: POST ${runtime.id}/enableInteractiveQuery`,
    },
  );
}

interface TestSubject {
  readonly service: LinkedServiceProperties;
  readonly address: DatabaseAddress;
  readonly segment: string;
}

async function tested({ service, address, segment }: TestSubject, options: AuthoringOptions, signal: AbortSignal): Promise<JsonObject> {
  const { host, port } = address;
  const path = pathHops(await options.explain({ segment, host, port }));
  if (path.failed !== undefined) return answer(path.hops, path.failed, { service, address });
  const steps = stepHops(await testConnection({ address, dialer: options.dialer(segment), timeoutMs }, signal));
  return answer([...path.hops, ...steps.hops], steps.failed, { service, address });
}

function answer(
  hops: readonly ShownHop[],
  failed: FailedHop | undefined,
  { service, address }: Pick<TestSubject, 'service' | 'address'>,
): JsonObject {
  const shown = hops as unknown as readonly JsonObject[];
  if (failed === undefined) return { succeeded: true, errors: [], hops: shown };
  return { succeeded: false, errors: [azureError(failed, service.type, address), ownError(failed)], hops: shown };
}

function ownError({ name, side, fault: trouble }: FailedHop): JsonObject {
  return { code: codeOf(trouble), message: `At the hop '${name}' (${side}): ${trouble.message} ${trouble.remedy ?? ''}`.trim() };
}

function codeOf({ kind, code }: Fault): string {
  return kind === 'bug' ? 'InternalServerError' : code;
}
