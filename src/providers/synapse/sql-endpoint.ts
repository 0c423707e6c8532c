import { defaultSuffix } from '#arm/database-server.ts';
import type { LinkedServiceProperties } from '../authoring/linked-service-shape.ts';
import type { PoolAddress } from './pool-host.ts';

/** A pool's address as clients of SQL Server write it: `localhost,14330`. The certificate is for that name. */
export function serverText({ host, port }: PoolAddress): string {
  return `${isLoopback(host) ? 'localhost' : host},${port}`;
}

function isLoopback(host: string): boolean {
  return host === '::1' || host.startsWith('127.');
}

/** Host names of a workspace's SQL endpoints. Pools have a port each, which `sqlEndpoint` of the pool tells; nothing listens at `sqlOnDemand`. */
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
