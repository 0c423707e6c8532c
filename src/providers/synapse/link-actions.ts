import { z } from 'zod';
import { fault } from '#base/fault.ts';
import type { Action, ActionCall } from '#arm/resource-type.ts';
import type { Json, JsonObject, Resource } from '#arm/resource.ts';
import { nextLinkState, wantedOf } from '#replication/link-state.ts';
import { quoteIdentifier, quoteLiteral } from '#replication/schema.ts';
import { checkTablesOfOthers } from './link-check.ts';
import type { CheckTurns } from './link-checks.ts';
import type { LinkKeeper } from './link-keeper.ts';
import { checkMayRun } from './link-may-run.ts';
import type { LinkAsk } from './link-moves.ts';
import type { SynapseLinkOptions } from './link-options.ts';
import { preflight } from './link-preflight.ts';
import { beingDeleted, happened, type LinkRecord } from './link-record.ts';
import type { LinkProperties } from './link-shape.ts';
import { type TableEdit, tableEdits } from './link-table-shape.ts';
import { editedTables, nameOf } from './link-tables.ts';
import { tableStatus } from './link-view.ts';
import { versions } from './type-names.ts';

export interface LinkTools {
  readonly options: SynapseLinkOptions;
  readonly keeper: LinkKeeper;
  readonly turns: CheckTurns;
}

type Call<I> = ActionCall<LinkProperties, I>;
type LinkAction<I> = Action<LinkProperties, I>;

const nothing = z.looseObject({});

/** `POST …/linkConnections/{name}/…`. All of them answer at once: what they lead to is in `detailedstatus`. */
// oxlint-disable-next-line typescript/no-explicit-any -- each action has an input of its own
export function linkActions(tools: LinkTools): Readonly<Record<string, Action<LinkProperties, any>>> {
  return {
    start: asking('start', 'Copy all tables, then follow their changes', tools),
    stop: asking('stop', 'End it and give the source its log back; tables stay, and the next start copies anew', tools),
    pause: asking('pause', 'End its worker; the place in the source is kept', tools),
    resume: asking('resume', 'Go on where it was paused', tools),
    edittables: editTables(tools),
    querytablestatus: queryTableStatus(tools),
    updateLandingZoneCredential: updateCredential(),
    preflight: check(tools),
    retry: retry(tools),
    abandon: abandon(tools),
  };
}

function check({ options, keeper, turns }: LinkTools): LinkAction<object> {
  return {
    summary: 'Whether it could start, and what would become of each column; changes nothing',
    input: nothing,
    run: async ({ self, resources, signal }) =>
      await turns(async () => {
        const record = await keeper.records.read(self!.id);
        return { body: await preflight({ link: self!, record, resources }, options, signal) };
      }),
  };
}

function asking(ask: LinkAsk, summary: string, { options, keeper }: LinkTools): LinkAction<object> {
  return {
    summary,
    input: nothing,
    run: async ({ self, resources }) => {
      const link = self!;
      if (link.deleting) throw beingDeleted(link.id);
      if (ask === 'start' || ask === 'resume') await checkMayRun(link, resources, options.runtimes);
      await keeper.ask(link.id, ask);
      return {};
    },
  };
}

function editTables({ options, keeper }: LinkTools): LinkAction<{ readonly linkTables: readonly TableEdit[] }> {
  return {
    summary: 'Add, update and remove tables, also while it runs',
    input: tableEdits,
    run: async ({ self, input, resources, update }) => {
      const link = self!;
      const linkTables = editedTables(link.id, link.properties.linkTables ?? [], input.linkTables);
      const properties = { ...link.properties, linkTables };
      await checkTablesOfOthers({ id: link.id, properties }, resources, options.stores);
      await update({ properties });
      await keeper.change(link.id, () => undefined);
      return {};
    },
  };
}

interface StatusInput {
  readonly maxSegmentCount: number;
  readonly continuationToken: number;
}

function queryTableStatus({ keeper }: LinkTools): LinkAction<StatusInput> {
  return {
    summary: 'How each table stands, in pages',
    permission: 'querytablestatus/read',
    input: z.looseObject({
      maxSegmentCount: z.int().min(1).max(1_000).default(1_000),
      continuationToken: z
        .union([z.string().max(20), z.int()])
        .default('0')
        .transform((token) => Number(token === '' ? '0' : token))
        .pipe(z.int().min(0)),
    }) as unknown as z.ZodType<StatusInput>,
    run: async ({ self, input: { maxSegmentCount, continuationToken } }) => ({
      body: tableStatus(await keeper.seen(self!), { maxSegmentCount, after: continuationToken }),
    }),
  };
}

