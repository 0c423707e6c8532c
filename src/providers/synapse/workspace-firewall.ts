import { z } from 'zod';
import { fault } from '#base/fault.ts';
import type { ResourceWriter } from '#arm/access.ts';
import { admits, firewallRuleProperties, type FirewallRule } from '#arm/firewall-rules.ts';
import { keyOf } from '#arm/resource-id.ts';
import type { Action } from '#arm/resource-type.ts';
import type { Resource } from '#arm/resource.ts';
import type { ResourceReader } from '#arm/store.ts';
import { versions, workspaceType } from './type-names.ts';
import type { WorkspaceProperties } from './workspace-shape.ts';

interface Replacement {
  readonly ipFirewallRules: Readonly<Record<string, FirewallRule>>;
}

const mostRules = 128;

/** `POST {workspace}/replaceAllIpFirewallRules`: afterwards there are these rules and no others. Nothing is changed where one of them is refused. */
export function replaceAllIpFirewallRules(writer: () => ResourceWriter): Action<WorkspaceProperties, Replacement> {
  return {
    summary: 'Replace all firewall rules',
    input: z.object({
      ipFirewallRules: z
        .record(z.string().min(1).max(128), firewallRuleProperties)
        .default({})
        .refine((rules) => Object.keys(rules).length <= mostRules, `must be at most ${mostRules}`),
    }),
    run: async ({ self, input: { ipFirewallRules }, resources, principal, correlationId = '' }) => {
      const usual = { apiVersion: versions.implemented, principal, correlationId };
      const idOf = (name: string): string => `${self!.id}/firewallRules/${name}`;
      const puts = Object.entries(ipFirewallRules).map(([name, properties]) => ({
        ...usual,
        id: idOf(name),
        body: { properties: { ...properties } },
      }));
      const writing = writer();
      for (const one of puts) await writing.put({ ...one, dryRun: true });
      for (const one of puts) await writing.put(one);
      const kept = new Set(puts.map(({ id }) => keyOf(id)));
      const rules = await resources.list({ within: self!.id, direct: true, type: `${workspaceType}/firewallRules` });
      for (const { id } of rules) if (!kept.has(keyOf(id))) await writing.delete({ ...usual, id });
      return { body: {} };
    },
  };
}

/**
 * Who comes to a workspace's plane from outside of this host passes its firewall; programs of this host are inside. Rule:
 * https://learn.microsoft.com/azure/synapse-analytics/security/synapse-workspace-ip-firewall. Faults (denied): `PublicNetworkAccessDenied`,
 * `ClientIpAddressNotAuthorized`.
 */
export async function admitVisitor(workspace: Resource<WorkspaceProperties>, address: string, resources: ResourceReader): Promise<void> {
  if (isLoopback(address)) return;
  if (workspace.properties.publicNetworkAccess === 'Disabled')
    throw fault('denied', 'PublicNetworkAccessDenied', 'The public network interface on this Workspace is not accessible.', {
      target: workspace.id,
      remedy: "Ask from the host that it runs on, or PATCH the workspace with publicNetworkAccess 'Enabled' and a firewall rule.",
    });
  const rules = await resources.list({ within: workspace.id, direct: true, type: `${workspaceType}/firewallRules` });
  if (rules.some(({ properties, deleting }) => !deleting && admits(properties as unknown as FirewallRule, address))) return;
  throw fault('denied', 'ClientIpAddressNotAuthorized', `Client Ip address : ${address}`, {
    target: workspace.id,
    remedy: `PUT ${workspace.id}/firewallRules/{name} with a range that holds ${address}.`,
  });
}

function isLoopback(address: string): boolean {
  return address === '::1' || address.startsWith('127.');
}
