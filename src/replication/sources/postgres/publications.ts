import { quoteIdentifier, quoteLiteral } from '#replication/schema.ts';
import type { PgTable } from './catalog.ts';
import type { PgConnection } from './connection.ts';

/** The two publications of a link: one for tables whose rows can be found again, one for tables of which only inserts travel. */
export interface PublicationNames {
  readonly changes: string;
  readonly appends: string;
}

export function publicationNames(slot: string): PublicationNames {
  return { changes: slot, appends: `${slot}_append` };
}

/**
 * Brings both publications to exactly the given tables. A table without replica identity goes into the append publication, because
 * PostgreSQL refuses UPDATE and DELETE on a table that is published for them and has none: the source's own writes must never fail for us.
 */
export async function publish(connection: PgConnection, names: PublicationNames, tables: readonly PgTable[]): Promise<void> {
  const generated = connection.serverVersion >= 180_000 ? ', publish_generated_columns = stored' : '';
  const found = tables.filter((table) => !table.unlogged && table.rights.select);
  const changes = found.filter((table) => canPublishChanges(table));
  const appends = found.filter((table) => !canPublishChanges(table));
  // Out of one before into the other, and appends are taken first: no moment in which a table without identity is published for updates.
  await setTables(connection, { name: names.appends, operations: `publish = 'insert, truncate', publish_via_partition_root = true${generated}` }, appends);
  await setTables(connection, { name: names.changes, operations: `publish = 'insert, update, delete, truncate', publish_via_partition_root = true${generated}` }, changes);
}

/** May UPDATE and DELETE be published without making them fail at the source? */
export function canPublishChanges(table: PgTable): boolean {
  return table.schema.identity !== 'append';
}

async function setTables(connection: PgConnection, publication: { readonly name: string; readonly operations: string }, tables: readonly PgTable[]): Promise<void> {
  const name = quoteIdentifier(publication.name);
  const list = tables.map((table) => table.sqlName).join(', ');
  const [existing] = await connection.query(`SELECT oid FROM pg_catalog.pg_publication WHERE pubname = ${quoteLiteral(publication.name)}`);
  if (!existing) {
    await connection.query(`CREATE PUBLICATION ${name} ${list === '' ? '' : `FOR TABLE ${list} `}WITH (${publication.operations})`);
    return;
  }
  const members = await connection.query(`SELECT r.prrelid FROM pg_catalog.pg_publication_rel r WHERE r.prpubid = ${existing[0]}::oid`);
  const before = new Set(members.map((row) => row[0]));
  if (before.size === tables.length && tables.every((table) => before.has(table.oid))) return;
  if (list !== '') await connection.query(`ALTER PUBLICATION ${name} SET TABLE ${list}`);
  else await dropMembers(connection, name, [...before]);
}

async function dropMembers(connection: PgConnection, publication: string, oids: readonly (string | null | undefined)[]): Promise<void> {
  const rows = await connection.query(`SELECT oid::pg_catalog.regclass::text FROM pg_catalog.pg_class WHERE oid = ANY ('{${oids.join(',')}}'::oid[])`);
  if (rows.length > 0) await connection.query(`ALTER PUBLICATION ${publication} DROP TABLE ${rows.map((row) => row[0]).join(', ')}`);
}

export async function dropPublications(connection: PgConnection, names: PublicationNames): Promise<void> {
  for (const name of [names.changes, names.appends]) await connection.query(`DROP PUBLICATION IF EXISTS ${quoteIdentifier(name)}`);
}
