import { fault } from '#base/fault.ts';
import { readColumns, shapeOf } from './catalog.ts';
import type { ChangeLog } from './change-log.ts';
import { markOf, readMarks, readMoment } from './marks.ts';
import { olderSource, versionOf, versionPosition } from './place.ts';
import { followTracked } from './tracked-changes.ts';

/** Change tracking: which keys changed since a version, for every table of the database that is tracked. */
export const trackedLog: ChangeLog = {
  look: (_session, input) => Promise.resolve(input),

  begin: async (session, identity, from) => {
    const { version } = await readMoment(session);
    if (from === undefined) return versionPosition(identity, version);
    if (version < versionOf(from)) throw olderSource();
    return versionPosition(identity, versionOf(from));
  },

  head: async (session, identity) => versionPosition(identity, (await readMoment(session)).version),

  beginPage: async (session, schema) => {
    await session.begin();
    await readMoment(session);
    const mark = markOf(await readMarks(session), schema);
    if (mark === undefined)
      throw fault('missing', 'TableMissing', `${schema.table} is no longer there, or its changes are no longer tracked.`, {
        target: schema.table,
        remedy: 'See what a check finds; create it again, let it be tracked, or take it out of the link.',
      });
    const objectId = Number(schema.id);
    const columns = await readColumns(session, [objectId]);
    const shape = shapeOf({ objectId, schema: schema.schema, name: schema.name, begun: mark.begun }, columns.get(objectId) ?? []);
    return { shape, seen: undefined };
  },

  follow: followTracked,
};
