import { createHash } from 'node:crypto';
import type { TestPostgres } from '../servers/postgres.ts';
import type { Answer, ControlPlane } from './control-plane.ts';
import { connectTo, runTransfers } from './bank.ts';
import { until } from './program.ts';

export interface LinkStatus {
  readonly status: string;
  readonly error?: { readonly code: string; readonly message: string };
  readonly continuousRunId?: string;
  readonly isthmus: { readonly pid?: number; readonly isolated?: boolean; readonly run?: { readonly slot: string } };
}

/** A workspace whose only way to a PostgreSQL is a managed private endpoint, and a pool and links in it. */
export class LinkGround {
  readonly plane: ControlPlane;
  readonly database: TestPostgres;
  readonly workspace: string;
  readonly server: string;
  readonly pool: string;
  readonly at = '/synapse/shopspace';

  constructor(plane: ControlPlane, database: TestPostgres) {
    const group = plane.group('shop');
    this.plane = plane;
    this.database = database;
    this.server = `${group}/providers/Microsoft.DBforPostgreSQL/flexibleServers/shop`;
    this.workspace = `${group}/providers/Microsoft.Synapse/workspaces/shopspace`;
    this.pool = `${this.workspace}/sqlPools/dw`;
  }

  async send(method: string, path: string, body?: unknown): Promise<Answer> {
    const answer = await this.plane.ask({ method, path, ...(body === undefined ? {} : { body }) });
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${answer.text}`);
    return answer;
  }

  /** All but the owner's approval. */
  async lay(): Promise<void> {
    const location = 'eastus';
    await this.send('PUT', this.plane.group('shop'), { location });
    const backend = `localhost:${this.database.port}`;
    await this.send('PUT', this.server, { location, tags: { 'hidden-backend': backend }, properties: {} });
    await this.send('PUT', this.workspace, {
      location,
      properties: {
        managedVirtualNetwork: 'default',
        managedVirtualNetworkSettings: { preventDataExfiltration: true },
        trustedServiceBypassEnabled: true,
      },
    });
    await this.settled(this.workspace);
    await this.askForEndpoint();
    await this.saveService(this.database.password);
    await this.send('PUT', this.pool, { location, sku: { name: 'DW100c' }, properties: {} });
    await this.settled(this.pool);
  }

  async askForEndpoint(): Promise<void> {
    await this.send('PUT', `${this.at}/managedVirtualNetworks/default/managedPrivateEndpoints/toShop`, {
      properties: { privateLinkResourceId: this.server, groupId: 'postgresqlServer', fqdns: ['db.shop.example'] },
    });
  }

  async saveService(password: string): Promise<void> {
    const { user } = this.database;
    const login = { database: 'postgres', username: user, sslMode: 'disable', password };
    const typeProperties = { server: 'db.shop.example', port: 5432, ...login };
    await this.send('PUT', `${this.at}/linkedservices/shop`, { properties: { type: 'PostgreSqlV2', typeProperties } });
  }

  async approve(status = 'Approved'): Promise<void> {
    const { json } = await this.send('GET', `${this.server}/privateEndpointConnections`);
    const [connection] = json.value as readonly { readonly id: string }[];
    const privateLinkServiceConnectionState = { status, description: 'By the owner.' };
    await this.send('PUT', connection!.id, { properties: { privateLinkServiceConnectionState } });
  }

  async settled(id: string): Promise<void> {
    await until(`${id} has settled`, async () => {
      const { json } = await this.plane.ask({ path: id });
      if (json.properties.provisioningState === 'Failed') throw new Error(`${id} has failed`);
      return json.properties.provisioningState === 'Succeeded';
    });
  }

  async link(name: string, tables: readonly string[], typeProperties: object = {}): Promise<void> {
    const linkedService = {
      referenceName: 'shopspace-WorkspaceDefaultSqlServer',
      type: 'LinkedServiceReference',
      parameters: { DBName: 'dw' },
    };
    await this.send('PUT', `${this.at}/linkconnections/${name}`, {
      properties: {
        sourceDatabase: { linkedService: { referenceName: 'shop', type: 'LinkedServiceReference' } },
        targetDatabase: { linkedService, typeProperties: { crossTableTransaction: true, ...typeProperties } },
        compute: { coreCount: 4, computeType: 'General' },
      },
    });
    await this.edit(name, 'add', tables);
  }

  async edit(name: string, operationType: string, tables: readonly string[]): Promise<void> {
    const linkTables = tables.map((tableName) => ({ source: { schemaName: 'public', tableName }, operationType }));
    await this.act(name, 'edittables', { linkTables });
  }

  async act(name: string, action: string, body?: unknown): Promise<Answer> {
    return await this.send('POST', `${this.at}/linkconnections/${name}/${action}`, body);
  }

  async status(name: string): Promise<LinkStatus> {
    return (await this.send('GET', `${this.at}/linkconnections/${name}/detailedstatus`)).json as LinkStatus;
  }

  /** Until the link is so. */
  async reached(name: string, state: string, code?: string): Promise<LinkStatus> {
    let last: LinkStatus | undefined;
    try {
      return await until(`${name} is ${state}`, async () => {
        last = await this.status(name);
        return last.status === state && last.error?.code === code && last;
      });
    } catch (error) {
      throw new Error(`${name} is not ${state} ${code ?? ''}: ${JSON.stringify(last)}`, { cause: error });
    }
  }

  async query(sql: string): Promise<readonly (readonly (string | null)[])[]> {
    return (await this.send('POST', `${this.pool}/query`, { sql, mostRows: 10_000 })).json.rows as readonly (readonly (string | null)[])[];
  }

  /** Names of the replication slots and publications at the source. */
  async kept(): Promise<readonly (string | null)[]> {
    const sql = 'SELECT slot_name FROM pg_replication_slots UNION ALL SELECT pubname FROM pg_publication ORDER BY 1';
    await using connection = await connectTo(this.database.url());
    return (await connection.query(sql)).map(([name]) => name ?? null);
  }

  async source(sql: string): Promise<readonly (readonly (string | null)[])[]> {
    await using connection = await connectTo(this.database.url());
    return await connection.query(sql);
  }

  /** Until the pool has what the source has, in these tables of the bank's form. */
  async equal(...tables: readonly string[]): Promise<void> {
    for (const table of tables) {
      const hash = hashOf(await this.source(ordered(table)));
      let seen = '';
      await until(`${table} is equal`, async () => {
        const answer = await this.plane.ask({
          method: 'POST',
          path: `${this.pool}/query`,
          body: { sql: ordered(table), mostRows: 10_000 },
        });
        seen = answer.text.slice(0, 500);
        return answer.status === 200 && hashOf(answer.json.rows) === hash;
      }).catch((cause: unknown) => {
        throw new Error(`${table}: ${seen}`, { cause });
      });
    }
  }

  /** Money moves between the bank's accounts while `work` is done. */
  async under(work: () => Promise<void>): Promise<void> {
    const stop = new AbortController();
    const transfers = runTransfers(this.database.url(), stop.signal);
    await work().finally(() => stop.abort());
    if ((await transfers) === 0) throw new Error('nothing moved');
  }
}

/** What all accounts of the bank hold together. */
export const look = 'SELECT (SELECT sum(amount) FROM public.checking) + (SELECT sum(amount) FROM public.savings)';

function ordered(table: string): string {
  return `SELECT t.id::text, t.amount::text, t.note FROM public.${table} AS t ORDER BY t.id`;
}

function hashOf(rows: readonly (readonly (string | null)[])[]): string {
  return createHash('sha256').update(JSON.stringify(rows)).digest('hex');
}
