import type { ArmClient } from '#arm/client.ts';
import { objectOf, textOf } from '#arm/client-answer.ts';
import type { Json, JsonObject } from '#arm/resource.ts';
import type { TableState } from '#replication/segment.ts';
import type { LinkStatus, ShownFault, TableStatus } from './status.ts';

/** What a link is doing, as its workspace's interface says it. `path`: of the link connection there. */
export async function readLink(arm: ArmClient, path: string, signal: AbortSignal): Promise<LinkStatus> {
  const [status, tables] = await Promise.all([
    arm.get(`${path}/detailedstatus`, { signal }),
    arm.post(`${path}/querytablestatus`, { maxSegmentCount: 1_000 }, { signal }),
  ]);
  return linkShown(status, listOf(tables['value']));
}

export function linkShown(status: JsonObject, tables: readonly JsonObject[]): LinkStatus {
  const own = objectOf(status['isthmus']);
  const waiting = objectOf(own['waiting']);
  const held = objectOf(own['log'])['heldBytes'];
  const lag = status['lagSeconds'];
  const ours = tables.map(({ isthmus }) => objectOf(isthmus));
  return {
    name: textOf(status['name']) ?? '',
    state: textOf(status['status']) ?? 'Initial',
    following: status['status'] === 'Running',
    isolated: typeof own['isolated'] === 'boolean' ? own['isolated'] : null,
    lagMs: typeof lag === 'number' ? lag * 1_000 : null,
    changesPerSecond: numberOf(own['changesPerSecond']),
    heldBytes: typeof held === 'string' ? Number(held) : null,
    waitingSegments: numberOf(waiting['segments']),
    waitingBytes: numberOf(waiting['bytes']),
    copiedRows: sum(ours.map(({ rowsCopied }) => rowsCopied)),
    estimatedRows: sum(ours.map(({ estimatedRows }) => estimatedRows)),
    tables: tables.map(tableShown).toSorted((a, b) => (a.table < b.table ? -1 : 1)),
    findings: listOf(own['findings']).map((one) => ({ severity: textOf(one['severity']) ?? 'info', ...faultOf(one)! })),
    trouble: faultOf(objectOf(status['error'])),
  };
}

function tableShown(table: JsonObject): TableStatus {
  const own = objectOf(table['isthmus']);
  const { schemaName, tableName } = objectOf(own['source']);
  const fault = { code: table['errorCode'] ?? '', message: table['errorMessage'] ?? '', remedy: table['remedy'] ?? '' };
  return {
    table: `${textOf(schemaName) ?? ''}.${textOf(tableName) ?? ''}`,
    state: (textOf(table['status']) ?? 'Waiting') as TableState,
    rows: numberOf(own['rows']),
    processedRows: numberOf(table['processedRows']),
    fault: faultOf(fault),
  };
}

/** Null: there is none. Messages repeat the remedy, for clients that show nothing else. */
function faultOf(error: JsonObject): ShownFault | null {
  const [code, message, remedy] = [textOf(error['code']), textOf(error['message']), textOf(error['remedy'])];
  if (message === undefined) return null;
  const short = remedy !== undefined && message.endsWith(` ${remedy}`) ? message.slice(0, -remedy.length - 1) : message;
  return { code: code ?? '', message: short, remedy };
}

function sum(values: readonly (Json | undefined)[]): number {
  return values.reduce<number>((all, one) => all + numberOf(one), 0);
}

function numberOf(value: Json | undefined): number {
  return typeof value === 'number' ? value : 0;
}

function listOf(value: Json | undefined): readonly JsonObject[] {
  return Array.isArray(value) ? (value as readonly Json[]).map(objectOf) : [];
}
