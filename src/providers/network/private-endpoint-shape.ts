import { z } from 'zod';
import { type IdReference, idReference, partName, plainId } from './ip-configuration.ts';
import { privateLinkTargets } from './private-link-target.ts';

export interface EndpointConnection {
  readonly name: string;
  readonly properties: {
    /** An id, or the alias of a private link service. */
    readonly privateLinkServiceId: string;
    readonly groupIds: readonly string[];
    readonly requestMessage: string;
  };
}

export interface PrivateEndpointProperties {
  readonly subnet: IdReference;
  /** Both lists together have one. */
  readonly privateLinkServiceConnections: readonly EndpointConnection[];
  readonly manualPrivateLinkServiceConnections: readonly EndpointConnection[];
  /** A static address; undefined: any. */
  readonly ipConfigurations: readonly {
    readonly name: string;
    readonly properties: { readonly groupId: string; readonly memberName: string; readonly privateIPAddress: string };
  }[];
  readonly customNetworkInterfaceName?: string | undefined;
  /** Names that mean this endpoint; `name,port` where only that port is meant. */
  readonly customDnsConfigs: readonly { readonly fqdn: string }[];
  /** Ours: the latest time that it asked. */
  readonly request?: { readonly number: number; readonly by: string } | undefined;
}

const mostMessage = 140;

const connection = z.object({
  name: partName,
  properties: z.object({
    privateLinkServiceId: z
      .string()
      .min(1)
      .max(2_000)
      .meta({ 'x-isthmus-reference': { types: privateLinkTargets.map(({ type }) => type) } })
      .transform(plainId),
    groupIds: z.array(z.string().max(80)).max(1, 'one sub-resource at most').default([]),
    requestMessage: z.string().max(mostMessage, `the request message has ${mostMessage} characters at most`).default(''),
  }),
});

/** Rule: https://learn.microsoft.com/rest/api/virtualnetwork/private-endpoints/create-or-update */
export const privateEndpointProperties: z.ZodType<PrivateEndpointProperties> = z
  .object({
    subnet: idReference,
    privateLinkServiceConnections: z.array(connection).max(1).default([]),
    manualPrivateLinkServiceConnections: z.array(connection).max(1).default([]),
    ipConfigurations: z
      .array(
        z.object({
          name: partName,
          properties: z.object({
            groupId: z.string().max(80).default(''),
            memberName: z.string().max(80).default(''),
            privateIPAddress: z.string().max(64),
          }),
        }),
      )
      .max(1, 'one address at most')
      .default([]),
    customNetworkInterfaceName: partName.optional(),
    customDnsConfigs: z
      .array(
        z.object({
          fqdn: z
            .string()
            .max(260)
            .regex(/^[A-Za-z0-9_](?:[\w.-]*\w)?(?:,\d{1,5})?$/, 'a host name, with ,port where only that port is meant')
            .refine((text) => Number(text.split(',')[1] ?? 1) - 1 < 65_535 && Number(text.split(',')[1] ?? 1) > 0, 'a port is 1 to 65535'),
        }),
      )
      .max(100)
      .default([]),
  })
  .refine(
    ({ privateLinkServiceConnections: one, manualPrivateLinkServiceConnections: manual }) => one.length + manual.length === 1,
    'give one connection: in privateLinkServiceConnections, or in manualPrivateLinkServiceConnections where the owner must approve',
  );

/** Its connection as it is asked for. */
export function wishOf({
  privateLinkServiceConnections,
  manualPrivateLinkServiceConnections: manual,
}: PrivateEndpointProperties): EndpointConnection & { readonly manual: boolean } {
  const [found] = [...privateLinkServiceConnections, ...manual];
  return { ...found!, manual: manual.length > 0 };
}

/** Its one address in the address book. */
export const endpointSlot = 'endpoint';

/** What an endpoint knows of its connection: `outputs.connection`. */
export interface KnownConnection {
  readonly id: string;
  readonly linkId: number;
  /** The request that it answers. */
  readonly request: number;
}
