import { objectOf, textOf } from '#arm/client-answer.ts';
import { keyOf } from '#arm/resource-id.ts';
import type { Json, JsonObject } from '#arm/resource.ts';
import { Fault, fault } from '#base/fault.ts';
import { nameOf } from '#arm/endpoint-connection.ts';
import { readable } from './readable.ts';
import { pathOf } from './resource-paths.ts';
import type { Session } from './session.ts';

const workspaceType = 'Microsoft.Synapse/workspaces';

/** A link connection and where it is asked for: on the plane of its workspace. */
export interface Link {
  readonly name: string;
  readonly workspace: string;
  /** `/synapse/{workspace}/linkConnections/{name}` */
  readonly path: string;
  readonly properties: JsonObject;
}

/** Why something waits or has failed. */
export interface LinkTrouble {
  readonly code: string | undefined;
  readonly message: string;
  readonly remedy: string | undefined;
}

/** What a link is doing, as `detailedstatus` says it. */
export interface LinkStatus {
  readonly status: string;
  readonly started: string | undefined;
  readonly stopped: string | undefined;
  readonly run: string | undefined;
  readonly lagSeconds: number | undefined;
  readonly isPartiallyFailed: boolean;
  readonly trouble: LinkTrouble | undefined;
  /** The answer as it came. */
  readonly shown: JsonObject;
}

/** A table of a link: which one, where it goes, and what is true of it. */
export interface LinkTableStatus {
  readonly id: string;
  readonly source: string;
  readonly target: string;
  /** Undefined: the link has not begun with it. */
  readonly status: string | undefined;
  readonly rows: number | undefined;
  readonly bytes: number | undefined;
  readonly lastProcessed: string | undefined;
  readonly lastCommit: string | undefined;
  readonly trouble: LinkTrouble | undefined;
}

/** The path of a workspace's link connections. */
function linksPath(workspace: string): string {
  return `/synapse/${encodeURIComponent(workspace)}/linkConnections`;
}

/** All links that the caller may read, of one workspace or of all. Faults: those of the server. */
export async function listLinks(workspace: string | undefined, session: Session): Promise<readonly Link[]> {
  if (workspace !== undefined) return await linksOf(workspace, session);
  const where = { subscription: await session.subscription(), group: undefined, scope: undefined };
  const workspaces = await session.arm.list(pathOf(workspaceType, [], where), { signal: session.terminal.interrupted });
  const names = workspaces.flatMap(({ name }) => textOf(name) ?? []);
  const found: readonly (Fault | readonly Link[])[] = await Promise.all(names.map((one) => readable(() => linksOf(one, session))));
  // Who may read none is told so; who may read some sees those.
  const refusal = found.find((one) => one instanceof Fault);
  const links = found.flatMap((one) => (one instanceof Fault ? [] : [one]));
  if (refusal !== undefined && links.length === 0) throw refusal;
  return links.flat();
}

async function linksOf(workspace: string, { arm, terminal }: Session): Promise<readonly Link[]> {
  const path = linksPath(workspace);
  return (await arm.list(path, { signal: terminal.interrupted })).map((body) => {
    const name = textOf(body['name']) ?? nameOf(textOf(body['id']) ?? '');
    return { name, workspace, path: `${path}/${encodeURIComponent(name)}`, properties: objectOf(body['properties']) };
  });
}

/** The one link of that name. Faults: `LinkNotFound` (missing), `WhichLink` (invalid): several workspaces have one. */
export async function findLink(name: string, workspace: string | undefined, session: Session): Promise<Link> {
  const all = await listLinks(workspace, session);
  const found = all.filter((one) => keyOf(one.name) === keyOf(name));
  if (found.length === 1) return found[0]!;
  if (found.length > 1) {
    throw fault('invalid', 'WhichLink', `'${name}' may mean the link connections of several workspaces.`, {
      target: name,
      remedy: `Name one of them with --workspace: ${found.map((one) => one.workspace).join(', ')}.`,
    });
  }
  const names = all.map((one) => one.name);
  throw fault('missing', 'LinkNotFound', `There is no link connection '${name}'${workspace === undefined ? '' : ` in ${workspace}`}.`, {
    target: name,
    remedy: names.length === 0 ? 'There is none that you may read.' : `These are there: ${names.slice(0, 8).join(', ')}.`,
  });
}

