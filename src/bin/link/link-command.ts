import { fault, toFault, type Fault } from '#base/fault.ts';
import { delay } from '#base/service.ts';
import { DuckDbPool, type DuckDbPoolOptions } from '#pool/engines/duckdb/pool.ts';
import { serveQueries } from '#pool/query-server.ts';
import { DirectHandover } from '#replication/direct-handover.ts';
import type { LinkBook } from '#replication/link-book.ts';
import { runSession } from '#replication/run-session.ts';
import type { Finding } from '#replication/source.ts';
import type { Capture } from '#replication/sources/sqlserver/place.ts';
import { sourceOf, type LinkSource } from './link-source.ts';
import { ProgressView } from './progress-view.ts';

/** `isthmus link`, as its options say. */
export interface LinkCommand {
  readonly from: string;
  readonly to: string;
  /** Absent: those of the schema that the kind of database has for all. */
  readonly tables: string | undefined;
  /** SQL Server: how changes are told. */
  readonly capture: Capture;
  readonly once: boolean;
  /** Give back slot and publications, and end. */
  readonly release: boolean;
  /** Only check and say what was found. */
  readonly check: boolean;
  readonly resync: string | true | undefined;
  readonly asText: readonly string[];
  readonly failover: boolean;
  readonly memoryMb: number;
  readonly onExisting: 'drop' | 'fail-if-not-empty' | 'merge';
  readonly passwordFile: string | undefined;
  /** A password from the environment. */
  readonly password: string | undefined;
}

export interface LinkOutput {
  readonly write: (text: string) => void;
  readonly isTerminal: boolean;
  readonly columns: number;
}

/** Names slot and publications of the link that fills a pool. */
function slotName(linkId: string): string {
  return `isthmus_${linkId
    .toLowerCase()
    .replaceAll(/[^a-z0-9]/g, '')
    .slice(0, 20)}`;
}

/** Runs the command to its end. Faults are the link's. */
export async function linkCommand(command: LinkCommand, output: LinkOutput, signal: AbortSignal): Promise<void> {
  await using pool = await openPool(command.to, signal, {
    memoryLimitMb: command.memoryMb,
    onExisting: command.onExisting,
  });
  const { linkId } = await pool.identity();
  const view = new ProgressView(output);
  const source = await sourceOf(command, slotName(linkId));
  if (command.check) return check(source, view, signal);
  if (command.release) return release(source, view, signal);
  await using _served = await serveQueries(pool);
  let book: LinkBook | undefined;
  await runSession({
    name: linkId,
    connect: (aborted) => source.connect(aborted),
    handover: async () => new DirectHandover(pool.writer()),
    signal,
    once: command.once,
    resync: resyncOf(command.resync),
    reachesPool: true,
    events: {
      onPut: (draft, now) => {
        book = now;
        view.put(draft, now);
        sayFailures(view, draft.steps);
      },
      onDurable: (draft, now) => view.durable(draft, now, Date.now()),
    },
    onFindings: (findings) => sayFindings(view, findings),
    onConnected: async (source) => view.estimate(await source.estimate()),
    onWaiting: (why, pauseMs) => view.say(`waiting ${(pauseMs / 1000).toFixed(1)} s: ${describeFault(why)}`),
  });
  view.end(book);
  const broken = book?.tables.filter((one) => one.state === 'Failed') ?? [];
  if (command.once && broken.length > 0) {
    throw fault(
      'precondition',
      'TablesFailed',
      `${broken.length} of the tables could not be replicated: ${broken.map((one) => one.table).join(', ')}.`,
      { remedy: 'See the remedies above; then --resync with their names.' },
    );
  }
  if (signal.aborted)
    throw fault('cancelled', 'Interrupted', 'The link was stopped; everything applied is safe.', {
      remedy: 'Run the same command again: it goes on from there. --release gives back the replication slot.',
    });
}

const poolWaits = 20;
const poolWaitMs = 250;

/** A reader may hold the file for the moment of a query: it is waited for. */
async function openPool(file: string, signal: AbortSignal, options: DuckDbPoolOptions): Promise<DuckDbPool> {
  for (let wait = 0; ; wait++) {
    try {
      return await DuckDbPool.open(file, options);
    } catch (error) {
      if (toFault(error).code !== 'PoolInUse' || wait >= poolWaits || signal.aborted) throw error;
    }
    await delay(poolWaitMs, signal);
  }
}

async function check({ connect }: LinkSource, view: ProgressView, signal: AbortSignal): Promise<void> {
  await using source = await connect(signal);
  const findings = await source.check();
  sayFindings(view, findings);
  const errors = findings.filter((one) => one.severity === 'error').length;
  if (errors > 0)
    throw fault('precondition', 'NotReady', `The source is not ready: ${errors} of the findings must be mended first.`, {
      remedy: 'Run the remedies above, then check again.',
    });
  view.say('the source is ready');
}

async function release({ connect, released }: LinkSource, view: ProgressView, signal: AbortSignal): Promise<void> {
  await using source = await connect(signal);
  await source.release();
  view.say(released);
}

function resyncOf(resync: LinkCommand['resync']): 'everything' | ((table: string) => boolean) | undefined {
  if (resync === undefined) return undefined;
  if (resync === true) return 'everything';
  const names = new Set(resync.split(',').map((name) => name.trim()));
  return (table) => names.has(table);
}

function sayFindings(view: ProgressView, findings: readonly Finding[]): void {
  for (const one of findings) {
    if (one.severity === 'info') continue;
    view.say(`${one.severity} ${one.code}: ${one.message}${one.remedy ? `\n  remedy: ${one.remedy}` : ''}`);
  }
}

function sayFailures(
  view: ProgressView,
  steps: readonly {
    readonly kind: string;
    readonly progress?: {
      readonly table: string;
      readonly state: string;
      readonly fault: { readonly code: string; readonly message: string; readonly remedy: string | undefined } | undefined;
    };
  }[],
): void {
  for (const step of steps) {
    const why = step.kind === 'progress' && step.progress?.state === 'Failed' ? step.progress.fault : undefined;
    if (why) view.say(`failed ${step.progress!.table}: ${why.code}: ${why.message}${why.remedy ? `\n  remedy: ${why.remedy}` : ''}`);
  }
}

function describeFault(why: Fault): string {
  return `${why.code}: ${why.message}${why.remedy ? ` ${why.remedy}` : ''}`;
}
