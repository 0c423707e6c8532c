import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeAuthority } from '#replication/sources/postgres/test-certificates.ts';
import type { DatabaseDouble } from '../servers/sqlserver-double/database.ts';
import type { DoubleLogin } from '../servers/sqlserver-double/logins.ts';
import { SqlServerDouble } from '../servers/sqlserver-double/server.ts';
import { insert, remove, update } from '../servers/sqlserver-double/writes.ts';
import { ControlPlane, runClient } from './control-plane.ts';
import { poolFile, queryPool, type LinkStatus } from './link-ground.ts';
import { until } from './program.ts';

const host = 'shop.database.example';
const password = 'Kept-to-itself-9';
const authority = makeAuthority('link');
/** What the document grants: SELECT and VIEW CHANGE TRACKING on the schema, and nothing else. */
const reader: DoubleLogin = { password, select: ['dbo.checking', 'dbo.savings'], viewTracking: ['dbo.checking', 'dbo.savings'] };

let server: SqlServerDouble;
let database: DatabaseDouble;
let folder: string;
let plane: ControlPlane;
beforeAll(async () => {
  server = await SqlServerDouble.start({
    encryption: 'require',
    certificate: authority.issue({ commonName: host, dnsNames: [host] }),
    facts: { engineEdition: 5, edition: 'SQL Azure', productVersion: '12.0.2000.8' },
    logins: { reader },
  });
  database = server.database('shop');
  for (const name of ['dbo.checking', 'dbo.savings']) {
    database.create(name, { id: 'int', amount: 'decimal(38,4)', note: 'nvarchar(100) null', placed: 'datetime2(3) null' }, ['id']);
    database.transact([
      insert(name, ...numbers(2_000).map((id) => ({ id, amount: '100.0000', note: `row ${id}`, placed: '2026-01-02 03:04:05.678' }))),
    ]);
  }
  database.trackChanges(7 * 24 * 60);
  database.trackTable('dbo.checking', 'dbo.savings');
  folder = mkdtempSync(join(tmpdir(), 'isthmus-sql-link-'));
  writeFileSync(join(folder, 'ca.pem'), authority.certificate);
  process.env['NODE_EXTRA_CA_CERTS'] = join(folder, 'ca.pem');
  plane = await ControlPlane.start();
  delete process.env['NODE_EXTRA_CA_CERTS'];
});
afterAll(async () => {
  await plane[Symbol.asyncDispose]();
  plane.forget();
  rmSync(folder, { recursive: true });
  await server[Symbol.asyncDispose]();
});

type Rows = readonly (readonly (string | null)[])[];

function numbers(count: number): readonly number[] {
  return Array.from({ length: count }, (_, index) => index + 1);
}

/** Money moves from one table to the other, in one transaction. */
function transfer(id: number, amount: number): void {
  const held = (table: string): bigint =>
    BigInt(String(database.rows(table).find((row) => row['id'] === BigInt(id))!['amount']).replace('.', ''));
  const after = (table: string, by: number): string => `${(held(table) + BigInt(by) * 10_000n) / 10_000n}.0000`;
  database.transact([
    update('dbo.checking', { id }, { amount: after('dbo.checking', -amount) }),
    update('dbo.savings', { id }, { amount: after('dbo.savings', amount) }),
  ]);
}

const total = 'SELECT CAST((SELECT sum(amount) FROM dbo.checking) + (SELECT sum(amount) FROM dbo.savings) AS VARCHAR)';

/** A workspace that lets nothing out but to what is approved, and a link in it from the double to a pool. */
class Workspace {
  readonly name: string;
  readonly at: string;
  readonly #group: string;

  constructor(name: string) {
    this.name = name;
    this.at = `/synapse/${name}`;
    this.#group = plane.group('link');
  }

  get file(): string {
    return poolFile(plane, this.name, 'pool1');
  }