export async function readStatus({ path }: Pick<Link, 'path'>, { arm, terminal }: Session): Promise<LinkStatus> {
  const shown = await arm.get(`${path}/detailedstatus`, { signal: terminal.interrupted });
  return {
    status: textOf(shown['status']) ?? 'Initial',
    started: textOf(shown['startTime']),
    stopped: textOf(shown['stopTime']),
    run: textOf(shown['continuousRunId']),
    lagSeconds: numberOf(shown['lagSeconds']),
    isPartiallyFailed: shown['isPartiallyFailed'] === true,
    trouble: troubleOf(shown['error']),
    shown,
  };
}

/** What an error says, in one sentence or as members. Undefined: there is none. */
function troubleOf(error: Json | undefined): LinkTrouble | undefined {
  if (typeof error === 'string' && error !== '') return { code: undefined, message: error, remedy: undefined };
  const { code, message, remedy } = objectOf(error);
  return troubleWith(code, message, remedy);
}

/** Messages repeat the remedy, for clients that show nothing else. */
export function troubleWith(code: Json | undefined, message: Json | undefined, remedy: Json | undefined): LinkTrouble | undefined {
  const [said, todo] = [textOf(message), textOf(remedy)];
  if (said === undefined) return undefined;
  const short = todo !== undefined && said.endsWith(` ${todo}`) ? said.slice(0, -todo.length - 1) : said;
  return { code: textOf(code), message: short, remedy: todo };
}

/** The tables of a link with what is true of each, in the order of the link. */
export async function readTables({ path }: Pick<Link, 'path'>, { arm, terminal }: Session): Promise<readonly LinkTableStatus[]> {
  const options = { signal: terminal.interrupted };
  const tables = await arm.list(`${path}/linktables`, options);
  const states = new Map<string, JsonObject>();
  let continuationToken: Json | undefined;
  do {
    const asked: JsonObject = { maxSegmentCount: 1_000, ...(continuationToken === undefined ? {} : { continuationToken }) };
    const page = await arm.post(`${path}/querytablestatus`, asked, options);
    for (const one of listOf(page['value'])) states.set(keyOf(textOf(one['linkTableId']) ?? textOf(one['id']) ?? ''), one);
    continuationToken = page['continuationToken'] ?? undefined;
  } while (continuationToken !== undefined);
  return tables.map((table) => tableShown(table, states.get(keyOf(textOf(table['id']) ?? '')) ?? {}));
}

function tableShown(table: JsonObject, state: JsonObject): LinkTableStatus {
  return {
    id: textOf(table['id']) ?? '',
    source: tableText(objectOf(table['source'])),
    target: tableText(objectOf(table['target'])),
    status: textOf(state['status']),
    rows: numberOf(state['processedRows']),
    bytes: numberOf(state['processedDataVolume']),
    lastProcessed: textOf(state['lastProcessedData']),
    lastCommit: textOf(state['lastTransactionCommitTime']),
    trouble: troubleWith(state['errorCode'], state['errorMessage'], state['remedy']),
  };
}

export function tableText({ schemaName, tableName }: JsonObject): string {
  return `${textOf(schemaName) ?? ''}.${textOf(tableName) ?? ''}`;
}

export function listOf(value: Json | undefined): readonly JsonObject[] {
  return Array.isArray(value) ? (value as readonly Json[]).map(objectOf) : [];
}

export function numberOf(value: Json | undefined): number | undefined {
  return typeof value === 'number' ? value : undefined;
}
