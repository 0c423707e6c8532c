import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fault, toFault } from '#base/fault.ts';
import type { Log } from '#base/log.ts';
import { PgConnection } from '#replication/sources/postgres/connection.ts';
import { startEmbeddedPostgres, type EmbeddedPostgres } from './embedded-postgres.ts';
import { shopKeys, shopRows, shopSize, shopTables } from './shop-schema.ts';
import { shopConnection, writeShop } from './shop-writer.ts';

export interface DemoShop {
  /** The server's own folder. */
  readonly folder: string;
  /** Transactions a second; 0: none. */
  readonly rate: number;
  /** Size of the tables when they are made; 1 is about half a million rows. */
  readonly scale: number;
  readonly signal: AbortSignal;
  readonly log: Log;
  /** One sentence for whoever waits. */
  readonly onStep: (text: string) => void;
  /** The shop is open: tables are there, and the writer starts. */
  readonly onOpen: (server: EmbeddedPostgres) => void;
}

const fastStopMs = 3_000;

/** The shop's database. */
export const shopName = 'shop';

/** The log kept for a link is bounded, so that a demo that is left alone never fills a disk. */
const settings = {
  wal_level: 'logical',
  max_replication_slots: '10',
  max_wal_senders: '10',
  max_slot_wal_keep_size: '4GB',
  shared_buffers: '64MB',
  max_wal_size: '1GB',
};

/**
 * Runs the demo's PostgreSQL with its shop and writer until the signal aborts, and stops it in good order.
 * Faults: those of `startEmbeddedPostgres` and of connections; `unreachable` when the server ended by itself.
 */
export async function runDemoShop(shop: DemoShop): Promise<void> {
  await mkdir(shop.folder, { recursive: true, mode: 0o700 });
  shop.onStep('starting PostgreSQL');
  const server = await startServer(shop);
  await using _stopped = { [Symbol.asyncDispose]: () => stopServer(server) };
  await makeShop(server, shop);
  shop.onOpen(server);
  const ended = server.ended.then(() => {
    if (!shop.signal.aborted)
      throw fault('unreachable', 'DemoServerEnded', 'The PostgreSQL of the demo ended by itself.', {
        target: server.logFile,
        remedy: 'It is started again.',
      });
  });
  const stopped = new Promise<void>((settle) => shop.signal.addEventListener('abort', () => settle(), { once: true }));
  const written = writeShop({ url: server.url(shopName), rate: shop.rate, signal: shop.signal }).then(() => stopped);
  // Whichever loses is not waited for, and says nothing more.
  ended.catch(() => undefined);
  written.catch(() => undefined);
  if (!shop.signal.aborted) await Promise.race([ended, written]);
}

/** In good order if that is quick: a server that recovers from a crash may not hear of it, and recovers again next time. */
async function stopServer(server: EmbeddedPostgres): Promise<void> {
  const timer = setTimeout(() => void server.stop('immediate'), fastStopMs);
  await server.stop('fast');
  clearTimeout(timer);
}

/** On the port it had before where that is free: whoever looks at the shop with a client of his own finds it again. */
async function startServer(shop: DemoShop): Promise<EmbeddedPostgres> {
  const portFile = join(shop.folder, 'port');
  const before = existsSync(portFile) ? Number(readFileSync(portFile, 'utf8')) : 0;
  const start = (port: number): Promise<EmbeddedPostgres> =>
    startEmbeddedPostgres({ dataDir: shop.folder, port, settings, signal: shop.signal, onNotice: (text) => shop.onStep(text) });
  let server: EmbeddedPostgres;
  try {
    server = await start(Number.isInteger(before) ? before : 0);
  } catch (error) {
    if (toFault(error).code !== 'PortInUse') throw error;
    server = await start(0);
  }
  if (server.port !== before) writeFileSync(portFile, `${server.port}\n`);
  return server;
}

/** Makes database and tables where they are not; tables and rows in one transaction, so that a kill leaves all or nothing. */
async function makeShop(server: EmbeddedPostgres, shop: DemoShop): Promise<void> {
  await using admin = await PgConnection.connect(shopConnection(server.url()), shop.signal);
  const [there] = await admin.query(`SELECT 1 FROM pg_database WHERE datname = '${shopName}'`);
  if (!there) await admin.query(`CREATE DATABASE ${shopName}`);
  await using connection = await PgConnection.connect(shopConnection(server.url(shopName)), shop.signal);
  const [made] = await connection.query(`SELECT 1 FROM pg_tables WHERE schemaname = 'public' AND tablename = 'orders'`);
  if (made) return;
  const size = shopSize(shop.scale);
  shop.onStep(`filling the shop: ${size.customers} customers, ${size.products} products, ${size.orders} orders`);
  const begun = performance.now();
  for (const sql of ['BEGIN', ...shopTables, ...shopRows(size), ...shopKeys, 'COMMIT', 'ANALYZE'])
    await connection.query(sql, { signal: shop.signal });
  shop.log.info({ tookMs: Math.round(performance.now() - begun) }, 'shop filled');
}