  async send(method: string, path: string, body?: unknown): Promise<Readonly<Record<string, unknown>>> {
    const answer = await plane.ask({ method, path, ...(body === undefined ? {} : { body }) });
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${answer.text}`);
    return answer.json as Readonly<Record<string, unknown>>;
  }

  async lay(): Promise<void> {
    const location = 'eastus';
    const id = `${this.#group}/providers/Microsoft.Synapse/workspaces/${this.name}`;
    await this.send('PUT', this.#group, { location });
    await this.send('PUT', id, {
      location,
      properties: {
        managedVirtualNetwork: 'default',
        managedVirtualNetworkSettings: { preventDataExfiltration: true },
        trustedServiceBypassEnabled: true,
      },
    });
    await this.#settled(id);
    await this.send('PUT', `${id}/sqlPools/pool1`, { location, sku: { name: 'DW100c' }, properties: {} });
    await this.#settled(`${id}/sqlPools/pool1`);
    const login = { server: host, database: 'shop', authenticationType: 'SQL', userName: 'reader' };
    await this.send('PUT', `${this.at}/linkedservices/shop`, {
      properties: { type: 'AzureSqlDatabase', typeProperties: { ...login, password: { type: 'SecureString', value: password } } },
    });
    await this.send('PUT', `${this.at}/linkconnections/shop-link`, {
      properties: {
        sourceDatabase: { linkedService: { referenceName: 'shop', type: 'LinkedServiceReference' } },
        targetDatabase: {
          linkedService: {
            referenceName: `${this.name}-WorkspaceDefaultSqlServer`,
            type: 'LinkedServiceReference',
            parameters: { DBName: 'pool1' },
          },
          typeProperties: { crossTableTransaction: true },
        },
        compute: { coreCount: 4, computeType: 'General' },
      },
    });
    const linkTables = ['checking', 'savings'].map((tableName) => ({ source: { schemaName: 'dbo', tableName }, operationType: 'add' }));
    await this.act('edittables', { linkTables });
  }

  async endpoint(privateLinkResourceId: string, groupId: string): Promise<void> {
    const path = `${this.at}/managedVirtualNetworks/default/managedPrivateEndpoints/to-shop`;
    await this.send('PUT', path, { properties: { privateLinkResourceId, groupId, fqdns: [host] } });
  }

  /** As the owner of what the endpoint leads to. */
  async decide(target: string, status: string): Promise<void> {
    const connection = await until('the owner sees the connection', async () => {
      const { value } = await this.send('GET', `${target}/privateEndpointConnections`);
      return (value as readonly { readonly id: string }[])[0];
    });
    await this.send('PUT', connection.id, { properties: { privateLinkServiceConnectionState: { status, description: 'By the owner.' } } });
  }

  act(action: string, body?: unknown): Promise<Readonly<Record<string, unknown>>> {
    return this.send('POST', `${this.at}/linkconnections/shop-link/${action}`, body);
  }

  async status(): Promise<LinkStatus> {
    return (await this.send('GET', `${this.at}/linkconnections/shop-link/detailedstatus`)) as unknown as LinkStatus;
  }

  async reached(status: string, code?: string): Promise<LinkStatus> {
    let last: LinkStatus | undefined;
    try {
      return await until(`the link is ${status}`, async () => {
        last = await this.status();
        return last.status === status && (code === undefined || last.error?.code === code) && last;
      });
    } catch (error) {
      throw new Error(`the link is not ${status}: ${JSON.stringify(last)}`, { cause: error });
    }
  }

  /** Until both tables have in the pool what they have at the source, value by value. */
  async equal(): Promise<void> {
    for (const table of ['dbo.checking', 'dbo.savings']) await this.#equal(table);
  }

  async #equal(table: string): Promise<void> {
    let here: Rows = [];
    let there: Rows | undefined;
    try {
      await until(`${table} is equal on both sides`, async () => {
        const columns = `CAST(id AS VARCHAR), CAST(amount AS VARCHAR), note, CAST(placed AS VARCHAR)`;
        there = await queryPool(this.file, `SELECT ${columns} FROM ${table} ORDER BY id`);
        here = database
          .rows(table)
          .map((row) => ['id', 'amount', 'note', 'placed'].map((name) => (row[name] === null ? null : String(row[name]))))
          .toSorted((a, b) => Number(a[0]) - Number(b[0]));
        return JSON.stringify(here) === JSON.stringify(there);
      });
    } catch (error) {
      const at = here.findIndex((row, index) => JSON.stringify(row) !== JSON.stringify(there?.[index]));
      const rows = `${here.length} rows at the source, ${there?.length ?? 'none'} in the pool`;
      throw new Error(`${table}: ${rows}; ${JSON.stringify(here[at])} is not ${JSON.stringify(there?.[at])}`, { cause: error });
    }
  }

  async #settled(id: string): Promise<void> {
    await until(`${id} has settled`, async () => {
      const { properties } = (await this.send('GET', id)) as { readonly properties: { readonly provisioningState: string } };
      return properties.provisioningState === 'Succeeded';
    });
  }
}

