import { resolve } from 'node:path';
import { fault, type Fault } from '#base/fault.ts';
import { readAnnouncement } from './home-folder.ts';
import { engineLine, statusLines, type UpStatus } from './status.ts';

export interface StatusCommand {
  readonly data: string;
  readonly output: 'table' | 'json';
}

const askMs = 5_000;

/** What the `up` of a data folder runs, as text. Fault: `NothingRuns` (missing). */
export async function statusCommand(command: StatusCommand, columns: number, signal: AbortSignal): Promise<string> {
  const status = await askStatus(command.data, signal);
  if (command.output === 'json') return `${JSON.stringify(status, null, 2)}\n`;
  const head = `isthmus up, process ${status.pid}, ${status.ready ? 'ready' : 'not ready yet'}, data in ${status.data}`;
  const engine = status.engine === null ? [] : [engineLine(status.engine)];
  return `${[head, ...engine, ...statusLines(status, { columns, rows: Number.MAX_SAFE_INTEGER })].join('\n')}\n`;
}

async function askStatus(data: string, signal: AbortSignal): Promise<UpStatus> {
  const announced = readAnnouncement(data);
  if (announced?.url === undefined) throw nothingRuns(data);
  try {
    const response = await fetch(`${announced.url}/status`, {
      headers: { authorization: `Bearer ${announced.token}` },
      signal: AbortSignal.any([signal, AbortSignal.timeout(askMs)]),
    });
    // Another program may have the port by now.
    if (!response.ok) throw nothingRuns(data);
    return (await response.json()) as UpStatus;
  } catch (error) {
    if (signal.aborted) throw fault('cancelled', 'Interrupted', 'The question was cancelled.');
    throw nothingRuns(data, error);
  }
}

function nothingRuns(data: string, cause?: unknown): Fault {
  return fault('missing', 'NothingRuns', `No isthmus up runs in ${resolve(data)}.`, {
    target: data,
    remedy: 'Start it with isthmus up --demo, or name its folder with --data.',
    cause,
  });
}
