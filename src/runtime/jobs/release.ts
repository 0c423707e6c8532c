import { fault } from '#base/fault.ts';
import { dropPublications, publicationNames } from '#replication/sources/postgres/publications.ts';
import { dropSlot } from '#replication/sources/postgres/slot.ts';
import type { JobOf } from '../job.ts';
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
  await askStore({ store, purpose: 'release', timeoutMs, readOnly: false }, context, async ({ sql }) => {
    await dropSlot(sql, slot, { endReaderAfterMs: readerGraceMs });
    await dropPublications(sql, publicationNames(slot));
  });
  context.log.info({ slot, database: store.database }, 'what the link made at its source is released');
}
