import { fault, toFault } from '#base/fault.ts';
import { dropPublications, publicationNames } from '#replication/sources/postgres/publications.ts';
import { databaseOfSlot, dropSlot } from '#replication/sources/postgres/slot.ts';
import type { JobOf, StoreLogin } from '../job.ts';
import type { JobContext } from '../job-work.ts';
import { askStore } from './store-session.ts';

/** A worker that was killed a moment ago may still count as the slot's reader. */
const readerGraceMs = 2_000;

/**
 * Drops what a link made in the named database: the slot and the publications of its very name, where they were made for a link. Done again
 * it finds nothing to do. Faults: those of asking the store; `SlotActive` (unreachable) where somebody goes on reading the slot.
 */
export async function release({ store, slot, timeoutMs }: JobOf<'release'>, context: JobContext): Promise<void> {
  if (!/^[a-z0-9_]{1,56}$/.test(slot))
    throw fault('invalid', 'SlotName', 'The name of the slot to be released is none that a link makes.', {
      remedy: 'A link names its slot by lower-case letters, digits and underscores.',
    });
  if (store.kind === 'sqlserver')
    return context.log.info({ slot, database: store.database }, 'a link makes nothing at a SQL Server: there is nothing to release');
  try {
    await askStore({ store, purpose: 'release', timeoutMs, readOnly: false }, context, async ({ sql }) => {
      await dropSlot(sql, slot, { endReaderAfterMs: readerGraceMs });
      await dropPublications(sql, publicationNames(slot));
    });
  } catch (error) {
    if (toFault(error).code !== 'DatabaseMissing' || !(await wentWithItsDatabase(slot, store, { context, timeoutMs }))) throw error;
  }
  context.log.info({ slot, database: store.database }, 'what the link made at its source is released');
}

/** The database every server has. */
const maintenance = 'postgres';

/** PostgreSQL drops a database together with its slots. One that was renamed has them still. */
async function wentWithItsDatabase(
  slot: string,
  store: StoreLogin,
  { context, timeoutMs }: { readonly context: JobContext; readonly timeoutMs: number },
): Promise<boolean> {
  const elsewhere = { ...store, database: maintenance };
  const ask = { store: elsewhere, purpose: 'release', timeoutMs, readOnly: true };
  const database = await askStore(ask, context, ({ sql }) => databaseOfSlot(sql, slot)).catch((error: unknown) => {
    context.log.info({ err: toFault(error) }, 'whether the slot went with its database cannot be seen');
    return store.database;
  });
  if (database === undefined || database === store.database) return database === undefined;
  throw fault(
    'conflict',
    'SlotElsewhere',
    `The database ${store.database} is gone, and its replication slot ${slot} is one of ${database} now.`,
    {
      target: slot,
      remedy: `If it was renamed, give the linked service its new name; or drop the slot: SELECT pg_drop_replication_slot('${slot}');`,
    },
  );
}
