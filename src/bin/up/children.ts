import { fileURLToPath } from 'node:url';
import type { Fault } from '#base/fault.ts';
import type { Log } from '#base/log.ts';
import type { Secret } from '#base/secret.ts';
import { supervise, type Service } from '#base/service.ts';
import type { Board } from './board.ts';
import type { ControlJob, ControlReport, DemoJob, DemoReport } from './channel.ts';
import { childService, type ChildService, type ChildSpec } from './child-service.ts';
import { demoLink } from './demo-link.ts';
import { places } from './home-folder.ts';
import type { ConfiguredIssuer } from './issuer-options.ts';

export interface ChildrenRequest {
  /** The data folder. */
  readonly path: string;
  readonly rate: number;
  readonly scale: number;
  readonly memoryMb: number;
  readonly resync: boolean;
  readonly demo: boolean;
  readonly port: number;
  readonly tls: ControlJob['tls'];
  readonly sql: ControlJob['sql'];
  readonly issuers: readonly ConfiguredIssuer[];
  readonly accessLog: boolean;
  readonly sealKeys: Secret | undefined;
  readonly allowUnisolated: boolean;
  readonly engine: ControlJob['engine'];
  readonly uplink: ControlJob['uplink'];
  readonly smtp: ControlJob['smtp'];
  readonly allowLocalWebhooks: boolean;
  readonly board: Board;
  /** A report came. */
  readonly onReport: () => void;
  /** What is done to set the demo up. */
  readonly onStep: (text: string) => void;
  /** What no waiting will mend before anything could run. */
  readonly onHopeless: (trouble: Fault) => void;
}

/** The processes of one `up`. */
export class Children {
  readonly #request: ChildrenRequest;
  readonly #control: ChildService<ControlJob>;
  readonly #demo: ChildService<DemoJob>;
  readonly #link: Service;

  constructor(request: ChildrenRequest) {
    this.#request = request;
    this.#control = childService(this.#controlSpec());
    this.#demo = childService(this.#demoSpec());
    this.#link = demoLink({
      folder: request.path,
      memoryMb: request.memoryMb,
      resync: request.resync,
      places: () => this.#places(),
      onStep: (text) => {
        request.board.isSettingUp = text !== undefined;
        if (text !== undefined) request.onStep(text);
      },
      onLink: (link) => {
        request.board.note('demo link');
        request.board.link = link;
        request.onReport();
      },
      onTrouble: (trouble) => request.board.trouble('demo link', trouble),
    });
  }

  /** Runs them until the signal aborts; then they end one after the other, the readers before what they read. */
  async run(signal: AbortSignal, log: Log): Promise<void> {
    const stages = [...this.#services, ...(this.#request.demo ? [this.#link] : [])].map((service) => {
      const stop = new AbortController();
      return { stop, done: supervise([service], { signal: stop.signal, log }) };
    });
    if (!signal.aborted) await new Promise<void>((settle) => signal.addEventListener('abort', () => settle(), { once: true }));
    for (const { stop, done } of stages.toReversed()) {
      stop.abort();
      await done;
    }
  }

  /** The measurements of each as text. */
  metrics(): Promise<readonly string[]> {
    return Promise.all(this.#services.map((one) => one.metrics()));
  }

  /** Ends everything at once. */
  kill(): void {
    for (const one of this.#services.toReversed()) one.kill();
    const serverPid = this.#request.board.demo?.serverPid;
    if (serverPid !== undefined) killServer(serverPid);
  }

  /** In the order of their start; ended the other way round: workers of the control plane read the shop. */
  get #services(): readonly Omit<ChildService<unknown>, 'change'>[] {
    return [...(this.#request.demo ? [this.#demo] : []), this.#control];
  }

  #places(): ReturnType<Parameters<typeof demoLink>[0]['places']> {
    const { control, lastSource: source } = this.#request.board;
    return control === undefined || source === undefined ? undefined : { control, source };
  }

  #spec<Report>(name: 'control' | 'demo', take: (report: Report) => void): Omit<ChildSpec<unknown, Report>, 'job'> {
    const { path, board, onReport, onHopeless } = this.#request;
    return {
      name,
      program: fileURLToPath(new URL(`../${name}.ts`, import.meta.url)),
      logFile: places.log(path, name),
      onReport: (report) => {
        board.note(name);
        take(report);
        onReport();
      },
      onTrouble: (trouble) => {
        board.trouble(name, trouble);
        const isNew = (name === 'demo' && board.demo?.source === undefined) || (name === 'control' && board.control === undefined);
        if (isNew && isHopeless(trouble)) onHopeless(trouble);
      },
      stopMs: 10_000,
    };
  }

  #controlSpec(): ChildSpec<ControlJob, ControlReport> {
    const { path, port, tls, sql, issuers, sealKeys, allowUnisolated, engine, uplink, smtp, allowLocalWebhooks, board } = this.#request;
    const accessLog = this.#request.accessLog ? places.log(path, 'access') : undefined;
    const take = (report: ControlReport): void => {
      board.control = report;
    };
    // Started again it takes the port that clients know.
    const known = (): number => (board.control === undefined ? port : Number(new URL(board.control.url).port));
    return {
      ...this.#spec('control', take),
      job: async () => ({
        folder: path,
        port: known(),
        tls,
        sql,
        issuers: issuers.map(revealed),
        accessLog,
        sealKeys: sealKeys?.reveal(),
        allowUnisolated,
        engine,
        uplink,
        smtp,
        allowLocalWebhooks,
      }),
    };
  }

  #demoSpec(): ChildSpec<DemoJob, DemoReport> {
    const { path, rate, scale, board } = this.#request;
    const take = (report: DemoReport): void => {
      board.demo = report;
      if (report.source !== undefined) board.lastSource = report.source;
    };
    return { ...this.#spec('demo', take), job: async () => ({ folder: places.demo(path), rate, scale }) };
  }
}

function isHopeless({ kind }: Fault): boolean {
  return (
    kind === 'unsupported' || kind === 'denied' || kind === 'missing' || kind === 'invalid' || kind === 'conflict' || kind === 'corrupt'
  );
}

function killServer(pid: number): void {
  try {
    process.kill(pid, 'SIGQUIT');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

function revealed({ clientSecret, ...rest }: ConfiguredIssuer): ControlJob['issuers'][number] {
  return { ...rest, clientSecret: clientSecret?.reveal() };
}
