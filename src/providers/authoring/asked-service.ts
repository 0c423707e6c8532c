import { z } from 'zod';
import { fault } from '#base/fault.ts';
import type { Sealer } from '#arm/access.ts';
import type { Json, JsonObject } from '#arm/resource.ts';
import type { HomeCall } from './home-action.ts';
import type { AuthoringHome } from './home.ts';
import { type LinkedServiceProperties, linkedServiceProperties } from './linked-service-shape.ts';
import { savedLinkedService, storeAccess, type StoreAccess } from './store-access.ts';
import { checkSavedSecret } from './saved-secret.ts';

/** A linked service as it is sent to be tried: saved, or not yet. */
export interface AskedService {
  readonly name?: string | undefined;
  readonly properties?: JsonObject | undefined;
}

/** Of bodies: `linkedService`. */
export const askedService: z.ZodType<AskedService> = z.looseObject({
  name: z.string().max(260).optional(),
  properties: z.looseObject({}).optional(),
}) as unknown as z.ZodType<AskedService>;

type Call = Omit<HomeCall<{ readonly linkedService: AskedService }>, 'signal'>;

/**
 * How it is reached. Secrets that are masked, or are not there, are those of the saved one of that name, if it leads to the same place. Faults:
 * `LinkedServiceNotFound` (missing); (invalid) `InvalidLinkedService`, `SavedSecretNotForThis`, those of `storeAccess`.
 */
export async function askedAccess(
  home: AuthoringHome,
  { self, input, resources }: Call,
  sealer: Pick<Sealer, 'open'>,
): Promise<StoreAccess> {
  const { name, properties } = input.linkedService;
  const { id } = self!;
  const saved = name === undefined ? undefined : await savedLinkedService({ home, id, of: name }, resources);
  if (properties === undefined) {
    if (saved !== undefined) return await storeAccess({ home, id, of: saved.properties }, resources, sealer);
    throw fault('missing', 'LinkedServiceNotFound', 'There is no linked service of that name, and none was sent.', {
      target: 'linkedService',
      remedy: 'Send linkedService with its properties, or the name of a saved one.',
    });
  }
  const sent = readService(properties);
  const service = saved === undefined ? sent : withSaved(sent, saved.properties, sealer);
  return await storeAccess({ home, id, of: service }, resources, sealer);
}

function readService(properties: JsonObject): LinkedServiceProperties {
  const read = linkedServiceProperties.safeParse(withoutSeals(properties));
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  throw fault(
    'invalid',
    'InvalidLinkedService',
    `The linked service does not fit: ${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`,
    { target: 'linkedService.properties', remedy: 'Send it in the form in which it is saved.' },
  );
}

/** Nobody passes off a sealed text. */
function withoutSeals(value: JsonObject): JsonObject {
  return JSON.parse(JSON.stringify(value, (name, inner: unknown) => (name === '$sealed' ? undefined : inner))) as JsonObject;
}

const secretNames = ['password', 'pwd', 'connectionString'] as const;

function withSaved(sent: LinkedServiceProperties, saved: LinkedServiceProperties, sealer: Pick<Sealer, 'open'>): LinkedServiceProperties {
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
  if (taken) checkSavedSecret(filled, saved, sealer, 'linkedService.properties.typeProperties');
  return filled;
}

function isHidden(value: Json | undefined, name: (typeof secretNames)[number]): boolean {
  if (value === undefined) return true;
  if (typeof value === 'string') return name !== 'connectionString' && /^\*{3,}$/.test(value);
  if (typeof value !== 'object' || value === null) return false;
  const { type, value: text } = value as JsonObject;
  return type === 'SecureString' && (typeof text !== 'string' || /^\*{3,}$/.test(text));
}
