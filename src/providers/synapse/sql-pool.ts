import { z } from 'zod';
import { keyOf } from '#arm/resource-id.ts';
import { type Action, type ActionCall, type Outcome, resourceType, type ResourceType } from '#arm/resource-type.ts';
import type { JsonObject, Resource } from '#arm/resource.ts';
import { poolFile } from './link-places.ts';
import type { SynapseLinkOptions } from './link-options.ts';
import type { SqlPoolOrders } from './sql-pool-orders.ts';
import { queryAction, tablesRead } from './sql-pool-query.ts';
import { checkPool, sqlPoolEnvelope, sqlPoolProperties, type SqlPoolProperties } from './sql-pool-shape.ts';
import { serverText } from './sql-endpoint.ts';
import { sqlPoolType, versions, workspacePlaneVersions } from './type-names.ts';

const nothing = z.looseObject({});

/** A store of tables that links fill: a process of its own, whose data lies in the data folder. */
export function sqlPools(
  { pools, folder }: Pick<SynapseLinkOptions, 'pools' | 'folder'>,
  orders: Pick<SqlPoolOrders, 'settle' | 'remove'>,
): ResourceType<SqlPoolProperties> {
  const pausing = (paused: boolean) => async (call: ActionCall<SqlPoolProperties, object>) => {
    await call.update({ properties: { ...call.self!.properties, paused } });
    return { settles: true };
  };
  return resourceType<SqlPoolProperties>({
    type: sqlPoolType,
    summary: 'A SQL pool: tables that link connections fill, and that are read with SQL',
    versions,
    name: {
      pattern: /^[A-Za-z0-9_][A-Za-z0-9_]*$/,
      maxLength: 60,
      says: 'letters, digits and _',
    },
    properties: sqlPoolProperties,
    envelope: sqlPoolEnvelope,
    // Azure's clients take no other success here.
    answers: { created: 200, replaced: 200, deleted: 200 },
    check: async (asked) => checkPool(asked),
    complete: async (asked, { before }) => {
      if (before?.properties.paused !== true) return asked;
      return { ...asked, properties: { ...asked.properties, paused: true } };
    },
    show: async (self) => shown(self, pools),
    shape: (_, usual) => withoutOwn(usual),
    plane: { versions: workspacePlaneVersions, verbs: [], actions: ['query'] },
    inUse: { kind: 'conflict', code: 'SqlPoolInUseByLinkConnection' },
    reads: { tables: tablesRead((pool) => poolFile(folder, pool)) },
    actions: {
      pause: {
        summary: 'End its process; tables stay, links go on and keep what they read until it is resumed',
        input: nothing,
        run: pausing(true),
      } satisfies Action<SqlPoolProperties, object>,
      resume: { summary: 'Start its process', input: nothing, run: pausing(false) } satisfies Action<SqlPoolProperties, object>,
      query: queryAction((pool) => poolFile(folder, pool)),
    },
    reconcile: async ({ id }): Promise<Outcome> => {
      await orders.settle(id);
      return { kind: 'ready' };
    },
    remove: async ({ id }): Promise<Outcome> => {
      await orders.remove(id);
      return { kind: 'ready' };
    },
  });
}

async function shown(self: Resource<SqlPoolProperties>, pools: SynapseLinkOptions['pools']): Promise<JsonObject> {
  const tds = pools.report(keyOf(self.id))?.tds;
  return {
    status: statusOf(self, pools),
    creationDate: self.createdAt,
    // Ours: where clients of SQL Server reach it, as they write it.
    ...(tds !== undefined && { sqlEndpoint: serverText(tds) }),
  };
}

/** Azure's words. Online only while its process says so. */
function statusOf(
  { id, properties, deleting, generation, status }: Resource<SqlPoolProperties>,
  pools: Pick<SynapseLinkOptions['pools'], 'report'>,
): string {
  if (deleting) return 'Deleting';
  const online = pools.report(keyOf(id))?.online === true;
  if (properties.paused === true) return status.settled === generation && status.outcome === 'ready' ? 'Paused' : 'Pausing';
  if (online) return status.settled === generation ? 'Online' : 'Scaling';
  return generation === 1 && status.settled === 0 ? 'Creating' : 'Resuming';
}

function withoutOwn(usual: JsonObject): JsonObject {
  const { paused: _paused, ...properties } = usual['properties'] as JsonObject;
  return { ...usual, properties };
}
