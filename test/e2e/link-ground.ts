import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { openServed, readAll } from '#pool/query-server.ts';
import type { PgConnection } from '#replication/sources/postgres/connection.ts';
import { quoteIdentifier } from '#replication/schema.ts';
import { runClient, type Answer, type ControlPlane } from './control-plane.ts';
import { connectTo, runTransfers } from './bank.ts';
import { until } from './program.ts';

export interface LinkStatus {
  readonly status: string;
  readonly error?: { readonly code: string; readonly message: string; readonly remedy?: string } | null;
  readonly lagSeconds?: number;
  readonly continuousRunId?: string;
  readonly isthmus: {
    readonly pid?: number;
    readonly isolated?: boolean;
    readonly run?: { readonly slot: string; readonly number: number };
    readonly nextBatch?: string;
    readonly findings?: readonly { readonly code: string; readonly target: string | null }[];
  };
}

export interface TableStanding {
  readonly status: string;
  readonly errorCode?: string;
  readonly errorMessage?: string;
  readonly remedy?: string;
  readonly isthmus: { readonly source: { readonly tableName: string } };
}

/** A database, and who logs in to it. */
export interface LinkSource {
  readonly port: number;
  readonly user: string;
  readonly password: string;
}

interface GroundNames {
  readonly workspace?: string;
  /** What the linked service dials, and the endpoint is called by. Without it: the server's public name, which the endpoint has by itself. */
  readonly host?: string | undefined;
}

/** A workspace whose only way to a PostgreSQL is a managed private endpoint, and a pool and links in it. */
export class LinkGround {
  readonly plane: ControlPlane;
  readonly database: LinkSource;
  readonly workspace: string;
  readonly server: string;
  readonly pool: string;
  readonly at: string;
  readonly #host: string | undefined;

