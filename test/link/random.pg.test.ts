import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { PgConnection } from '#replication/sources/postgres/connection.ts';
import { startPostgres, type TestPostgres } from '../servers/postgres.ts';
import { Scene, type RunningLink } from './scene.ts';

let server: TestPostgres;
beforeAll(async () => {
  server = await startPostgres({ settings: { logical_decoding_work_mem: '64kB' } });
});
afterAll(() => server[Symbol.asyncDispose]());

const seeds = (process.env['ISTHMUS_SEEDS'] ?? '1,2').split(',').map(Number);
const rounds = Number(process.env['ISTHMUS_ROUNDS'] ?? 40);

/** The same numbers for the same seed. */
function dice(seed: number): (sides: number) => number {
  let state = seed;
  return (sides) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % sides;
  };
}

type Dice = (sides: number) => number;
const tables = ['ints', 'texts', 'pairs', 'bag', 'parts'];
const big = (salt: number): string => `(SELECT string_agg(md5((i * ${salt})::text), '') FROM generate_series(1, 80) i)`;

const setup = `
CREATE TABLE ints (id int PRIMARY KEY, k text DEFAULT 'k', n int DEFAULT 0, big text); ALTER TABLE ints ALTER big SET STORAGE EXTERNAL;
CREATE TABLE texts (id text COLLATE "C" PRIMARY KEY, k text DEFAULT 'k', n int DEFAULT 0, big text); ALTER TABLE texts ALTER big SET STORAGE EXTERNAL;
CREATE TABLE pairs (k text DEFAULT 'k', id int, n int DEFAULT 0, big text, PRIMARY KEY (id, k)); ALTER TABLE pairs ALTER big SET STORAGE EXTERNAL;
CREATE TABLE bag (id int, k text DEFAULT 'k', n int DEFAULT 0, big text); ALTER TABLE bag REPLICA IDENTITY FULL, ALTER big SET STORAGE EXTERNAL;
CREATE TABLE parts (id int PRIMARY KEY, k text DEFAULT 'k', n int DEFAULT 0, big text) PARTITION BY RANGE (id); CREATE TABLE parts_low PARTITION OF parts FOR VALUES FROM (MINVALUE) TO (50); CREATE TABLE parts_high PARTITION OF parts FOR VALUES FROM (50) TO (MAXVALUE);
${tables.map((table) => `INSERT INTO ${table} (id, n, big) SELECT i, i, CASE WHEN i % 3 = 0 THEN ${big(7)} END FROM generate_series(1, 100) i`).join(';')}`;

/** Statements on rows. What they touch depends on what is there, and some touch nothing. */
function rowStatement(roll: Dice, table: string): string {
  const id = roll(160);
  const some = `id::text ~ '${roll(10)}$'`;
  switch (roll(10)) {
    case 0:
      return `INSERT INTO ${table} (id, n) SELECT i, ${roll(9)} FROM generate_series(${id}, ${id + roll(30)}) i ON CONFLICT DO NOTHING`;
    case 1:
      return `INSERT INTO ${table} (id, big) SELECT ${1000 + id}, ${big(id + 1)} ON CONFLICT DO NOTHING`;
    case 2:
      return `UPDATE ${table} SET n = ${roll(100)} WHERE ${some}`;
    case 3:
      return `UPDATE ${table} SET big = ${roll(2) === 0 ? big(id + 3) : "'short'"} WHERE ${some}`;
    case 4:
      return `DELETE FROM ${table} WHERE ${some}`;
    case 5:
      return `UPDATE ${table} SET id = ${id + 200} WHERE id::text = '${id}'`;
    case 6:
      return `UPDATE ${table} SET id = ${id}, n = 5 WHERE id::text = '${id + 200}'`;
    case 7:
      return roll(6) === 0 ? `TRUNCATE ${table}` : `UPDATE ${table} SET k = 'k${roll(5)}' WHERE ${some}`;
    case 8:
      return roll(8) === 0
        ? `INSERT INTO ${table} (id, n) SELECT i, 1 FROM generate_series(3000, 3800) i ON CONFLICT DO NOTHING`
        : `DELETE FROM ${table} WHERE id::text > '3'`;
    default:
      return `UPDATE ${table} SET n = n::int + 1, big = big WHERE ${some}`;
  }
}

