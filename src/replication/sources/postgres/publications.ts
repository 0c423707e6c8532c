import { fault } from '#base/fault.ts';
import { copyAnew } from '#replication/copy-anew.ts';
import { quoteIdentifier, quoteLiteral, type Identity } from '#replication/schema.ts';
import { oidArray, readTablesById, type PgTable } from './catalog.ts';
import { sqlstateOf } from './faults.ts';
import { inTransaction, type Sql } from './sql-session.ts';

/** The two publications of a link: one for tables whose rows can be found again, one for tables of which only inserts and truncates travel. */
export interface PublicationNames {
  readonly changes: string;
  readonly appends: string;
}

export function publicationNames(slot: string): PublicationNames {
  return { changes: slot, appends: `${slot}_append` };
}

/** Publications are made only with the slot, so one without this comment was made anew by somebody, and changes in between are lost. */
const comment = 'Made by Isthmus together with the replication slot of the same name. Do not alter.';
const lockMs = 2000;

/** May UPDATE and DELETE be published without making them fail at the source? */
export function canPublishChanges(table: PgTable): boolean {
  return table.schema.identity !== 'append';
}

/** The publication in which a table of this identity belongs. */
export function publicationOf(names: PublicationNames, identity: Identity): string {
  return identity === 'append' ? names.appends : names.changes;
}

/**
 * Makes both publications anew, for a slot that is made after them. A table that somebody holds locked is left out for now: `publishTable`
 * takes it in before its first page. Fault: `conflict` where a publication of the name is not ours.
 */
export async function createPublications(sql: Sql, names: PublicationNames, tables: readonly PgTable[]): Promise<void> {
  const found = await readPublications(sql, names);
  for (const one of found) {
    if (one.comment === comment) continue;
    throw fault('conflict', 'PublicationTaken', `There is a publication ${one.name} that was not made for this link.`, {
      target: one.name,
      remedy: `See whose it is; if nobody's: DROP PUBLICATION ${quoteIdentifier(one.name)};`,
    });
  }
  const generated = sql.serverVersion >= 180_000 ? ', publish_generated_columns = stored' : '';
  const create = (name: string, operations: string): string[] => [
    `CREATE PUBLICATION ${quoteIdentifier(name)} WITH (publish = '${operations}', publish_via_partition_root = true${generated})`,
    `COMMENT ON PUBLICATION ${quoteIdentifier(name)} IS ${quoteLiteral(comment)}`,
  ];
  const made = [
    ...found.map((one) => `DROP PUBLICATION ${quoteIdentifier(one.name)}`),
    ...create(names.changes, 'insert, update, delete, truncate'),
    ...create(names.appends, 'insert, truncate'),
  ];
  const added = tables.map((table) => addTable(names, table));
  try {
    await inTransaction(sql, [...made, ...added], lockMs);
  } catch (error) {
    if (!isLocked(error)) throw error;
    await inTransaction(sql, made, lockMs);
    for (const statement of added) await tryForLock(sql, [statement]);
  }
}

/** Fault: `lost-history` where a publication is gone or was made anew: what changed meanwhile was not logged for us. */
export async function verifyPublications(sql: Sql, names: PublicationNames): Promise<void> {
  const found = await readPublications(sql, names);
  for (const name of [names.changes, names.appends]) {
    const one = found.find((publication) => publication.name === name);
    if (one?.comment === comment) continue;
    throw fault(
      'lost-history',
      'PublicationMissing',
      `The publication ${name} was dropped${one ? ' and made anew by somebody else' : ''}: changes since then were not logged for the link.`,
      {
        target: name,
        remedy: copyAnew,
      },
    );
  }
}

/**
 * Brings a table into the publication in which it belongs, and out of the other. False: it is locked by somebody, try again later.
 * A table without usable identity never stands in the publication of changes: PostgreSQL would refuse every UPDATE and DELETE on it.
 */
export async function publishTable(sql: Sql, names: PublicationNames, table: PgTable): Promise<boolean> {
  const wanted = publicationOf(names, table.schema.identity);
  const present = (await readMembers(sql, names)).get(table.oid) ?? [];
  const out = present
    .filter((name) => name !== wanted)
    .map((name) => `ALTER PUBLICATION ${quoteIdentifier(name)} DROP TABLE ${table.ownRows}`);
  const statements = present.includes(wanted) ? out : [...out, addTable(names, table)];
  return tryForLock(sql, statements);
}