  constructor(plane: ControlPlane, database: LinkSource, { workspace = 'shopspace', host }: GroundNames = { host: 'db.shop.example' }) {
    const group = plane.group('shop');
    this.plane = plane;
    this.database = database;
    this.server = `${group}/providers/Microsoft.DBforPostgreSQL/flexibleServers/shop`;
    this.workspace = `${group}/providers/Microsoft.Synapse/workspaces/${workspace}`;
    this.pool = `${this.workspace}/sqlPools/dw`;
    this.at = `/synapse/${workspace}`;
    this.#host = host;
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
    // Clients write it in either form.
    const { password } = this.database;
    await this.saveService(this.#host === undefined ? { type: 'SecureString', value: password } : password);
    await this.send('PUT', this.pool, { location, sku: { name: 'DW100c' }, properties: {} });
    await this.settled(this.pool);
  }

  async askForEndpoint(): Promise<void> {
    await this.send('PUT', `${this.at}/managedVirtualNetworks/default/managedPrivateEndpoints/toShop`, {
      properties: {
        privateLinkResourceId: this.server,
        groupId: 'postgresqlServer',
        ...(this.#host !== undefined && { fqdns: [this.#host] }),
      },
    });
  }

  /** A password as text or as a SecureString. `more`: over what is right. */
  async saveService(password: string | object = this.database.password, more: object = {}): Promise<void> {
    const { user } = this.database;
    const login = { database: 'postgres', username: user, sslMode: 'disable', password };
    const typeProperties = { server: this.#host ?? 'shop.postgres.database.isthmus.localhost', port: 5432, ...login, ...more };
    await this.send('PUT', `${this.at}/linkedservices/shop`, { properties: { type: 'PostgreSqlV2', typeProperties } });
  }

  async approve(status = 'Approved'): Promise<void> {
    const connection = await until('the owner sees the connection', async () => {
      const { json } = await this.send('GET', `${this.server}/privateEndpointConnections`);
      return (json.value as readonly { readonly id: string }[])[0];
    });
    const privateLinkServiceConnectionState = { status, description: 'By the owner.' };
    await this.send('PUT', connection.id, { properties: { privateLinkServiceConnectionState } });
  }

  async settled(id: string): Promise<void> {
    await until(`${id} has settled`, async () => {
      const { json } = await this.plane.ask({ path: id });
      if (json.properties.provisioningState === 'Failed') throw new Error(`${id} has failed`);
      return json.properties.provisioningState === 'Succeeded';
    });
  }

  /** `more`: properties beside source, target and compute. */
  async saveLink(name: string, typeProperties: object = {}, more: object = {}): Promise<void> {
    const linkedService = {
      referenceName: `${this.workspace.split('/').at(-1)}-WorkspaceDefaultSqlServer`,
      type: 'LinkedServiceReference',
      parameters: { DBName: 'dw' },
    };
    await this.send('PUT', `${this.at}/linkconnections/${name}`, {
      properties: {
        sourceDatabase: { linkedService: { referenceName: 'shop', type: 'LinkedServiceReference' } },
        targetDatabase: { linkedService, typeProperties: { crossTableTransaction: true, ...typeProperties } },
        compute: { coreCount: 4, computeType: 'General' },
        ...more,
      },
    });
  }

  async link(name: string, tables: readonly string[], typeProperties: object = {}, more: object = {}): Promise<void> {
    await this.saveLink(name, typeProperties, more);
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

  /** By name, how each table of a link stands. */
  async tables(name: string): Promise<Readonly<Record<string, TableStanding>>> {
    const value = (await this.act(name, 'querytablestatus', {})).json.value as readonly TableStanding[];
    return Object.fromEntries(value.map((one) => [one.isthmus.source.tableName, one]));
  }

  /** Until a table of the link is so. */
  async tableReached(name: string, table: string, status: string, errorCode?: string): Promise<TableStanding> {
    let last: TableStanding | undefined;
    try {
      return await until(`${table} is ${status}`, async () => {
        last = (await this.tables(name))[table];
        return last?.status === status && last.errorCode === errorCode && last;
      });
    } catch (error) {
      throw new Error(`${table} is not ${status} ${errorCode ?? ''}: ${JSON.stringify(last)}`, { cause: error });
    }
  }

  /** A table of the bank's form. */
  async fill(table: string, rows = 100): Promise<void> {
    await this.source(
      `CREATE TABLE public.${table} (id int PRIMARY KEY, amount bigint NOT NULL, note text NOT NULL); INSERT INTO public.${table} SELECT g, g * 10, 'row ' || g FROM generate_series(1, ${rows}) g`,
    );
  }

  async remove(name: string): Promise<void> {
    await this.send('DELETE', `${this.at}/linkconnections/${name}`);
    await this.gone(name);
  }

  async gone(name: string): Promise<void> {
    await until(`${name} is gone`, async () => (await this.plane.ask({ path: `${this.at}/linkconnections/${name}` })).status === 404);
  }

  async query(sql: string): Promise<readonly (readonly (string | null)[])[]> {
    return (await this.send('POST', `${this.pool}/query`, { sql, mostRows: 10_000 })).json.rows as readonly (readonly (string | null)[])[];
  }

  /** Names of the replication slots and publications at the source. */
  async kept(): Promise<readonly (string | null)[]> {
    const sql = 'SELECT slot_name FROM pg_replication_slots UNION ALL SELECT pubname FROM pg_publication ORDER BY 1';
    return (await this.source(sql)).map(([name]) => name ?? null);
  }

  async source(sql: string): Promise<readonly (readonly (string | null)[])[]> {
    await using connection = await connectTo(this.#url);
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

  /** Money moves between the bank's accounts while `work` is done. Answers how many transactions were committed for sure. */
  async under(work: () => Promise<void>): Promise<number> {
    const stop = new AbortController();
    const transfers = runTransfers(this.#url, stop.signal);
    await work().finally(() => stop.abort());
    const moved = await transfers;
    if (moved === 0) throw new Error('nothing moved');
    return moved;
  }

  get #url(): string {
    const { user, password, port } = this.database;
    return `postgres://${user}:${encodeURIComponent(password)}@127.0.0.1:${port}/postgres`;
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

export interface MadeLink {
  readonly ground: LinkGround;
  /** `/synapse/{workspace}/linkconnections/{name}`. */
  readonly path: string;
  readonly poolFile: string;
  /** Approves or rejects the way to the source. */
  decide(status: 'Approved' | 'Rejected'): Promise<void>;
  status(): Promise<LinkStatus>;
  untilStatus(wanted: string): Promise<void>;
  ask(action: string, body?: unknown): Promise<Answer>;
}

export interface LinkWish {
  readonly workspace: string;
  readonly database: LinkSource;
  /** Of the schema `public`. */
  readonly tables: readonly string[];
}

/** A workspace that lets nothing out but through one approved endpoint to the server's public name, with a pool and a link of these tables, started. */
export async function makeLink(plane: ControlPlane, { workspace, database, tables }: LinkWish): Promise<MadeLink> {
  const ground = new LinkGround(plane, database, { workspace });
  const name = 'db-link';
  const decide = async (status: 'Approved' | 'Rejected'): Promise<void> => {
    // Who was rejected asks again.
    if (status === 'Approved') await ground.askForEndpoint();
    await ground.approve(status);
  };
  await ground.lay();
  await decide('Approved');
  await ground.link(name, tables, { dropExistingTargetTableOnStart: true });
  await ground.act(name, 'start');
  const path = `${ground.at}/linkconnections/${name}`;
  return {
    ground,
    path,
    poolFile: poolFile(plane, workspace, 'dw'),
    decide,
    status: () => ground.status(name),
    untilStatus: async (wanted) => {
      await until(`the link is ${wanted}`, async () => (await ground.status(name)).status === wanted);
    },
    ask: (action, body) => plane.ask({ method: 'POST', path: `${path}/${action}`, ...(body === undefined ? {} : { body }) }),
  };
}

const never = new AbortController().signal;

/** A part of the document about Synapse Link, by Microsoft's packages. */
export type SynapsePart = (part: string, workspace: string, argument?: string) => Promise<unknown>;

export function synapseParts(plane: ControlPlane, database: LinkSource): SynapsePart {
  const program = join(import.meta.dirname, '../clients/azure-synapse-link.ts');
  return async (part, workspace, argument = '') => {
    const { code, out, err } = await runClient(plane, process.execPath, [program, part, workspace, argument], {
      DATABASE_PORT: String(database.port),
      DATABASE_USER: database.user,
      DATABASE_PASSWORD: database.password,
    });
    if (code !== 0) throw new Error(`${part} ${workspace} ${argument}: ${err}`);
    return JSON.parse(out) as unknown;
  };
}

/** Where a pool of a workspace lies. */
export function poolFile(plane: ControlPlane, workspace: string, pool: string): string {
  return join(plane.folder, 'pools', workspace, pool, 'pool.duckdb');
}

/** What a query of the running pool answers; undefined while no process serves it. */
export async function queryPool(file: string, sql: string): Promise<readonly (readonly (string | null)[])[] | undefined> {
  try {
    await using reader = await openServed(file);
    return reader && (await readAll(reader, sql, never)).rows;
  } catch {
    // Its process was killed meanwhile, or the table is not there yet.
    return undefined;
  }
}

/** Waits until the rows of a table are the same on both sides, in the order of its key, value by value. */
export async function untilEqual(source: PgConnection, file: string, table: string, target: string = table): Promise<number> {
  let last = '';
  const [schema = '', name = ''] = target.split('.');
  try {
    return await until(`${table} is equal on both sides`, async () => {
      const here = await source.query(`SELECT * FROM ${table} ORDER BY 1`);
      const columns = await source.query(
        `SELECT attname FROM pg_catalog.pg_attribute WHERE attrelid = '${table}'::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum`,
      );
      const list = columns.map(([column]) => `CAST(${quoteIdentifier(column!)} AS VARCHAR)`).join(', ');
      const first = quoteIdentifier(columns[0]![0]!);
      const there = await queryPool(file, `SELECT ${list} FROM ${quoteIdentifier(schema)}.${quoteIdentifier(name)} ORDER BY ${first}`);
      last = `${here.length} rows at the source, ${there?.length ?? 'no'} in the pool`;
      return JSON.stringify(here) === JSON.stringify(there) && here.length;
    });
  } catch (error) {
    throw new Error(`${table}: ${last}`, { cause: error });
  }
}
