import { objectOf, textOf } from '#arm/client-answer.ts';
import { keyOf } from '#arm/resource-id.ts';
import type { JsonObject } from '#arm/resource.ts';
import type { ShownResource } from '#studio/data/queries.ts';

/** A managed private endpoint as it is shown. */
export interface ManagedEndpoint {
  readonly id: string;
  readonly name: string;
  /** The id of what it leads to. */
  readonly target: string;
  readonly groupId: string;
  /** `db.example`, or `db.example,1433` where only that port is meant. */
  readonly fqdns: readonly string[];
  readonly status: string;
  readonly description: string;
  readonly actionsRequired: string | undefined;
  readonly provisioning: string;
  /** What it waits for while it is being made. */
  readonly waitingFor: string | undefined;
  /** False: it leads where the workspace's rules do not let it. Undefined: there are no rules. */
  readonly isCompliant: boolean | undefined;
}

export function endpointOf({ id, name, properties }: ShownResource): ManagedEndpoint {
  const state = objectOf(properties['connectionState']);
  const fqdns = properties['fqdns'];
  const compliant = properties['isCompliant'];
  const actions = textOf(state['actionsRequired']);
  return {
    id,
    name,
    target: textOf(properties['privateLinkResourceId']) ?? '',
    groupId: textOf(properties['groupId']) ?? '',
    fqdns: Array.isArray(fqdns) ? (fqdns as readonly unknown[]).filter((one) => typeof one === 'string') : [],
    status: textOf(state['status']) ?? 'Pending',
    description: textOf(state['description']) ?? '',
    actionsRequired: actions === 'None' ? undefined : actions,
    provisioning: textOf(properties['provisioningState']) ?? '',
    waitingFor: textOf(properties['waitingFor']),
    isCompliant: typeof compliant === 'boolean' ? compliant : undefined,
  };
}

/** The endpoints whose names mean a host, in the order in which they are tried: the port's own first. */
export function endpointsFor(all: readonly ManagedEndpoint[], host: string, port: string): readonly ManagedEndpoint[] {
  const means = (fqdn: string): boolean => {
    const [name = '', only] = fqdn.split(',');
    return keyOf(name) === keyOf(host) && (only === undefined || only === port);
  };
  return host === '' ? [] : all.filter(({ fqdns }) => fqdns.some(means));
}

/** The address of the owner's inbox, with what one endpoint asks for. */
export function ownersPage(endpoint: string): { readonly to: string; readonly search: { readonly endpoint: string } } {
  return { to: '/approvals', search: { endpoint } };
}

/** What managed private endpoints may lead to, and what of it is named. */
export const endpointTargets: readonly { readonly type: string; readonly text: string; readonly groupId: string }[] = [
  { type: 'Microsoft.Network/privateLinkServices', text: 'private link service', groupId: '' },
  { type: 'Microsoft.Sql/servers', text: 'SQL server', groupId: 'sqlServer' },
  { type: 'Microsoft.Sql/managedInstances', text: 'SQL managed instance', groupId: 'managedInstance' },
  { type: 'Microsoft.DBforPostgreSQL/flexibleServers', text: 'PostgreSQL server', groupId: 'postgresqlServer' },
  { type: 'Microsoft.DBforMySQL/flexibleServers', text: 'MySQL server', groupId: 'mysqlServer' },
];

export interface EndpointDraft {
  readonly name: string;
  readonly target: string;
  /** As typed: one a line, or with blanks or semicolons between. */
  readonly fqdns: string;
}

/** `/…/providers/{Namespace}/{type}/{name}`: what kind of target an id names; undefined: none that an endpoint may lead to. */
export function targetKind(id: string): (typeof endpointTargets)[number] | undefined {
  return endpointTargets.find(({ type }) => new RegExp(`/providers/${type.replace('.', String.raw`\.`)}/[^/]+$`, 'i').test(id.trim()));
}

function namesIn(text: string): readonly string[] {
  return text.split(/[\s;]+/).filter((one) => one !== '');
}

export function endpointBody({ target, fqdns }: EndpointDraft): JsonObject {
  const groupId = targetKind(target)?.groupId ?? '';
  return {
    properties: { privateLinkResourceId: target.trim(), ...(groupId !== '' && { groupId }), fqdns: [...namesIn(fqdns)] },
  };
}

export type EndpointProblems = Readonly<Partial<Record<keyof EndpointDraft, string>>>;

export function endpointProblems({ name, target, fqdns }: EndpointDraft): EndpointProblems {
  const wrong = namesIn(fqdns).find((one) => !/^[A-Za-z0-9_](?:[\w.-]*\w)?(?:,\d{1,5})?$/.test(one));
  const isService = targetKind(target)?.groupId === '';
  return {
    ...(!/^[_A-Za-z0-9][-_A-Za-z0-9]*$/.test(name) && { name: "Letters, digits, '-' and '_', not beginning with '-'." }),
    ...(targetKind(target) === undefined && { target: 'Choose a private link service or a database server, or give its whole id.' }),
    ...(wrong !== undefined && { fqdns: `'${wrong}' is no host name; write ,port behind it where only that port is meant.` }),
    ...(isService && namesIn(fqdns).length === 0 && { fqdns: 'Give the names by which the databases behind the service are called.' }),
  };
}
