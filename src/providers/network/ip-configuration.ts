import { z } from 'zod';
import { fault } from '#base/fault.ts';
import { segmentsOf } from '#arm/resource-id.ts';
import type { Reference } from '#arm/resource-type.ts';
import type { Json, JsonObject, Resource } from '#arm/resource.ts';
import { addressAt, type AddressWish } from './address-book.ts';
import { subnetType } from './type-names.ts';

/** A reference to another resource: only the id counts. */
export interface IdReference {
  readonly id: string;
}

export const idReference: z.ZodType<IdReference> = z.object({
  id: z
    .string()
    .min(1)
    .max(2_000)
    .meta({ 'x-isthmus-reference': {} })
    .transform((id) => plainId(id)),
});

/** An id with single slashes and none at its end, so that equal ids are equal texts but for casing. What is no id stays as it is. */
export function plainId(text: string): string {
  return text.startsWith('/') ? `/${segmentsOf(text).join('/')}` : text;
}

/** The name of a part of a resource. */
export const partName: z.ZodType<string> = z
  .string()
  .max(80)
  .regex(/^[A-Za-z0-9](?:[\w.-]*\w)?$/, "a name has letters, digits, '.', '-' and '_', beginning with a letter or digit");

/** An address of a subnet that a resource has, as Azure's clients write it. */
export interface IpConfiguration {
  readonly name: string;
  readonly properties: {
    readonly subnet: IdReference;
    readonly privateIPAllocationMethod: 'Dynamic' | 'Static';
    /** Only where it is static. */
    readonly privateIPAddress?: string | undefined;
  };
}

/** The members of each ip configuration. */
export const allocationMembers: {
  readonly subnet: z.ZodType<IdReference>;
  readonly privateIPAllocationMethod: z.ZodDefault<z.ZodEnum<{ Dynamic: 'Dynamic'; Static: 'Static' }>>;
  readonly privateIPAddress: z.ZodOptional<z.ZodString>;
  readonly privateIPAddressVersion: z.ZodDefault<z.ZodLiteral<'IPv4'>>;
} = {
  subnet: idReference,
  privateIPAllocationMethod: z.enum(['Dynamic', 'Static']).default('Dynamic'),
  privateIPAddress: z.string().max(64).optional(),
  privateIPAddressVersion: z.literal('IPv4', 'only IPv4 is supported').default('IPv4'),
};

/** Clients send back addresses that they were shown: of dynamic ones that means nothing. */
export function withoutShownAddress<T extends IpConfiguration['properties']>(properties: T): T {
  if (properties.privateIPAllocationMethod === 'Static') return properties;
  const { privateIPAddress: _shown, ...rest } = properties;
  return rest as T;
}

/** What the configurations want of the address book. Faults (invalid): `PrivateIPAddressMissing`, `DuplicateResourceName`. */
export function wishesOf(configurations: readonly IpConfiguration[], at: string): readonly AddressWish[] {
  checkNames(configurations, at);
  return configurations.map(({ name, properties: { subnet, privateIPAllocationMethod: method, privateIPAddress: address } }, i) => {
    if (method === 'Static' && address === undefined)
      throw fault('invalid', 'PrivateIPAddressMissing', `The ip configuration ${name} is static and has no address.`, {
        target: `${at}[${i}].properties.privateIPAddress`,
        remedy: 'Give properties.privateIPAddress, or make the allocation Dynamic.',
      });
    return { slot: name, subnet: subnet.id, address: method === 'Static' ? address : undefined, at: `${at}[${i}].properties` };
  });
}

/** Parts of a resource have different names. Fault (invalid): `DuplicateResourceName`. */
export function checkNames(parts: readonly { readonly name: string }[], at: string): void {
  const seen = new Set<string>();
  for (const [i, { name }] of parts.entries()) {
    const key = name.toLowerCase();
    if (seen.has(key))
      throw fault('invalid', 'DuplicateResourceName', `There are two of the name ${name} in ${at}.`, {
        target: `${at}[${i}].name`,
        remedy: 'Give each a name of its own.',
      });
    seen.add(key);
  }
}

/** What they refer to. */
export function subnetReferences(configurations: readonly IpConfiguration[], at: string): readonly Reference[] {
  return configurations.map(({ properties: { subnet } }, i) => ({
    id: subnet.id,
    at: `${at}[${i}].properties.subnet.id`,
    types: [subnetType],
  }));
}

type Whole = Pick<Resource<unknown>, 'id' | 'type' | 'etag' | 'status'>;

/** A part as it is shown inside of its resource, and by its own id. */
export function shownPart(whole: Whole, word: string, part: { readonly name: string; readonly properties: object }): JsonObject {
  return {
    ...(part as object as JsonObject),
    id: `${whole.id}/${word}/${part.name}`,
    type: `${whole.type}/${word}`,
    etag: `W/"${whole.etag}"`,
    properties: { ...(part.properties as JsonObject), provisioningState: 'Succeeded' },
  };
}

/** The same of an ip configuration, with the address that it was given. */
export function shownConfiguration(whole: Whole, word: string, configuration: IpConfiguration): JsonObject {
  const { name, properties } = configuration;
  const address = addressAt(whole, name, properties.subnet.id);
  const shown: Record<string, Json> = { ...(properties as object as JsonObject) };
  if (address !== undefined) shown['privateIPAddress'] = address;
  return shownPart(whole, word, { ...configuration, properties: shown });
}