/** Takes every table but these out of both publications; one that is locked stays until the next time. */
export async function retainTables(sql: Sql, names: PublicationNames, oids: readonly string[]): Promise<void> {
  const keep = new Set(oids);
  const leaving = [...(await readMembers(sql, names))].filter(([oid]) => !keep.has(oid));
  const byOid = new Map(
    (
      await sqlNames(
        sql,
        leaving.map(([oid]) => oid),
      )
    ).map(([oid, name]) => [oid, name]),
  );
  for (const [oid, publications] of leaving) {
    const name = byOid.get(oid);
    if (name !== undefined)
      await tryForLock(
        sql,
        publications.map((publication) => `ALTER PUBLICATION ${quoteIdentifier(publication)} DROP TABLE ${name}`),
      );
  }
}

/**
 * Looks for tables that stand in the publication of changes and have lost the identity that PostgreSQL asks of them, such as one whose primary
 * key was dropped: their UPDATEs and DELETEs fail at the source until they are moved to the publication of appends. Answers those moved.
 */
export async function protectWrites(sql: Sql, names: PublicationNames): Promise<readonly string[]> {
  const members = [...(await readMembers(sql, names))]
    .filter(([, publications]) => publications.includes(names.changes))
    .map(([oid]) => oid);
  const moved: string[] = [];
  for (const table of await readTablesById(sql, { asText: new Set() }, members)) {
    if (!canPublishChanges(table) && (await publishTable(sql, names, table))) moved.push(table.schema.table);
  }
  return moved;
}

/** By table oid, the names of those of our publications that it stands in. */
export async function readMembers(sql: Sql, names: PublicationNames): Promise<ReadonlyMap<string, readonly string[]>> {
  const rows = await sql.query(
    `SELECT r.prrelid, p.pubname FROM pg_catalog.pg_publication_rel r JOIN pg_catalog.pg_publication p ON p.oid = r.prpubid WHERE p.pubname IN (${quoteLiteral(names.changes)}, ${quoteLiteral(names.appends)})`,
  );
  const members = new Map<string, string[]>();
  for (const [oid, name] of rows) members.set(oid ?? '', [...(members.get(oid ?? '') ?? []), name ?? '']);
  return members;
}

/** Drops those of our publications that are there. */
export async function dropPublications(sql: Sql, names: PublicationNames): Promise<void> {
  const ours = (await readPublications(sql, names)).filter((one) => one.comment === comment);
  for (const { name } of ours) await sql.query(`DROP PUBLICATION IF EXISTS ${quoteIdentifier(name)}`);
}

function addTable(names: PublicationNames, table: PgTable): string {
  return `ALTER PUBLICATION ${quoteIdentifier(publicationOf(names, table.schema.identity))} ADD TABLE ${table.ownRows}`;
}

async function readPublications(
  sql: Sql,
  names: PublicationNames,
): Promise<readonly { readonly name: string; readonly comment: string | null }[]> {
  const rows = await sql.query(
    `SELECT p.pubname, pg_catalog.obj_description(p.oid, 'pg_publication') FROM pg_catalog.pg_publication p WHERE p.pubname IN (${quoteLiteral(names.changes)}, ${quoteLiteral(names.appends)})`,
  );
  return rows.map((row) => ({ name: row[0] ?? '', comment: row[1] ?? null }));
}

/** For `ALTER PUBLICATION … DROP TABLE`, which without ONLY takes children out too. */
async function sqlNames(sql: Sql, oids: readonly string[]): Promise<readonly (readonly [string, string])[]> {
  if (oids.length === 0) return [];
  const rows = await sql.query(
    `SELECT c.oid, pg_catalog.format('%s%I.%I', CASE c.relkind WHEN 'r' THEN 'ONLY ' ELSE '' END, n.nspname, c.relname) FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = ANY (${oidArray(oids)})`,
  );
  return rows.map((row) => [row[0] ?? '', row[1] ?? ''] as const);
}

/** False: a lock could not be had in time, or somebody (our own guard) did the same at the same time; nothing was done. */
async function tryForLock(sql: Sql, statements: readonly string[]): Promise<boolean> {
  try {
    await inTransaction(sql, statements, lockMs);
    return true;
  } catch (error) {
    if (isLocked(error) || overtaken.has(sqlstateOf(error) ?? '')) return false;
    throw error;
  }
}

/** No longer or already a member; deadlock. */
const overtaken: ReadonlySet<string> = new Set(['42704', '42710', '40P01']);

export function isLocked(error: unknown): boolean {
  return sqlstateOf(error) === '55P03';
}
