import { z } from 'zod';
import {
  type IdReference,
  idReference,
  allocationMembers,
  type IpConfiguration,
  partName,
  withoutShownAddress,
} from './ip-configuration.ts';

export interface ProbePart {
  readonly name: string;
  readonly properties: {
    readonly protocol: 'Tcp' | 'Http' | 'Https';
    readonly port: number;
    readonly requestPath?: string | undefined;
    readonly intervalInSeconds: number;
    readonly numberOfProbes: number;
    readonly probeThreshold?: number | undefined;
    readonly noHealthyBackendsBehavior: 'AllProbedDown' | 'AllProbedUp';
  };
}

export interface RulePart {
  readonly name: string;
  readonly properties: {
    readonly frontendIPConfiguration: IdReference;
    readonly backendAddressPools: readonly IdReference[];
    readonly probe?: IdReference | undefined;
    readonly protocol: 'Tcp' | 'Udp' | 'All';
    readonly frontendPort: number;
    readonly backendPort: number;
    readonly loadDistribution: 'Default' | 'SourceIP' | 'SourceIPProtocol';
    readonly idleTimeoutInMinutes: number;
    readonly enableTcpReset: boolean;
    readonly enableFloatingIP: boolean;
    readonly disableOutboundSnat: boolean;
  };
}

export interface LoadBalancerProperties {
  readonly frontendIPConfigurations: readonly (IpConfiguration & { readonly zones?: readonly string[] | undefined })[];
  readonly probes: readonly ProbePart[];
  readonly loadBalancingRules: readonly RulePart[];
}

/** Clients write enumerations in any casing. */
function oneOf<const T extends readonly string[]>(words: T): z.ZodType<T[number], string> {
  return z.string().transform((text, context) => {
    const found = words.find((word) => word.toLowerCase() === text.toLowerCase());
    if (found !== undefined) return found as T[number];
    context.addIssue({ code: 'custom', message: `must be one of ${words.join(', ')}` });
    return z.NEVER;
  });
}

const frontend = z.object({
  name: partName,
  zones: z.array(z.string().max(8)).max(3).optional(),
  properties: z
    .object({
      ...allocationMembers,
      publicIPAddress: z.undefined('only internal frontends are supported: give a subnet').optional(),
      publicIPPrefix: z.undefined('only internal frontends are supported: give a subnet').optional(),
    })
    .transform(({ publicIPAddress: _address, publicIPPrefix: _prefix, ...rest }) => withoutShownAddress(rest)),
});

const probe = z.object({
  name: partName,
  properties: z.object({
    protocol: oneOf(['Tcp', 'Http', 'Https']),
    port: z.int().min(1).max(65_535),
    requestPath: z.string().max(2_048).startsWith('/', 'begins with a slash').optional(),
    intervalInSeconds: z.int().min(5).max(2_147_483_646).default(15),
    numberOfProbes: z.int().min(1).max(100).default(1),
    probeThreshold: z.int().min(1).max(100).optional(),
    noHealthyBackendsBehavior: oneOf(['AllProbedDown', 'AllProbedUp']).default('AllProbedDown'),
  }),
});

const rule = z.object({
  name: partName,
  properties: z
    .object({
      frontendIPConfiguration: idReference,
      backendAddressPool: idReference.optional(),
      backendAddressPools: z.array(idReference).max(2).optional(),
      probe: idReference.optional(),
      protocol: oneOf(['Tcp', 'Udp', 'All']),
      frontendPort: z.int().min(0).max(65_534),
      backendPort: z.int().min(0).max(65_535).optional(),
      loadDistribution: oneOf(['Default', 'SourceIP', 'SourceIPProtocol']).default('Default'),
      idleTimeoutInMinutes: z.int().min(4).max(30).default(4),
      enableTcpReset: z.boolean().default(false),
      enableFloatingIP: z.boolean().default(false),
      disableOutboundSnat: z.boolean().default(false),
    })
    .transform(({ backendAddressPool: one, backendAddressPools: many, backendPort, ...rest }) => ({
      ...rest,
      backendPort: backendPort ?? rest.frontendPort,
      backendAddressPools: many !== undefined && many.length > 0 ? many : one === undefined ? [] : [one],
    })),
});

/** Rule: https://learn.microsoft.com/rest/api/load-balancer/load-balancers/create-or-update */
export const loadBalancerProperties: z.ZodType<LoadBalancerProperties> = z.object({
  frontendIPConfigurations: z.array(frontend).max(600).default([]),
  probes: z.array(probe).max(600).default([]),
  loadBalancingRules: z.array(rule).max(1_500).default([]),
});

export type ProbeProtocol = 'postgresql' | 'mysql' | 'tds';
