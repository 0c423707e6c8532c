import type { JsonObject } from '#arm/resource.ts';

/** A workspace or data factory that is to be made. */
export interface HomeDraft {
  readonly kind: 'workspace' | 'data factory';
  readonly group: string;
  readonly name: string;
  readonly location: string;
  /** Its runtimes stand in a network that nothing leaves unseen. Of a workspace it is decided once. */
  readonly managed: boolean;
  /** Nothing leaves it but over approved endpoints. Of a workspace it is decided once. */
  readonly isProtected: boolean;
  readonly isPublic: boolean;
  /** Of a workspace: links may pass its firewall. */
  readonly isTrusting: boolean;
}

export const emptyHome: Omit<HomeDraft, 'kind'> = {
  group: '',
  name: '',
  location: 'westeurope',
  managed: true,
  isProtected: true,
  isPublic: true,
  isTrusting: true,
};

export function homePath({ kind, group, name }: HomeDraft, subscription: string): string {
  const type = kind === 'workspace' ? 'Microsoft.Synapse/workspaces' : 'Microsoft.DataFactory/factories';
  return `${groupPath(group, subscription)}/providers/${type}/${encodeURIComponent(name)}`;
}

export function groupPath(group: string, subscription: string): string {
  return `${subscription}/resourceGroups/${encodeURIComponent(group.trim())}`;
}

/** Of a data factory, protection is a mode of its network: the tag that can be changed at any time. */
export function homeBody({ kind, location, managed, isProtected, isPublic, isTrusting }: HomeDraft): JsonObject {
  const publicNetworkAccess = isPublic ? 'Enabled' : 'Disabled';
  if (kind === 'data factory')
    return {
      location: location.trim(),
      ...(managed && isProtected && { tags: { 'hidden-egress-mode': 'enforce' } }),
      identity: { type: 'SystemAssigned' },
      properties: { publicNetworkAccess },
    };
  return {
    location: location.trim(),
    identity: { type: 'SystemAssigned' },
    properties: {
      ...(managed && { managedVirtualNetwork: 'default', managedVirtualNetworkSettings: { preventDataExfiltration: isProtected } }),
      publicNetworkAccess,
      trustedServiceBypassEnabled: isTrusting,
    },
  };
}

/** What keeps a draft from being sent; the server says the rest. */
export function homeProblem({ kind, group, name, location }: HomeDraft): string | undefined {
  if (group.trim() === '') return 'Give a resource group: one that is there, or the name of a new one.';
  if (location.trim() === '') return 'Give a region.';
  if (kind === 'workspace')
    return /^(?!.*-ondemand)[a-z0-9](?:[a-z0-9-]{0,48}[a-z0-9])?$/.test(name)
      ? undefined
      : "The name has small letters, digits and '-', not at the ends, 50 at most, and not -ondemand.";
  return /^[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*$/.test(name) && name.length <= 63
    ? undefined
    : "The name has letters, digits and single '-' between them, 63 at most.";
}

export interface RuleDraft {
  readonly name: string;
  readonly from: string;
  readonly to: string;
}

const ipv4 = /^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?!$)|$)){4}$/;

export function ruleBody({ from, to }: RuleDraft): JsonObject {
  return { properties: { startIpAddress: from.trim(), endIpAddress: to.trim() === '' ? from.trim() : to.trim() } };
}

export function ruleProblem({ name, from, to }: RuleDraft): string | undefined {
  if (name.trim() === '') return 'Give the rule a name.';
  if (!ipv4.test(from.trim())) return 'The first address must be an IPv4 address, such as 203.0.113.4.';
  if (to.trim() !== '' && !ipv4.test(to.trim())) return 'The last address must be an IPv4 address, or empty: then it is the first.';
  return undefined;
}
