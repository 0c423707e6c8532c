import { objectOf, textOf } from '#arm/client-answer.ts';
import type { JsonObject } from '#arm/resource.ts';
import {
  findLink,
  listLinks,
  listOf,
  numberOf,
  readStatus,
  readTables,
  tableText,
  troubleWith,
  type Link,
  type LinkStatus,
  type LinkTableStatus,
  type LinkTrouble,
} from './link-connection.ts';
import { asFields, asJson, asTable, cell, formatted, type Column, type OutputFormat } from './output.ts';
import type { Session } from './session.ts';

/** Which link is meant, and how it is told. */
export interface LinkRequest {
  readonly name: string;
  readonly workspace: string | undefined;
  readonly output: OutputFormat;
}

/** `isthmus links list`. */
export async function listLinksCommand({ workspace, output }: Omit<LinkRequest, 'name'>, session: Session): Promise<void> {
  const links = await listLinks(workspace, session);
  if (output === 'table' && links.length === 0) return session.terminal.write('There is no link connection that you may read.\n');
  const rows = await Promise.all(links.map(async (link) => ({ link, status: await readStatus(link, session) })));
  const value = rows.map(({ link: { name, workspace: of, properties }, status }) => ({ name, workspace: of, ...status.shown, properties }));
  await session.terminal.write(formatted(output, value, { columns: listColumns, rows }));
}

const listColumns: readonly Column<{ readonly link: Link; readonly status: LinkStatus }>[] = [
  { title: 'LINK', of: ({ link }) => link.name },
  { title: 'WORKSPACE', of: ({ link }) => link.workspace },
  { title: 'STATE', of: ({ status }) => (status.isPartiallyFailed ? `${status.status} (some tables failed)` : status.status) },
  { title: 'LAG', of: ({ status }) => lagText(status.lagSeconds) },
  { title: 'FROM', of: ({ link }) => serviceOf(link, 'sourceDatabase') },
  { title: 'TO', of: ({ link }) => serviceOf(link, 'targetDatabase') },
  { title: 'STARTED', of: ({ status }) => status.started },
  { title: 'STOPPED', of: ({ status }) => status.stopped },
  { title: 'TROUBLE', of: ({ status }) => status.trouble && sentence(status.trouble) },
];

function serviceOf({ properties }: Link, side: 'sourceDatabase' | 'targetDatabase'): string | undefined {
  const service = objectOf(objectOf(properties[side])['linkedService']);
  const database = textOf(objectOf(service['parameters'])['DBName']);
  const name = textOf(service['referenceName']);
  return database === undefined ? name : `${name}: ${database}`;
}

function lagText(seconds: number | undefined): string | undefined {
  if (seconds === undefined) return undefined;
  return seconds < 120 ? `${seconds < 10 ? seconds.toFixed(1) : Math.round(seconds)} s` : `${Math.round(seconds / 60)} min`;
}

function sentence({ code, message }: LinkTrouble): string {
  return code === undefined ? message : `${code}: ${message}`;
}

/** `isthmus links show`. Faults: those of `findLink`. */
export async function showLinkCommand({ name, workspace, output }: LinkRequest, session: Session): Promise<void> {
  const link = await findLink(name, workspace, session);
  const [status, tables] = await Promise.all([readStatus(link, session), readTables(link, session)]);
  if (output === 'json')
    return session.terminal.write(
      asJson({ name: link.name, workspace: link.workspace, ...status.shown, properties: link.properties, tables }),
    );
  await session.terminal.write(headText(link, status) + (tables.length === 0 ? '' : `\n${asTable(tableColumns, tables)}`));
  await session.terminal.write(troubleText(status, tables));
}

