import { rm } from 'node:fs/promises';
import { z } from 'zod';
import { type Outcome, type Reference, resourceType, type ResourceType } from '#arm/resource-type.ts';
import type { JsonObject, Resource } from '#arm/resource.ts';
import { nextLinkState, wantedOf } from '#replication/link-state.ts';
import { linkActions, type LinkTools } from './link-actions.ts';
import { checkLink } from './link-check.ts';
import { linkFolder } from './link-places.ts';
import { happened, type LinkRecord } from './link-record.ts';
import { linkProperties, type LinkProperties } from './link-shape.ts';
import { withIds } from './link-tables.ts';
import { poolIdOf, sourceIdOf } from './link-target.ts';
import { detailedStatus, linkTables } from './link-view.ts';
import { pathView } from './path-view.ts';
import { linkConnectionType, sqlPoolType, versions, workspacePlaneVersions, workspaceType } from './type-names.ts';

/** A removal that waits for the source is looked at so often. */
const removalEveryMs = 1_000;

/** A database whose tables are copied into a SQL pool and kept as they are there. */
export function linkConnections(tools: LinkTools): ResourceType<LinkProperties> {
  const { keeper, options } = tools;
  return resourceType<LinkProperties>({
    type: linkConnectionType,
    summary: 'A link connection: tables of a database, copied into a SQL pool and kept as they are there',
    versions,
    location: 'none',
    hasTags: false,
    name: {
      pattern: /^[A-Za-z0-9_][^<>*#.%&:\\+?/]*$/,
      maxLength: 140,
      says: 'no < > * # . % & : \\ + ? /, beginning with a letter, digit or _',
    },
    verbs: ['put', 'delete'],
    properties: linkProperties,
    envelope: z.object({ description: z.string().max(4_000).optional() }) as unknown as z.ZodType<JsonObject>,
    secrets: ['landingZone.sasToken'],
    shows: { provisioningState: false, etag: true },
    answers: { created: 200, replaced: 200, deleted: 200, deleting: 200 },
    plane: { versions: workspacePlaneVersions },
    goesFirst: true,
    references: ({ properties }, { text: id }) => referencesOf({ id, properties }),
    check: async (asked, context) => {
      const properties = { ...asked.properties, ...tablesOf(context.id.text, asked.properties, context.before) };
      await checkLink({ ...asked, properties }, context, { stores: options.stores, recordOf: (link) => keeper.records.read(link) });
    },
    complete: async (asked, { id, before }) => ({
      ...asked,
      properties: { ...asked.properties, ...tablesOf(id.text, asked.properties, before) },
    }),
    reads: {
      detailedstatus: {
        summary: 'What it is doing, how late it is, and why it waits',
        run: async ({ self }) => detailedStatus(await keeper.seen(self)),
      },
      pathProof: {
        summary: 'Proof of path: what its workers say that they moved, against what was counted, by endpoint and elsewhere',
        permission: 'detailedstatus/read',
        run: async ({ self }) => pathView(await keeper.paths(self)),
      },
      linktables: { summary: 'Its tables', run: async ({ self }) => linkTables(self.properties) },
    },
    actions: linkActions(tools),
    remove: async (self) => await removed(self, tools),
  });
}

function referencesOf(link: Pick<Resource<LinkProperties>, 'id' | 'properties'>): readonly Reference[] {
  return [
    {
      id: sourceIdOf(link),
      at: 'properties.sourceDatabase.linkedService.referenceName',
      types: [`${workspaceType}/linkedservices`],
    },
    { id: poolIdOf(link), at: 'properties.targetDatabase.linkedService', types: [sqlPoolType] },
  ];
}

function tablesOf(
  id: string,
  { linkTables: given }: LinkProperties,
  before: Resource<LinkProperties> | undefined,
): Pick<LinkProperties, 'linkTables'> {
  return { linkTables: given === undefined ? (before?.properties.linkTables ?? []) : withIds(before?.id ?? id, given) };
}

/** Gone once the source keeps nothing for it. Until then it says why not, and tries again. */
async function removed({ id }: Resource<LinkProperties>, { keeper, options }: LinkTools): Promise<Outcome> {
  const record = await keeper.change(id, (one) => stopped(one, new Date(options.clock.nowMs()).toISOString()));
  if (wantedOf(record.state) !== 'nothing') {
    const why = record.fault === null ? '' : ` ${record.fault.message} ${record.fault.remedy ?? ''}`.trimEnd();
    return {
      kind: 'waiting',
      for: `Its source is to give back what it keeps for the link.${why} If it is gone for good: POST ${id}/abandon.`,
      retryMs: removalEveryMs,
    };
  }
  await rm(linkFolder(options.folder, id), { recursive: true, force: true });
  await keeper.records.forget(id);
  return { kind: 'ready' };
}

function stopped(record: LinkRecord, at: string): LinkRecord | undefined {
  const state = nextLinkState(record.state, 'stop');
  return state === undefined ? undefined : happened({ ...record, state }, at, 'It is deleted: the place in the source is given up.');
}
