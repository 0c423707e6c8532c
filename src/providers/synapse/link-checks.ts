import { z } from 'zod';
import { fault, toFault } from '#base/fault.ts';
import { parseResourceId } from '#arm/resource-id.ts';
import type { JsonObject, Resource } from '#arm/resource.ts';
import type { ResourceReader } from '#arm/store.ts';
import type { HomeAction } from '../authoring/home-action.ts';
import { checkLink } from './link-check.ts';
import type { LinkTools } from './link-actions.ts';
import { findingOf, preflight } from './link-preflight.ts';
import { newRecord } from './link-record.ts';
import { linkProperties, type LinkProperties } from './link-shape.ts';
import { withIds } from './link-tables.ts';
import { linkConnectionType } from './type-names.ts';

/** Each is a worker: those that links need are not to wait for them. */
const mostChecks = 12;

/** Lets so many checks of links run at once. */
export type CheckTurns = <T>(check: () => Promise<T>) => Promise<T>;

/** Fault: `TooManyChecks` (throttled). */
export function checkTurns(): CheckTurns {
  let running = 0;
  return async (check) => {
    if (running >= mostChecks)
      throw fault('throttled', 'TooManyChecks', `${mostChecks} link connections are being checked already.`, {
        remedy: 'Try again in a moment.',
      });
    running += 1;
    try {
      return await check();
    } finally {
      running -= 1;
    }
  };
}

interface Draft {
  readonly linkConnection: { readonly name: string; readonly properties: LinkProperties };
}

const draft: z.ZodType<Draft> = z.object({
  linkConnection: z.object({
    name: z
      .string()
      .max(140)
      .regex(/^[^/?#]+$/, 'must be the name of a link connection')
      .default('new-link'),
    properties: linkProperties,
  }),
}) as unknown as z.ZodType<Draft>;

/**
 * Ours: `POST {workspace}/preflight` with `{linkConnection: {name?, properties}}` answers as the action `preflight` of a link does, of one that is
 * not saved. Nothing is written, here or at the source. One that is saved under that name is meant as it would be then.
 */
export function preflightOfDraft({ options, keeper, turns }: LinkTools): HomeAction<Draft> {
  return {
    behindRoot: true,
    summary: 'Whether a link connection that is not saved yet could start, and what would become of each column; changes nothing',
    input: draft,
    run: async ({ self, input: { linkConnection }, resources, signal }) =>
      await turns(async () => {
        const id = `${self!.id}/linkConnections/${linkConnection.name}`;
        const before = (await resources.get(id)) as unknown as Resource<LinkProperties> | undefined;
        const properties = { ...linkConnection.properties, linkTables: withIds(id, linkConnection.properties.linkTables ?? []) };
        const link = { ...self!, envelope: {}, tags: {}, id, name: linkConnection.name, type: linkConnectionType, properties };
        const record = before === undefined ? newRecord : await keeper.records.read(id);
        const answer = await preflight({ link, record, resources }, options, signal);
        const refusals = await refusalsOf({ link, before }, resources, { options, keeper, turns });
        return { body: { ...answer, findings: [...refusals, ...(answer['findings'] as readonly JsonObject[])] } };
      }),
  };
}

/** Why it could not even be saved. */
async function refusalsOf(
  { link, before }: { readonly link: Resource<LinkProperties>; readonly before: Resource<LinkProperties> | undefined },
  resources: ResourceReader,
  { options, keeper }: LinkTools,
): Promise<readonly JsonObject[]> {
  try {
    const asked = { properties: link.properties, tags: {}, envelope: {}, location: undefined };
    const context = { id: parseResourceId(link.id), before, resources };
    await checkLink(asked, context, { stores: options.stores, recordOf: (one) => keeper.records.read(one) });
    return [];
  } catch (error) {
    const trouble = toFault(error);
    if (trouble.kind === 'bug') throw trouble;
    return [{ ...findingOf(trouble) }];
  }
}
