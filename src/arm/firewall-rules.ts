import { z } from 'zod';
import { fault } from '#base/fault.ts';
import { resourceType, type NameRule, type ResourceType } from './resource-type.ts';
import type { Asked } from './resource.ts';

export interface FirewallRule {
  readonly startIpAddress: string;
  readonly endIpAddress: string;
}

const address = z
  .string()
  .max(15)
  .regex(/^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?!$)|$)){4}$/, 'must be an IPv4 address, such as 10.0.0.4');
export const firewallRuleProperties: z.ZodType<FirewallRule> = z.object({ startIpAddress: address, endIpAddress: address });

const name: NameRule = {
  pattern: /^[^<>*%&:\\/?.\p{Cc}](?:[^<>*%&:\\/?\p{Cc}]*[^<>*%&:\\/?.\p{Cc}])?$/u,
  maxLength: 128,
  says: "anything but < > * % & : \\ / ? and control characters, not beginning or ending with '.'",
};

/**
 * A range of public addresses from which a server may be reached; 0.0.0.0 to 0.0.0.0: from services of the cloud. Private endpoints do not
 * pass through it. Rule: https://learn.microsoft.com/azure/azure-sql/database/firewall-configure
 */
export function firewallRules({
  parent,
  versions,
}: Pick<ResourceType, 'versions'> & { readonly parent: string }): ResourceType<FirewallRule> {
  return resourceType<FirewallRule>({
    type: `${parent}/firewallRules`,
    summary: 'A range of public addresses from which the server may be reached; 0.0.0.0: from services of the cloud',
    versions,
    location: 'none',
    hasTags: false,
    name,
    verbs: ['put', 'delete'],
    properties: firewallRuleProperties,
    shows: { provisioningState: false, etag: false },
    check: checkRange,
  });
}

async function checkRange({ properties: { startIpAddress, endIpAddress } }: Asked<FirewallRule>): Promise<void> {
  if (numberOf(startIpAddress) > numberOf(endIpAddress)) {
    throw fault('invalid', 'InvalidFirewallRuleRange', `The range begins at ${startIpAddress} and ends before that, at ${endIpAddress}.`, {
      target: 'properties.endIpAddress',
      remedy: 'Give the lower address as startIpAddress.',
    });
  }
  if (startIpAddress !== '0.0.0.0' || endIpAddress === '0.0.0.0' || endIpAddress === '255.255.255.255') return;
  throw fault('invalid', 'InvalidFirewallRuleRange', `The range from 0.0.0.0 to ${endIpAddress} means nothing.`, {
    target: 'properties.startIpAddress',
    remedy: 'Write 0.0.0.0 to 0.0.0.0 for services of the cloud, or begin at an address that a host can have.',
  });
}

/** Whether a rule lets an address in. The one of 0.0.0.0 alone lets services of the cloud in, which have no address here. IPv6 is in no rule. */
export function admits({ startIpAddress, endIpAddress }: FirewallRule, address: string): boolean {
  if (endIpAddress === '0.0.0.0' || !/^\d{1,3}(?:\.\d{1,3}){3}$/.test(address)) return false;
  const number = numberOf(address);
  return numberOf(startIpAddress) <= number && number <= numberOf(endIpAddress);
}

function numberOf(text: string): number {
  return text.split('.').reduce((sum, octet) => sum * 256 + Number(octet), 0);
}
