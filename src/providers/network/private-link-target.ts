import { privateLinkServiceType } from './type-names.ts';

/** What private endpoints may lead to. */
export interface PrivateLinkTarget {
  readonly type: string;
  /** What of it is meant; empty: nothing is named (a private link service). */
  readonly groupId: string;
  /** Where it listens; undefined: as its balancer's rules say. */
  readonly port: number | undefined;
  /** The least api-version of its connections. */
  readonly floor: string;
}

/** Rule: https://learn.microsoft.com/azure/private-link/private-endpoint-overview#private-link-resource */
export const privateLinkTargets: readonly PrivateLinkTarget[] = [
  { type: privateLinkServiceType, groupId: '', port: undefined, floor: '2018-11-01' },
  { type: 'Microsoft.Sql/servers', groupId: 'sqlServer', port: 1433, floor: '2018-06-01' },
  { type: 'Microsoft.Sql/managedInstances', groupId: 'managedInstance', port: 1433, floor: '2020-02-02' },
  { type: 'Microsoft.DBforPostgreSQL/flexibleServers', groupId: 'postgresqlServer', port: 5432, floor: '2018-06-01' },
  { type: 'Microsoft.DBforMySQL/flexibleServers', groupId: 'mysqlServer', port: 3306, floor: '2018-06-01' },
];

export function privateLinkTarget(type: string): PrivateLinkTarget | undefined {
  const key = type.toLowerCase();
  return privateLinkTargets.find((one) => one.type.toLowerCase() === key);
}

export const connectionWord = 'privateEndpointConnections';