function headText(link: Link, { status, started, stopped, run, lagSeconds, shown }: LinkStatus): string {
  const compute = objectOf(link.properties['compute']);
  const own = objectOf(shown['isthmus']);
  const log = objectOf(own['log']);
  const minutes = numberOf(compute['dataProcessIntervalMinutes']);
  return asFields({
    link: link.name,
    workspace: link.workspace,
    from: serviceOf(link, 'sourceDatabase'),
    to: serviceOf(link, 'targetDatabase'),
    state: status,
    mode: minutes === undefined || minutes === 0 ? 'continuous' : `every ${minutes} minutes`,
    lag: lagText(lagSeconds),
    applying: shown['isApplyingChanges'] === true ? 'yes' : undefined,
    isolated: own['isolated'] === false ? 'no: the worker is not held by the operating system' : undefined,
    'log held': textOf(log['heldBytes']) === undefined ? undefined : `${Number(log['heldBytes']).toLocaleString('en')} bytes at the source`,
    'next batch': textOf(own['nextBatch']),
    started,
    stopped,
    run,
  });
}

const tableColumns: readonly Column<LinkTableStatus>[] = [
  { title: 'TABLE', of: ({ source }) => source },
  { title: 'TARGET', of: ({ source, target }) => (source === target ? undefined : target) },
  { title: 'STATE', of: ({ status }) => status ?? 'not begun' },
  { title: 'ROWS', of: ({ rows }) => rows?.toLocaleString('en') },
  { title: 'BYTES', of: ({ bytes }) => bytes?.toLocaleString('en') },
  { title: 'LAST COMMIT', of: ({ lastCommit }) => lastCommit },
];

/** What is wrong, each with its remedy. */
function troubleText({ trouble, shown }: LinkStatus, tables: readonly LinkTableStatus[]): string {
  const findings = listOf(objectOf(shown['isthmus'])['findings']).map(findingText);
  const said = [
    ...(trouble === undefined ? [] : [lines(trouble, '')]),
    ...tables.flatMap((table) => (table.trouble === undefined ? [] : [lines(table.trouble, `${table.source}: `)])),
    ...findings,
  ];
  return said.length === 0 ? '' : `\n${said.join('')}`;
}

function lines(trouble: LinkTrouble, before: string): string {
  const remedy = trouble.remedy === undefined ? '' : `  remedy: ${cell(trouble.remedy)}\n`;
  return `${cell(before + sentence(trouble))}\n${remedy}`;
}

function findingText(finding: JsonObject): string {
  const said = troubleWith(finding['code'], finding['message'], finding['remedy']);
  return said === undefined ? '' : lines(said, `${textOf(finding['severity']) ?? 'info'} `);
}

/** `isthmus links preflight`: what would keep the link from starting, and what becomes of each column. Changes nothing. */
export async function preflightCommand({ name, workspace, output }: LinkRequest, session: Session): Promise<void> {
  const link = await findLink(name, workspace, session);
  const answer = await session.arm.post(`${link.path}/preflight`, {}, { signal: session.terminal.interrupted });
  if (output === 'json') return session.terminal.write(asJson(answer));
  const findings = listOf(answer['findings']);
  const rows = listOf(answer['tables']).flatMap((table) =>
    listOf(table['columns']).map((column) => ({ table: tableText(objectOf(table['source'])), column })),
  );
  const isBad = findings.some(({ severity }) => severity === 'error');
  await session.terminal.write(
    findings.map(findingText).join('') +
      (rows.length === 0 ? '' : `${findings.length === 0 ? '' : '\n'}${asTable(planColumns, rows)}`) +
      (isBad ? '\nThe link cannot start as it is.\n' : '\nThe link can start.\n'),
  );
}

const planColumns: readonly Column<{ readonly table: string; readonly column: JsonObject }>[] = [
  { title: 'TABLE', of: ({ table }) => table },
  { title: 'COLUMN', of: ({ column }) => textOf(column['name']) },
  { title: 'TYPE', of: ({ column }) => textOf(column['sourceType']) },
  { title: 'BECOMES', of: ({ column }) => textOf(column['fidelity']) },
  { title: 'BECAUSE', of: ({ column }) => textOf(column['reason']) },
];