test(
  'an Azure SQL Database is linked to a SQL pool over a private endpoint: nothing before it is approved, everything then, and nothing after it is rejected',
  { timeout: 300_000 },
  async () => {
    const target = `${plane.group('link')}/providers/Microsoft.Sql/servers/shop-server`;
    const workspace = new Workspace('ws-sql');
    await workspace.send('PUT', plane.group('link'), { location: 'eastus' });
    const backend = `127.0.0.1:${server.port}`;
    await workspace.send('PUT', target, { location: 'eastus', tags: { 'hidden-backend': backend }, properties: {} });
    await workspace.lay();
    await workspace.endpoint(target, 'sqlServer');
    await workspace.act('start');
    await workspace.reached('Starting', 'EndpointPending');
    expect(server.loginsSeen).toEqual([]);

    await workspace.decide(target, 'Approved');
    await workspace.reached('Running');
    await workspace.equal();
    const sum = await queryPool(workspace.file, total);
    for (const round of numbers(4)) {
      for (const id of numbers(10)) transfer(10 * round + id, id);
      expect(await queryPool(workspace.file, total)).toEqual(sum);
    }
    database.transact([
      remove('dbo.checking', { id: 1500 }),
      insert('dbo.savings', { id: 9001, amount: '-12345678901234567890.1234', note: 'Zürich ☃' }),
    ]);
    await workspace.equal();

    // The worker is killed, and goes on from what the pool has.
    const { pid } = (await workspace.status()).isthmus;
    transfer(7, 3);
    process.kill(pid!, 'SIGKILL');
    await until('another worker runs', async () => ![undefined, pid].includes((await workspace.status()).isthmus.pid));
    await workspace.equal();
    server.cutAll();
    transfer(8, 3);
    await workspace.equal();

    await workspace.decide(target, 'Rejected');
    await workspace.reached('Resuming', 'EndpointRejected');
    await until('nobody is connected any more', () => Promise.resolve(server.sessions === 0));
    const logins = server.loginsSeen.length;
    transfer(9, 50);
    await workspace.endpoint(target, 'sqlServer');
    expect(server.loginsSeen.length).toBe(logins);
    await workspace.decide(target, 'Approved');
    await workspace.reached('Running');
    await workspace.equal();
    await workspace.act('stop');
    await workspace.reached('Stopped');
    // A table of the source is in one link only.
    await workspace.send('DELETE', `${workspace.at}/linkconnections/shop-link`);
    expect(new Set(server.loginsSeen.map(({ serverName, userName }) => `${userName} ${serverName}`))).toEqual(new Set([`reader ${host}`]));
  },
);

test(
  'the same link over the path of the tutorial: private link service, balancer and forwarder on port 1433',
  { timeout: 300_000 },
  async () => {
    const program = join(import.meta.dirname, '../clients/azure-private-path.ts');
    const laid = await runClient(plane, process.execPath, [program, 'provider'], { DATABASE_PORT: String(server.port) });
    expect([laid.code, laid.err]).toEqual([0, '']);
    const service = `${plane.group('tutorial')}/providers/Microsoft.Network/privateLinkServices/myPrivateLinkService`;
    const workspace = new Workspace('ws-path');
    await workspace.lay();
    await workspace.endpoint(service, '');
    await workspace.decide(service, 'Approved');
    await workspace.act('start');
    await workspace.reached('Running');
    await workspace.equal();
    transfer(100, 25);
    database.transact([update('dbo.savings', { id: 3 }, { id: 30_003 })]);
    await workspace.equal();
    await workspace.decide(service, 'Rejected');
    await workspace.reached('Resuming', 'EndpointRejected');
    await until('nobody is connected any more', () => Promise.resolve(server.sessions === 0));
  },
);
