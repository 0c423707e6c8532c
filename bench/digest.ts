import { DuckDBInstance } from '@duckdb/node-api';
import type { BenchServer } from './servers.ts';

/** How a value becomes the same text in both systems. `%` is the column. */
const texts: Readonly<Record<string, readonly [postgres: string, duckDb: string]>> = {
  int2: ['%::text', '%::VARCHAR'],
  int4: ['%::text', '%::VARCHAR'],
  int8: ['%::text', '%::VARCHAR'],
  numeric: ['%::text', '%::VARCHAR'],
  float8: ['floor(% * 1000000)::bigint::text', 'floor(% * 1000000)::BIGINT::VARCHAR'],
  text: ['%', '%'],
  varchar: ['%', '%'],
  bpchar: ['rtrim(%::text)', 'rtrim(%)'],
  timestamp: ['(extract(epoch FROM %) * 1000000)::bigint::text', 'epoch_us(%)::VARCHAR'],
  timestamptz: ['(extract(epoch FROM %) * 1000000)::bigint::text', 'epoch_us(%)::VARCHAR'],
  date: ['%::text', '%::VARCHAR'],
  bool: ['%::text', '%::VARCHAR'],
  uuid: ['%::text', '%::VARCHAR'],
  jsonb: ['%::text', '%::VARCHAR'],
  bytea: ["encode(%, 'hex')", 'lower(hex(%))'],
};

interface DigestColumn {
  readonly name: string;
  readonly type: string;
}

/** Rows and the sum of a hash of each: equal digests, equal rows whatever their order. */
export type Digest = string;

async function columnsOf(server: BenchServer, table: string, database?: string): Promise<readonly DigestColumn[]> {
  const rows = await server.sql(
    `SELECT a.attname, t.typname FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid WHERE a.attrelid = 'public.${table}'::regclass AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum`,
    database,
  );
  return rows.map(([name, type]) => ({ name: name!, type: type! }));
}

function rowText(columns: readonly DigestColumn[], side: 0 | 1): string {
  const cells = columns.map(({ name, type }) => {
    const form = texts[type];
    if (form === undefined) throw new Error(`no text of ${type} is known that both systems write`);
    return `coalesce(${form[side].replaceAll('%', `"${name}"`)}, '~')`;
  });
  return `concat_ws('|', ${cells.join(', ')})`;
}

async function sourceDigest(server: BenchServer, table: string, database?: string): Promise<Digest> {
  const text = rowText(await columnsOf(server, table, database), 0);
  const [row] = await server.sql(
    `SELECT count(*) || ' rows, ' || coalesce(sum(('x' || left(md5(${text}), 15))::bit(60)::bigint), 0) FROM public."${table}"`,
    database,
  );
  return row![0]!;
}

/** The digests of tables in a pool file that nobody has open. */
async function poolDigests(
  server: BenchServer,
  file: string,
  tables: readonly string[],
  database?: string,
): Promise<ReadonlyMap<string, Digest>> {
  const instance = await DuckDBInstance.create(file, { access_mode: 'READ_ONLY', threads: '2' });
  try {
    const connection = await instance.connect();
    const digests = new Map<string, Digest>();
    for (const table of tables) {
      const text = rowText(await columnsOf(server, table, database), 1);
      const reader = await connection.runAndReadAll(
        `SELECT count(*) || ' rows, ' || coalesce(sum(('0x' || left(md5(${text}), 15))::BIGINT), 0) FROM public."${table}"`,
      );
      digests.set(table, String(reader.getRows()[0]![0]));
    }
    connection.closeSync();
    return digests;
  } finally {
    instance.closeSync();
  }
}

/** Tables of a source whose rows will not change any more, and what they must look like wherever they are copied to. */
export class Truth {
  readonly #server: BenchServer;
  readonly #digests: ReadonlyMap<string, Digest>;
  readonly #database: string | undefined;

  private constructor(server: BenchServer, digests: ReadonlyMap<string, Digest>, database: string | undefined) {
    this.#server = server;
    this.#database = database;
    this.#digests = digests;
  }

  static async of(server: BenchServer, tables: readonly string[], database?: string): Promise<Truth> {
    const digests = new Map<string, Digest>();
    for (const table of tables) digests.set(table, await sourceDigest(server, table, database));
    return new Truth(server, digests, database);
  }

  /** Throws unless the pool file holds the same rows. */
  async expectInPool(file: string): Promise<void> {
    this.#compare(await poolDigests(this.#server, file, [...this.#digests.keys()], this.#database), 'the pool');
  }

  /** Throws unless the other server holds the same rows. */
  async expectIn(other: BenchServer, database?: string): Promise<void> {
    const found = new Map<string, Digest>();
    for (const table of this.#digests.keys()) found.set(table, await sourceDigest(other, table, database));
    this.#compare(found, 'the other server');
  }

  #compare(found: ReadonlyMap<string, Digest>, where: string): void {
    for (const [table, wanted] of this.#digests) {
      if (found.get(table) !== wanted) throw new Error(`${table} is wrong in ${where}: ${found.get(table)} instead of ${wanted}`);
    }
  }
}
