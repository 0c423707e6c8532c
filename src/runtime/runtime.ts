import type { Dialer } from '#base/dialer.ts';
import type { Fault } from '#base/fault.ts';
import type { JobEvent, LinkMessage, RuntimeJob } from './job.ts';
import type { SandboxEndpoint } from './sandbox/endpoint.ts';

/** The networks that workers stand in, as whoever carries them shows them. */
export interface RuntimeNetworks {
  /** What is open in a segment now: ports of approved endpoints, with the names that mean them. */
  doors(segment: string): readonly NetworkDoor[];
  /** Whether the segment also lets connections out to anywhere, so that a job's own target is a door too. */
  isOpen(segment: string): boolean;
  /** `asker` names the job in what is counted and logged. */
  dialer(segment: string, asker: string): Dialer;
  /** What stands between a segment and a host's port at this moment; undefined: nothing. With an `asker` a refusal is noted as of its attempt. */
  explain(ask: {
    readonly segment: string;
    readonly host: string;
    readonly port: number;
    readonly asker?: string | undefined;
  }): Promise<{ readonly denied: Fault | undefined }>;
  /**
   * Joins a network namespace, by a process in it, to a segment: doors that are `direct` are reached from there without anybody who passes them on.
   * Undefined: this host's networks cannot, and no door is direct.
   */
  readonly attach?:
    | ((network: { readonly segment: string; readonly pid: number; readonly asker: string }) => Promise<AttachedNetwork>)
    | undefined;
  /** Told whenever `doors` or `isOpen` of any segment may have changed. Quick, never throws. Returns what ends it. */
  onChange(listener: () => void): () => void;
}

export interface NetworkDoor extends SandboxEndpoint {
  readonly direct: boolean;
}

/** A network that was joined to a segment; it parts when it is disposed of, or ends. */
export interface AttachedNetwork extends AsyncDisposable {
  /** Where names of the segment are asked, by UDP on port 53. */
  readonly resolver: string;
  /** Whose its connections are from now on. */
  rename(asker: string): void;
}

/** What TCP met with in a worker's network since it was opened, by the kernel's own counters. Without them packets tell exactly what was moved. */
export interface TcpIncidents {
  /** Packets that the network sent again. */
  readonly sentAgain: number;
  /** Packets that came before those before them. */
  readonly outOfOrder: number;
  /** Packets that came again. */
  readonly duplicates: number;
  /** Connections that were reset. */
  readonly resets: number;
}

/** Whether workers are held by the operating system. */
export type Isolation =
  | { readonly isolated: true }
  /** `allowed`: the operator has said that workers may run all the same. */
  | { readonly isolated: false; readonly allowed: boolean; readonly reason: Fault };

/** How ready a segment is for interactive work. */
export interface Warmth {
  readonly state: 'cold' | 'starting' | 'warm';
  /** Milliseconds since 1970; undefined with `cold`. */
  readonly sinceMs: number | undefined;
}

export interface JobOrder {
  /** The segment in which the worker stands. */
  readonly segment: string;
  /** For logs and refusals: `link shop of workspace w`. */
  readonly name: string;
  readonly job: RuntimeJob;
  /** Folders of this host that the job may write, and must exist; nothing else outlives it. */
  readonly writable: readonly string[];
}

/** One job in a process of its own. Disposing it ends the process at once. */
export interface RunningJob extends AsyncDisposable {
  /**
   * What the worker tells, to be read once. Ends after `done`; throws what failed: the job's own fault, or `WorkerLost` (unreachable) where the
   * process ended without a word. Reading slowly holds nothing up but the events: of link reports only the latest is kept.
   */
  readonly events: AsyncIterable<JobEvent>;
  /** To a link that runs. */
  send(message: LinkMessage): void;
  /** Has the worker tell at once what it moved until now; it does so by itself now and then, and before it ends. */
  askMoved(): void;
  /** Asks for an orderly end; `events` then ends. */
  stop(): Promise<void>;
  /** Of the process outside; undefined before it started. */
  readonly pid: number | undefined;
  readonly isolated: boolean;
  /** How often the worker tried to reach what is not there, counted by the kernel of its own network; undefined without sandbox. */
  attempts(): Promise<number | undefined>;
  /** Of its network; undefined without sandbox. */
  incidents(): Promise<TcpIncidents | undefined>;
}

/** A worker that has a job. */
export interface RunningWorker {
  readonly segment: string;
  /** Of its job: what it is called where its connections are counted. */
  readonly name: string;
  readonly job: RuntimeJob['kind'];
  /** When it got its job: milliseconds since 1970. */
  readonly sinceMs: number;
  readonly isolated: boolean;
}

/** The control side of integration runtimes: starts a worker for each job, in the network it belongs to. */
export interface RuntimeHost extends AsyncDisposable {
  isolation(): Promise<Isolation>;
  /** While wanted, a worker without job is kept ready in this segment, so that interactive work begins at once. */
  warm(segment: string, wanted: boolean): void;
  warmth(segment: string): Warmth;
  /** Told when the warmth of a segment is another one. Quick, never throws. Returns what ends it. */
  onWarmth(listener: (segment: string) => void): () => void;
  /** Faults: `NotIsolated` (unsupported) where there is no sandbox and the operator has not allowed to do without, those of the sandbox. */
  start(order: JobOrder, signal: AbortSignal): Promise<RunningJob>;
  /** Those that run at this moment, in the order in which they got their jobs. */
  running(): readonly RunningWorker[];
}
