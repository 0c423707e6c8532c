import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Fault } from '#base/fault.ts';
import type { Log } from '#base/log.ts';
import type { Secret } from '#base/secret.ts';
import { supervise } from '#base/service.ts';
import { onlyRun } from '#pool/engines/duckdb/ledger.ts';
import { slotName } from '../link/link-command.ts';
import type { Board } from './board.ts';
import type { ControlJob, ControlReport, DemoJob, DemoReport, LinkJob, LinkReport, PoolJob, PoolTold, SourceAccess } from './channel.ts';
import { childService, type ChildService, type ChildSpec } from './child-service.ts';
import { linkId, places } from './home-folder.ts';

export interface ChildrenRequest {
  /** The data folder. */
  readonly path: string;
  /** Of the link and of its pool. */
  readonly name: string;
  readonly rate: number;
  readonly scale: number;
  readonly memoryMb: number;
  readonly resync: boolean;
  readonly demo: boolean;
  readonly port: number;
  readonly tls: ControlJob['tls'];
  readonly issuers: ControlJob['issuers'];
  readonly accessLog: boolean;
  readonly sealKeys: Secret | undefined;
  readonly allowUnisolated: boolean;
  readonly board: Board;
  /** A report came. */
  readonly onReport: () => void;
  /** What no waiting will mend before anything could run. */
  readonly onHopeless: (trouble: Fault) => void;
}

/** The processes of one `up`. */
export class Children {
  readonly #request: ChildrenRequest;
  readonly #control: ChildService<ControlJob>;
  readonly #demo: ChildService<DemoJob>;
  readonly #pool: ChildService<PoolJob>;
  readonly #worker: ChildService<LinkJob>;
  readonly #source = Promise.withResolvers<void>();
  #resync: boolean;

  constructor(request: ChildrenRequest) {
    this.#request = request;
    this.#resync = request.resync;
    this.#control = childService(this.#controlSpec());
    this.#demo = childService(this.#demoSpec());
    this.#pool = childService(this.#poolSpec());
    this.#worker = childService(this.#workerSpec());
  }

  /** Runs them until the signal aborts; then they end one after the other, the readers before what they read. */
  async run(signal: AbortSignal, log: Log): Promise<void> {
    const stages = this.#services.map((service) => {
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

  /** In the order of their start; ended the other way round. */
  get #services(): readonly Omit<ChildService<unknown>, 'change'>[] {
    return [this.#control, ...(this.#request.demo ? [this.#demo, this.#pool, this.#worker] : [])];
  }

  #spec<Report>(name: 'control' | 'demo' | 'pool' | 'worker', take: (report: Report) => void): Omit<ChildSpec<unknown, Report>, 'job'> {
    const { path, board, onReport, onHopeless } = this.#request;
    return {
      name,
      program: fileURLToPath(new URL(`../${name === 'worker' ? 'shop-link' : name}.ts`, import.meta.url)),
      logFile: places.log(path, name === 'demo' || name === 'control' ? name : `${name}-${this.#request.name}`),
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
    const { path, port, tls, issuers, sealKeys, allowUnisolated, board } = this.#request;
    const accessLog = this.#request.accessLog ? places.log(path, 'access') : undefined;
    const take = (report: ControlReport): void => {
      board.control = report;
    };
    // Started again it takes the port that clients know.
    const known = (): number => (board.control === undefined ? port : Number(new URL(board.control.url).port));
    return {
      ...this.#spec('control', take),
      job: async () => ({ folder: path, port: known(), tls, issuers, accessLog, sealKeys: sealKeys?.reveal(), allowUnisolated }),
    };
  }

  #demoSpec(): ChildSpec<DemoJob, DemoReport> {
    const { path, rate, scale, board } = this.#request;
    const take = (report: DemoReport): void => {
      const before = board.lastSource;
      board.demo = report;
      if (report.source === undefined) return;
      board.lastSource = report.source;
      this.#source.resolve();
      // The worker knows the old address: it is started again with the new one.
      if (before !== undefined && !isSame(before, report.source)) this.#worker.kill();
    };
    return { ...this.#spec('demo', take), job: async () => ({ folder: places.demo(path), rate, scale }) };
  }

  #poolSpec(): ChildSpec<PoolJob, PoolTold> {
    const { path, name, memoryMb, board } = this.#request;
    const take = ({ links, trouble }: PoolTold): void => {
      const link = links.get(onlyRun);
      board.pool = link && { ...link, trouble: trouble ?? link.trouble };
    };
    const links = [{ run: onlyRun, landing: places.landing(path, name) }];
    return { ...this.#spec('pool', take), job: async () => ({ name, file: places.pool(path, name), memoryMb, links, revision: 1 }) };
  }

  #workerSpec(): ChildSpec<LinkJob, LinkReport> {
    const { path, name, board } = this.#request;
    const take = (report: LinkReport): void => {
      board.worker = report;
      if (report.moved) this.#resync = false;
    };
    const job = async (signal: AbortSignal): Promise<LinkJob> => ({
      name,
      slot: slotName(linkId(path, name)),
      source: await this.#openSource(signal),
      tables: 'public.*',
      landing: places.landing(path, name),
      spool: join(places.link(path, name), 'spool'),
      resync: this.#resync,
    });
    return { ...this.#spec('worker', take), job };
  }

  /** The shop's address, once it has opened for the first time. */
  async #openSource(signal: AbortSignal): Promise<SourceAccess> {
    const { promise, reject } = Promise.withResolvers<never>();
    const onAbort = (): void => reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      await Promise.race([this.#source.promise, promise]);
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
    return this.#request.board.lastSource!;
  }
}

function isSame(a: SourceAccess, b: SourceAccess): boolean {
  return a.url === b.url && a.password === b.password;
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
