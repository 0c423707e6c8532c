import { Fault } from '#base/fault.ts';
import type { Log } from '#base/log.ts';
import type { Secret } from '#base/secret.ts';
import { raiseLoopback } from '#fabric/kernel/loopback.ts';
import { openSandbox } from '#runtime/sandbox/sandbox.ts';
import { Board } from './board.ts';
import type { ControlJob, ControlReport } from './channel.ts';
import { Children } from './children.ts';
import { shopPool, shopWorkspace } from '../demo/shop-resources.ts';
import { defaultData, newToken, places, takeHomeFolder } from './home-folder.ts';
import { serveWatch } from './http.ts';
import type { ConfiguredIssuer } from './issuer-options.ts';
import { LiveView, type Screen } from './live-view.ts';
import { openLogFile } from './log-file.ts';
import { measureProcess, mergeMetrics } from './process-metrics.ts';
import type { UpStatus } from './status.ts';

/** `isthmus up`, as its options say. */
export interface UpCommand {
  readonly data: string;
  /** Of the HTTPS interface; 0: any free one. */
  readonly port: number;
  readonly tls: ControlJob['tls'];
  readonly sql: ControlJob['sql'];
  readonly issuers: readonly ConfiguredIssuer[];
  readonly accessLog: boolean;
  /** The value of `ISTHMUS_SEAL_KEY`. */
  readonly sealKeys: Secret | undefined;
  /** Workers may run where the operating system does not hold them. */
  readonly allowUnisolated: boolean;
  readonly engine: ControlJob['engine'];
  readonly uplink: ControlJob['uplink'];
  readonly smtp: ControlJob['smtp'];
  readonly allowLocalWebhooks: boolean;
  readonly demo: boolean;
  /** Transactions a second of the demo's writer. */
  readonly rate: number;
  /** Size of the demo's tables when they are made. */
  readonly scale: number;
  readonly metricsPort: number | undefined;
  readonly memoryMb: number;
  readonly resync: boolean;
}

export interface UpOutput {
  /** For people. */
  readonly screen: Screen;
  /** For programs: one line when all is ready. */
  readonly writeLine: (line: string) => void;
}

const drawEveryMs = 250;
const example = `SELECT status, count(*) FROM public.orders GROUP BY 1`;

/**
 * Runs the control plane, which has workers and pools below it, and with the demo its database and the link of it, until the signal aborts.
 * Each is started again when it ends by itself; all end when this process does. Everything is in the data folder.
 * Faults: `DataInUse` (conflict), `DataDenied`, `PortInUse`, and what keeps the control plane or the demo from ever starting.
 */
export async function upCommand(command: UpCommand, output: UpOutput, signal: AbortSignal): Promise<void> {
  using folder = takeHomeFolder(command.data);
  using logFile = openLogFile(places.log(folder.path, 'up'));
  const board = new Board(command.demo);
  const view = new LiveView(output.screen);
  const hopeless = new AbortController();
  const own = measureProcess('up');
  let url = '';
  const status = (): UpStatus => board.status({ pid: process.pid, data: folder.path, metrics: `${url}/metrics` });
  let isReady = false;
  let saidStep = '';
  let announced: ControlReport | undefined;
  const findings = new Set<string>();
  const children = new Children({
    ...command,
    path: folder.path,
    board,
    onReport: () => {
      if (board.control !== announced) {
        announced = board.control;
        folder.announce({ url, token, ...announcedControl(announced) });
      }
      for (const text of newFindings(board, findings)) view.say(text);
      if (isReady || !board.ready) return;
      isReady = true;
      view.show(status());
      view.say(readyLine(status(), board), (line) => output.writeLine(line));
      if (board.control)
        view.say(
          `\nstudio: ${board.control.studio}\n  signs you in, once, within the hour; another one: npx isthmus studio${dataOption(command)}`,
        );
      if (command.demo) view.say(`\nquery it: npx isthmus sql${dataOption(command)} '${example}'\n`);
    },
    onStep: (text) => {
      // What is tried again is not said again.
      if (text !== saidStep) view.say(`· ${text}`);
      saidStep = text;
    },
    onHopeless: (trouble) => hopeless.abort(trouble),
  });
  const token = newToken();
  if (command.engine !== 'userspace' && (await raiseLoopback()))
    view.say('· the loopback interface of this network was down: it is up now');
  const metrics = async (): Promise<string> => mergeMetrics([await own.text(), ...(await children.metrics())]);
  await using server = await serveWatch({ metrics, status, token }, command.metricsPort);
  url = server.url;
  folder.announce({ url, token, ...announcedControl(announced) });
  view.say(`isthmus up: data in ${folder.path}, metrics on ${url}/metrics; Ctrl-C stops it`);
  logFile.log.info({ url, data: folder.path }, 'up started');
  if (command.allowUnisolated) void sayUnisolated(view, logFile.log);
  const killAll = (): void => children.kill();
  process.once('exit', killAll);
  const draw = setInterval(() => view.show(status()), drawEveryMs);
  try {
    await children.run(AbortSignal.any([signal, hopeless.signal]), logFile.log);
  } finally {
    clearInterval(draw);
    process.removeListener('exit', killAll);
    view.end();
  }
  logFile.log.info({}, 'up stopped');
  if (!signal.aborted) throw hopeless.signal.reason as Fault;
  view.say('stopped; the same command goes on from here');
}

/** Whoever lets workers run without sandbox is told that they do. */
async function sayUnisolated(view: LiveView, log: Log): Promise<void> {
  const sandbox = await openSandbox();
  if (!(sandbox instanceof Fault)) return;
  log.warn({ err: sandbox }, 'workers are not isolated');
  view.say(
    `warning NotIsolated: Workers run as ordinary processes here, held by nothing but their own code. ${sandbox.message}\n  remedy: ${sandbox.remedy ?? 'isthmus doctor'}`,
  );
}

/** What the check of the source found, each told once. */
function newFindings(board: Board, told: Set<string>): readonly string[] {
  const found = (board.link?.findings ?? []).map(
    ({ severity, code, message, remedy }) => `${severity} ${code}: ${message}${remedy === undefined ? '' : `\n  remedy: ${remedy}`}`,
  );
  return found.filter((text) => !told.has(text) && told.add(text));
}

/** For a file. */
function announcedControl(control: ControlReport | undefined): object {
  if (control === undefined) return {};
  const { url: arm, studio: _signsIn, ...more } = control;
  return { arm, ...more };
}

function readyLine({ data, metrics }: UpStatus, { control, lastSource }: Board): string {
  const demo = lastSource === undefined ? {} : { pool: places.pool(data, shopWorkspace, shopPool), source: lastSource.url };
  return `ready ${JSON.stringify({ arm: control?.url, studio: control?.studio, ...announcedControl(control), data, metrics, ...demo })}`;
}

function dataOption({ data }: UpCommand): string {
  return data === defaultData ? '' : ` --data ${data}`;
}
