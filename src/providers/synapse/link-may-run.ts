import { fault, type Fault } from '#base/fault.ts';
import { parseResourceId } from '#arm/resource-id.ts';
import type { Resource } from '#arm/resource.ts';
import type { ResourceReader } from '#arm/store.ts';
import type { RuntimeHost } from '#runtime/runtime.ts';
import type { LinkProperties } from './link-shape.ts';
import { workspaceType } from './type-names.ts';

/**
 * What must be so before a link is started or resumed. What may come true by itself (an endpoint's approval, a pool that is resumed) is no reason
 * to refuse: the link waits for it. Faults: `LinkNeedsFirewallBypass` (denied), `LinkHasNoTables` (invalid), that of a missing isolation.
 */
export async function checkMayRun(
  link: Resource<LinkProperties>,
  resources: ResourceReader,
  runtimes: Pick<RuntimeHost, 'isolation'>,
): Promise<void> {
  if ((link.properties.linkTables ?? []).length === 0)
    throw fault('invalid', 'LinkHasNoTables', `The link connection '${link.name}' has no tables.`, {
      target: link.id,
      remedy: `POST ${link.id}/edittables with the tables that are to be linked.`,
    });
  const refusal = await bypassRefusal(link, resources);
  if (refusal !== undefined) throw refusal;
  const isolation = await runtimes.isolation();
  if (!isolation.isolated && !isolation.allowed) throw isolation.reason;
}

/**
 * Links come to the workspace from outside of its firewall. Rule:
 * https://learn.microsoft.com/azure/synapse-analytics/synapse-link/connect-synapse-link-sql-database-vnet, step 2 of each section.
 */
export async function bypassRefusal(
  link: Pick<Resource<LinkProperties>, 'id' | 'name'>,
  resources: ResourceReader,
): Promise<Fault | undefined> {
  const id = parseResourceId(link.id).parent!;
  const workspace = await resources.get(id);
  if (workspace?.properties['trustedServiceBypassEnabled'] === true) return undefined;
  const rules = await resources.list({ within: id, direct: true, type: `${workspaceType}/firewallRules` });
  if (workspace?.properties['publicNetworkAccess'] !== 'Disabled' && rules.some(({ properties }) => admitsServices(properties)))
    return undefined;
  return fault(
    'denied',
    'LinkNeedsFirewallBypass',
    `The firewall of the workspace does not let link connections pass: trustedServiceBypassEnabled is off, and no firewall rule admits services.`,
    {
      target: workspace?.id ?? id,
      remedy: `PUT the workspace with trustedServiceBypassEnabled true, or a firewall rule from 0.0.0.0 to 0.0.0.0.`,
    },
  );
}

/** Azure's rule for its own services is the one of the address 0.0.0.0. */
function admitsServices({ startIpAddress }: Resource['properties']): boolean {
  return startIpAddress === '0.0.0.0';
}
