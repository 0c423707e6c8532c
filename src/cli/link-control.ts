import type { JsonObject } from '#arm/resource.ts';
import { fault, type Fault } from '#base/fault.ts';
import { delay } from '#base/service.ts';
import { findLink, readStatus, type Link, type LinkStatus } from './link-connection.ts';
import { readTableWords } from './link-table-name.ts';
import type { LinkRequest } from './link-view.ts';
import { asJson, cell } from './output.ts';
import { progressLine, type ProgressLine } from './progress-line.ts';
import type { Session } from './session.ts';

export type LinkVerb = 'start' | 'stop' | 'pause' | 'resume';

export interface ControlRequest extends LinkRequest {
  readonly verb: LinkVerb;
  /** Whether the command ends only when what was asked for is so. */
  readonly wait: boolean;
}

export interface TablesRequest extends LinkRequest {
  readonly tables: readonly string[];
}

export interface AddTablesRequest extends TablesRequest {
  readonly to: string | undefined;
  readonly distribution: string | undefined;
  readonly distributionColumn: string | undefined;
  readonly structure: string | undefined;
}

export interface ResyncRequest extends TablesRequest {
  readonly wait: boolean;
}

const reached: Readonly<Record<LinkVerb, string>> = { start: 'Running', resume: 'Running', stop: 'Stopped', pause: 'Paused' };
/** What a link does not leave by itself. */
const resting = ['Initial', 'Stopped', 'Paused', 'Failed'];
const askEveryMs = 500;

/** `isthmus links start|stop|pause|resume`. Faults: those of `findLink`, `LinkNotReached`, the server's. */
export async function controlLinkCommand({ verb, wait, name, workspace, output }: ControlRequest, session: Session): Promise<void> {
  const link = await findLink(name, workspace, session);
  await ask(link, verb, session);
  const status = wait ? await waitFor(link, verb, session) : await readStatus(link, session);
  await tell(link, status, { output, session });
}

async function ask({ path }: Link, verb: string, { arm, terminal }: Session, body: JsonObject = {}): Promise<void> {
  await arm.post(`${path}/${verb}`, body, { signal: terminal.interrupted });
}

async function tell(
  link: Link,
  status: LinkStatus,
  { output, session }: { output: LinkRequest['output']; session: Session },
): Promise<void> {
  const shown = { name: link.name, workspace: link.workspace, ...status.shown };
  await session.terminal.write(output === 'json' ? asJson(shown) : `${cell(link.name)}: ${cell(status.status)}\n`);
}

/** Asks until what was asked for is so. Fault: `LinkNotReached` where it will not come, with the reason that the link gives. */
async function waitFor(link: Link, verb: LinkVerb, session: Session): Promise<LinkStatus> {
  using line = progressLine(session.terminal);
  for (;;) {
    const status = await readStatus(link, session);
    if (status.status === reached[verb]) return status;
    show(line, link, status);
    if (resting.includes(status.status)) throw notReached(link, verb, status);
    await delay(askEveryMs, session.terminal.interrupted);
  }
}

function show(line: ProgressLine, { path }: Link, { status, trouble }: LinkStatus): void {
  line.show({ path, status, waitingFor: trouble?.message });
}

function notReached(link: Link, verb: LinkVerb, { status, trouble }: LinkStatus): Fault {
  return fault(
    'conflict',
    trouble?.code ?? 'LinkNotReached',
    `The link ${link.name} is ${status} and not ${reached[verb]}.${trouble === undefined ? '' : ` ${trouble.message}`}`,
    {
      target: link.path,
      remedy: trouble?.remedy ?? `See what isthmus links show ${link.name} says.`,
    },
  );
}

/** `isthmus links add-table`. Faults: `BadTable`, `OneTarget`, those of the server. */
export async function addTablesCommand(request: AddTablesRequest, session: Session): Promise<void> {
  const { tables, to } = request;
  if (to !== undefined && tables.length > 1) {
    throw fault('invalid', 'OneTarget', 'Several tables cannot go into one.', { target: '--to', remedy: 'Add each with its own --to.' });
  }
  const target = targetOf(request);
  const edits = tables.map((table) => {
    const source = readTableWords(table);
    return { operationType: 'add', source, target: { ...source, ...target } };
  });
  await editTables(request, edits, session);
}

function targetOf({ to, distribution, distributionColumn, structure }: AddTablesRequest): JsonObject {
  const spread =
    distribution === undefined ? {} : { type: distribution, ...(distributionColumn === undefined ? {} : { distributionColumn }) };
  return {
    ...(to === undefined ? {} : readTableWords(to)),
    ...(distribution === undefined ? {} : { distributionOptions: spread }),
    ...(structure === undefined ? {} : { structureOptions: { type: structure } }),
  };
}

/** `isthmus links remove-table`. */
export async function removeTablesCommand(request: TablesRequest, session: Session): Promise<void> {
  const edits = request.tables.map((table) => ({ operationType: 'remove', source: readTableWords(table) }));
  await editTables(request, edits, session);
}

async function editTables({ name, workspace, output }: LinkRequest, edits: readonly object[], session: Session): Promise<void> {
  const link = await findLink(name, workspace, session);
  await ask(link, 'edittables', session, { linkTables: edits as readonly JsonObject[] });
  await tell(link, await readStatus(link, session), { output, session });
}

/**
 * `isthmus links resync`: these tables are copied anew over the rows that they have while the link goes on; without any, the link is stopped
 * and started, which copies everything.
 */
export async function resyncCommand({ tables, name, workspace, wait, output }: ResyncRequest, session: Session): Promise<void> {
  const link = await findLink(name, workspace, session);
  if (tables.length > 0) {
    await ask(link, 'retry', session, { tables: tables.map(readTableWords) });
    return tell(link, await readStatus(link, session), { output, session });
  }
  const { status } = await readStatus(link, session);
  if (status !== 'Initial' && status !== 'Stopped') {
    if (status !== 'Stopping') await ask(link, 'stop', session);
    await waitFor(link, 'stop', session);
  }
  await ask(link, 'start', session);
  await tell(link, wait ? await waitFor(link, 'start', session) : await readStatus(link, session), { output, session });
}