/** Statements on the shape of a table. */
function shapeStatement(roll: Dice, table: string): string {
  const name = ['a', 'b', 'c'][roll(3)]!;
  const others = [
    `ALTER TABLE ${table} ADD ${name} int`,
    `ALTER TABLE ${table} ADD ${name} text DEFAULT 'd${roll(3)}'`,
    `ALTER TABLE ${table} ADD ${name} text DEFAULT 'd'; ALTER TABLE ${table} ALTER ${name} DROP DEFAULT`,
    `ALTER TABLE ${table} ADD ${name} float8 DEFAULT random()`,
    `ALTER TABLE ${table} ADD ${name} int DEFAULT (random() * 5)::int; ALTER TABLE ${table} ALTER ${name} DROP DEFAULT`,
    `ALTER TABLE ${table} DROP ${name}`,
    `ALTER TABLE ${table} DROP n; ALTER TABLE ${table} ADD n int DEFAULT 3`,
    `ALTER TABLE ${table} RENAME ${name} TO d${roll(2)}`,
    `ALTER TABLE ${table} RENAME d${roll(2)} TO ${name}`,
    `ALTER TABLE ${table} RENAME k TO swap; ALTER TABLE ${table} RENAME big TO k; ALTER TABLE ${table} RENAME swap TO big`,
    `ALTER TABLE ${table} ALTER n TYPE bigint USING n::bigint + 1`,
    `ALTER TABLE ${table} ALTER n TYPE int USING n::int % 1000`,
    `ALTER TABLE ${table} ALTER n TYPE numeric(12,2) USING n::numeric(12,2)`,
    `ALTER TABLE ${table} RENAME TO ${table}_away; ALTER TABLE ${table}_away RENAME TO ${table}`,
    `VACUUM FULL ${table}`,
    `ALTER TABLE ${table} REPLICA IDENTITY FULL`,
    // Without a key its UPDATEs would fail until the link has noticed.
    `ALTER TABLE ${table} REPLICA IDENTITY ${table === 'bag' ? 'FULL' : 'DEFAULT'}`,
  ];
  return others[roll(others.length)]!;
}

function round(roll: Dice): readonly string[] {
  const table = tables[roll(tables.length)]!;
  const statements = Array.from({ length: 1 + roll(4) }, () => rowStatement(roll, roll(3) === 0 ? tables[roll(tables.length)]! : table));
  switch (roll(8)) {
    case 0:
      return [
        'BEGIN',
        ...statements,
        'SAVEPOINT s',
        ...Array.from({ length: 3 }, () => rowStatement(roll, table)),
        'ROLLBACK TO s',
        ...statements,
        'COMMIT',
      ];
    case 1:
      return ['BEGIN', ...statements, 'ROLLBACK'];
    case 2:
      return ['BEGIN', ...statements, ...shapeStatement(roll, table).split('; '), rowStatement(roll, table), 'COMMIT'];
    case 3:
      return shapeStatement(roll, table).split('; ');
    case 4:
      return [...shapeStatement(roll, table).split('; '), ...statements];
    default:
      return statements;
  }
}

/** What the server refuses changes nothing, and ends the transaction it was in; nothing is refused because of us. */
async function attempt(session: PgConnection, statements: readonly string[]): Promise<string | undefined> {
  for (const statement of statements) {
    try {
      await session.query(statement);
    } catch (error) {
      await session.query('ROLLBACK');
      return /replica identity/.test(String(error)) ? `${statement}: ${String(error)}` : undefined;
    }
  }
  return undefined;
}

test.each(seeds)('random work on rows and shapes while the link is started and stopped: seed %i', { timeout: 300_000 }, async (seed) => {
  const done: string[] = [];
  const outcome = await work(dice(seed), done).catch((error: unknown) => ({ left: [String(error)], refusals: [] }));
  if (outcome.left.length > 0) process.stderr.write(`${done.join(';\n')};\n`);
  expect(outcome).toEqual({ left: [], refusals: [] });
});

async function work(roll: Dice, done: string[]): Promise<{ readonly left: readonly string[]; readonly refusals: readonly string[] }> {
  await using scene = await Scene.make(server, setup, {
    pages: { pageBytes: 1200, batchBytes: 600 },
    follow: { watchMs: 20, guardMs: 20, maxBytes: 16 * 1024 },
  });
  await using session = await scene.session();
  const refusals: string[] = [];
  let link: RunningLink | undefined;
  for (let i = 0; i < rounds; i++) {
    if (link === undefined && roll(3) === 0) link = scene.start({ lookMs: 50 });
    else if (link && roll(12) === 0) {
      await link.stop();
      link = undefined;
      done.push('-- stopped');
    }
    if (link && roll(6) === 0) await link.caughtUp();
    const statements = round(roll);
    done.push(...statements);
    const refusal = await attempt(session, statements);
    if (refusal !== undefined) refusals.push(refusal);
  }
  link ??= scene.start({ lookMs: 50 });
  // What was altered without a trace in the log is copied again once the link has looked at the catalog.
  let left: readonly string[] = ['not yet compared'];
  for (const until = Date.now() + 30_000; left.length > 0 && Date.now() < until; await delay(50)) {
    await link.caughtUp();
    left = await scene.differences().catch((error: unknown) => [String(error)]);
  }
  await link.stop();
  return { left, refusals };
}
