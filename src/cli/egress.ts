import { textOf, wordOf } from '#arm/client-answer.ts';
import type { JsonObject } from '#arm/resource.ts';
import { findHome, listHomes, type AuthoringHome, type HomePlace } from './authoring-home.ts';
import { listOf } from './link-connection.ts';
import { asJson, asTable, cell, type Column, type OutputFormat } from './output.ts';
import type { Session } from './session.ts';

export interface EgressRequest extends HomePlace {
  readonly output: OutputFormat;
}

/** `isthmus egress report`: of the home that is named, or of all that have a managed network. Faults: those of `findHome`, the server's. */
export async function egressCommand(request: EgressRequest, session: Session): Promise<void> {
  const { workspace, factory, output } = request;
  const isNamed = workspace !== undefined || factory !== undefined;
  const homes = isNamed ? [await findHome(request, session)] : await listHomes(['workspace', 'factory'], session);
  const found = await Promise.all(homes.map((home) => reportOf(home, isNamed, session)));
  const reports = found.flat();
  if (output === 'json') return session.terminal.write(asJson(reports));
  await session.terminal.write(
    reports.length === 0 ? 'There is no managed virtual network that you may read.\n' : reports.map(textOfReport).join('\n'),
  );
}

/** Homes without a managed network are left out, unless one was named. */
async function reportOf({ id, name, kind }: AuthoringHome, isNamed: boolean, { arm, terminal }: Session): Promise<readonly JsonObject[]> {
  const path = `${id}/managedVirtualNetworks/default/egressReport`;
  const options = { signal: terminal.interrupted };
  const report = isNamed ? await arm.get(path, options) : await arm.find(path, options);
  return report === undefined ? [] : [{ [kind]: name, ...report }];
}

const meanings: Readonly<Record<string, string>> = {
  open: 'open: lets everything out, and keeps what',
  report: 'report: lets everything out, and says what enforcing would break',
  enforce: 'enforce: lets out what approved endpoints lead to, and nothing else',
};

function textOfReport(report: JsonObject): string {
  const mode = textOf(report['mode']) ?? '';
  const home = textOf(report['workspace']) ?? textOf(report['factory']) ?? '';
  const lists = [
    ['refused', listOf(report['denied'])],
    ['would be refused if it were enforced', listOf(report['wouldBreak'])],
    ['let out', listOf(report['outside'])],
  ] as const;
  const parts = lists.flatMap(([title, records]) =>
    records.length === 0 ? [] : [`\n${title}:\n${asTable(columns, records)}${remedies(records)}`],
  );
  const none = parts.length === 0 ? 'Nothing was refused or let out.\n' : '';
  return `${cell(home)}  ${cell(meanings[mode] ?? mode)}, since ${cell(textOf(report['since']) ?? '')}\n${none}${parts.join('')}`;
}

const columns: readonly Column<JsonObject>[] = [
  { title: 'TO', of: ({ host, port }) => `${wordOf(host)}:${wordOf(port)}` },
  { title: 'TIMES', of: ({ count }) => wordOf(count) },
  { title: 'FOR', of: ({ asker }) => textOf(asker) },
  { title: 'CODE', of: ({ code }) => textOf(code) },
  { title: 'BY', of: ({ rule }) => textOf(rule)?.split('/').slice(-2).join('/') },
  { title: 'FIRST', of: ({ first }) => textOf(first) },
  { title: 'LAST', of: ({ last }) => textOf(last) },
];

/** Each once: many connections have one remedy. */
function remedies(records: readonly JsonObject[]): string {
  const all = new Set(records.flatMap(({ remedy }) => textOf(remedy) ?? []));
  return [...all].map((remedy) => `  remedy: ${cell(remedy)}\n`).join('');
}