interface Credential {
  readonly sasToken?: Json | undefined;
}

/** Kept for clients: the landing zone is a folder of this installation, and no credential leads to it. */
function updateCredential(): LinkAction<Credential> {
  const sasToken = z.union([z.string().max(10_000), z.looseObject({})]).optional();
  return {
    summary: "Replace the landing zone's credential",
    input: z.looseObject({ sasToken }) as unknown as z.ZodType<Credential>,
    run: async ({ self, input, update }: Call<Credential>) => {
      const token = input.sasToken;
      if (token !== undefined) {
        const { landingZone } = self!.properties;
        const properties = { ...self!.properties, landingZone: { ...landingZone, sasToken: token } as JsonObject };
        await update({ properties });
      }
      return {};
    },
  };
}

interface Retry {
  readonly tables: readonly { readonly schemaName: string; readonly tableName: string }[];
}

function retry({ options, keeper }: LinkTools): LinkAction<Retry> {
  const name = z.string().min(1).max(128);
  return {
    summary: 'Copy some tables anew, over the rows that they have, while others go on',
    input: z.object({
      tables: z
        .array(z.object({ schemaName: name, tableName: name }))
        .min(1)
        .max(5_000),
    }),
    run: async ({ self, input: { tables } }) => {
      const link = self!;
      const known = new Set((link.properties.linkTables ?? []).map(({ source }) => nameOf(source)));
      const unknown = tables.find((table) => !known.has(nameOf(table)));
      if (unknown !== undefined)
        throw fault('missing', 'LinkTableNotFound', `The link has no table ${nameOf(unknown)}.`, {
          target: nameOf(unknown),
          remedy: `GET ${link.id}/linktables lists those it has.`,
        });
      const at = new Date(options.clock.nowMs()).toISOString();
      await keeper.change(link.id, (record) => retried(record, tables, { link, at }));
      return {};
    },
  };
}

function retried(
  record: LinkRecord,
  tables: Retry['tables'],
  { link, at }: { readonly link: Resource<LinkProperties>; readonly at: string },
): LinkRecord {
  const wanted = wantedOf(record.state);
  if (wanted === 'nothing' || wanted === 'release')
    throw fault(
      'conflict',
      'LinkStateConflict',
      `The link connection '${link.name}' is ${record.state}: no table of it can be copied anew.`,
      {
        target: link.id,
        remedy: 'Start it: that copies all tables.',
      },
    );
  const asked = tables.map(({ schemaName, tableName }) => ({ schema: schemaName, name: tableName }));
  const kept = record.recopy.filter((one) => !asked.some(({ schema, name }) => schema === one.schema && name === one.name));
  return happened({ ...record, recopy: [...kept, ...asked] }, at, `${asked.length} tables are to be copied anew.`);
}

/**
 * For a source that is gone for good: the link is deleted without giving anything back. Answers what somebody has to run at the source, should it
 * come back: until then it keeps its log for nobody.
 */
function abandon({ options, keeper }: LinkTools): LinkAction<object> {
  return {
    summary: 'Delete it without giving back what it made at its source, and answer what is to be run there by hand',
    permission: 'delete',
    input: nothing,
    run: async ({ self, principal, correlationId = '' }) => {
      const link = self!;
      const { owed } = await keeper.records.read(link.id);
      const at = new Date(options.clock.nowMs()).toISOString();
      await keeper.change(link.id, (record) => {
        const state = nextLinkState(record.state, 'stop') ?? record.state;
        return happened({ ...record, state, abandoned: true }, at, 'Abandoned: nothing is given back to the source.');
      });
      await options.writer().delete({ id: link.id, apiVersion: versions.implemented, principal, correlationId });
      return { body: { slots: owed, sql: owed.flatMap((slot) => releaseSql(slot)) } };
    },
  };
}

function releaseSql(slot: string): readonly string[] {
  return [
    `SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = ${quoteLiteral(slot)};`,
    `DROP PUBLICATION IF EXISTS ${quoteIdentifier(slot)}, ${quoteIdentifier(`${slot}_append`)};`,
  ];
}
