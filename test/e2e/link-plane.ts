import { fault } from '#base/fault.ts';
import type { Answer, Asked, ControlPlane } from './control-plane.ts';
import { poolFile, type LinkStatusSeen } from './link-scene.ts';
import { until } from './program.ts';

export interface MadeLink {
  /** `/synapse/{workspace}/linkconnections/{name}`. */
  readonly path: string;
  readonly poolFile: string;
  /** `managedPrivateEndpoints/…` as an id. */
  readonly endpoint: string;
  /** Approves or rejects the way to the source. */
  decide(status: 'Approved' | 'Rejected'): Promise<void>;
  status(): Promise<LinkStatusSeen>;
  untilStatus(wanted: string): Promise<void>;
  ask(action: string, body?: unknown): Promise<Answer>;
}

export interface LinkWish {
  readonly workspace: string;
  readonly database: { readonly port: number; readonly user: string; readonly password: string };
  /** `schema.table`. */
  readonly tables: readonly string[];
  readonly databaseName?: string;
}

/** A workspace that lets nothing out but through one approved endpoint, with a pool and a link of these tables, started. By requests. */
export async function makeLink(plane: ControlPlane, wish: LinkWish): Promise<MadeLink> {
  const { workspace, database, tables } = wish;
  const group = plane.group('linked');
  const providers = `${group}/providers`;
  const server = `${providers}/Microsoft.DBforPostgreSQL/flexibleServers/${workspace}-db`;
  const workspaceId = `${providers}/Microsoft.Synapse/workspaces/${workspace}`;
  const base = `/synapse/${workspace}`;
  const location = 'westeurope';
  await put(plane, group, { location });
  await put(plane, server, { location, tags: { 'hidden-backend': `127.0.0.1:${database.port}` }, properties: {} });
  await put(plane, workspaceId, {
    location,
    properties: {
      managedVirtualNetwork: 'default',
      managedVirtualNetworkSettings: { preventDataExfiltration: true },
      trustedServiceBypassEnabled: true,
    },
  });
  await put(plane, `${workspaceId}/sqlPools/pool1`, { location, sku: { name: 'DW100c' }, properties: {} });
  await ready(plane, `${workspaceId}/sqlPools/pool1`);
  const endpoint = `${base}/managedVirtualNetworks/default/managedPrivateEndpoints/to-db`;
  const wished = { properties: { privateLinkResourceId: server, groupId: 'postgresqlServer' } };
  const decide = async (status: 'Approved' | 'Rejected'): Promise<void> => {
    // Who was rejected asks again.
    if (status === 'Approved') await put(plane, endpoint, wished);
    await decideAll(plane, server, status);
  };
  await decide('Approved');
  await put(plane, `${base}/linkedservices/db`, {
    properties: {
      type: 'PostgreSqlV2',
      typeProperties: {
        server: `${workspace}-db.postgres.database.isthmus.localhost`,
        port: 5432,
        database: wish.databaseName ?? 'postgres',
        username: database.user,
        sslMode: 0,
        password: { type: 'SecureString', value: database.password },
      },
    },
  });
  const path = `${base}/linkconnections/db-link`;
  await put(plane, path, {
    properties: {
      sourceDatabase: { linkedService: { type: 'LinkedServiceReference', referenceName: 'db' }, typeProperties: { resourceId: server } },
      targetDatabase: {
        linkedService: {
          type: 'LinkedServiceReference',
          referenceName: `${workspace}-WorkspaceDefaultSqlServer`,
          parameters: { DBName: 'pool1' },
        },
        typeProperties: { crossTableTransaction: true, dropExistingTargetTableOnStart: true },
      },
      compute: { coreCount: 4, computeType: 'General' },
    },
  });
  const ask = (action: string, body?: unknown): Promise<Answer> =>
    plane.ask({ method: 'POST', path: `${path}/${action}`, ...(body === undefined ? {} : { body }) });
  const linkTables = tables.map((table) => {
    const [schemaName = '', tableName = ''] = table.split('.');
    return { source: { schemaName, tableName }, target: { schemaName, tableName }, operationType: 'Add' };
  });
  expectDone(await ask('edittables', { linkTables }));
  expectDone(await ask('start'));
  const status = async (): Promise<LinkStatusSeen> => (await plane.ask({ path: `${path}/detailedstatus` })).json as LinkStatusSeen;
  const untilStatus = async (wanted: string): Promise<void> => {
    await until(`the link is ${wanted}`, async () => (await status()).status === wanted);
  };
  return { path, poolFile: poolFile(plane, workspace), endpoint, decide, status, untilStatus, ask };
}

async function put(plane: ControlPlane, path: string, body: unknown): Promise<Answer> {
  return expectDone(await plane.ask({ method: 'PUT', path, body }));
}

async function ready(plane: ControlPlane, path: string): Promise<void> {
  await until(`${path} is ready`, async () => {
    const { json } = await plane.ask({ path });
    const state = (json.properties as { provisioningState?: string }).provisioningState;
    if (state === 'Failed') throw fault('bug', 'Failed', `${path}: ${JSON.stringify(json)}`);
    return state === 'Succeeded';
  });
}

async function decideAll(plane: ControlPlane, server: string, status: string): Promise<void> {
  const connection = await until('the owner sees the connection', async () => {
    const { json } = await plane.ask({ path: `${server}/privateEndpointConnections` } satisfies Asked);
    return (json.value as { id: string }[])[0];
  });
  const body = { properties: { privateLinkServiceConnectionState: { status, description: `${status} by the owner.` } } };
  expectDone(await plane.ask({ method: 'PUT', path: connection.id, body }));
}

function expectDone(answer: Answer): Answer {
  if (answer.status >= 300) throw fault('bug', 'Refused', `${answer.status}: ${answer.text}`);
  return answer;
}
