import { firewallRules } from '#arm/firewall-rules.ts';
import type { AnyType } from '#arm/resource-type.ts';
import { connectionPolicies } from './connection-policy.ts';
import { sqlLocations } from './location.ts';
import { managedInstances } from './managed-instance.ts';
import { managedDatabases, sqlDatabases } from './sql-database.ts';
import type { SqlOptions } from './sql-options.ts';
import { sqlServers, sqlServerType, sqlVersions } from './sql-server.ts';

/** Everything of Microsoft.Sql that is served: servers that exist already, as targets of private endpoints. */
export function sqlTypes(options: SqlOptions): readonly AnyType[] {
  return [
    sqlServers(options),
    sqlDatabases(),
    firewallRules({ parent: sqlServerType, versions: sqlVersions }),
    connectionPolicies(),
    managedInstances(options),
    managedDatabases(),
    sqlLocations(),
  ];
}
