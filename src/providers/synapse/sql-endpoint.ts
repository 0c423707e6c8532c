import { defaultSuffix } from '#arm/database-server.ts';
import type { LinkedServiceProperties } from '../authoring/linked-service-shape.ts';

/** Host names of a workspace's SQL endpoints. Nothing speaks TDS there yet: pools are read with the action `query` and `isthmus sql --pool`. */
export function sqlHosts(workspace: string): { readonly sql: string; readonly sqlOnDemand: string } {
  return { sql: `${workspace}.sql.${defaultSuffix}`, sqlOnDemand: `${workspace}-ondemand.sql.${defaultSuffix}` };
}

/** The linked service by which links name the pools of their own workspace, as Azure's has it: the pool is its parameter. */
export function defaultSqlServer(workspace: string): { readonly name: string; readonly properties: LinkedServiceProperties } {
  return {
    name: `${workspace}-WorkspaceDefaultSqlServer`,
    properties: {
      type: 'AzureSqlDW',
      parameters: { DBName: { type: 'String' } },
      annotations: [],
      connectVia: { type: 'IntegrationRuntimeReference', referenceName: 'AutoResolveIntegrationRuntime' },
      typeProperties: {
        connectionString: `Data Source=tcp:${sqlHosts(workspace).sql},1433;Initial Catalog=@{linkedService().DBName}`,
      },
    },
  };
}
