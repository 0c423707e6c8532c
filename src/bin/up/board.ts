import type { Fault } from '#base/fault.ts';
import { faultText } from '#base/fault-text.ts';
import type { ControlReport, DemoReport, SourceAccess } from './channel.ts';
import type { LinkStatus, ShownFault, UpStatus } from './status.ts';

/** A trouble this young is not shown: what a killed process held is free again by then. */
const quietMs = 2_000;

interface ProcessNote {
  /** Since when it has been failing; undefined while it is well. */
  troubledSinceMs: number | undefined;
  trouble: ShownFault | undefined;
}

/** The latest that the processes of one `up` told. */
export class Board {
  readonly #hasLink: boolean;
  readonly #now: () => number;
  readonly #processes = new Map<string, ProcessNote>();
  control: ControlReport | undefined;
  demo: DemoReport | undefined;
  /** Where the demo's database was last; it may be starting again. */
  lastSource: SourceAccess | undefined;
  /** The demo's resources are being made. */
  isSettingUp: boolean;
  link: LinkStatus | undefined;

  /** `hasLink`: there is one, or will be. */
  constructor(hasLink: boolean, now: () => number = () => performance.now()) {
    this.#hasLink = hasLink;
    this.isSettingUp = hasLink;
    this.#now = now;
  }

  /** The process is well. */
  note(process: string): void {
    this.#processes.set(process, { troubledSinceMs: undefined, trouble: undefined });
  }

  /** The process ended by itself and will be started again. */
  trouble(process: string, fault: Fault): void {
    const since = this.#processes.get(process)?.troubledSinceMs ?? this.#now();
    this.#processes.set(process, { troubledSinceMs: since, trouble: faultText(fault) });
  }

  /** Requests are answered; where there is a link, its source is followed, and every table is Replicating. */
  get ready(): boolean {
    const { link } = this;
    if (!this.control) return false;
    if (!this.#hasLink) return true;
    return link !== undefined && link.following && link.tables.length > 0 && link.tables.every(({ state }) => state === 'Replicating');
  }

  status(about: Pick<UpStatus, 'pid' | 'data' | 'metrics'>): UpStatus {
    return {
      ...about,
      ready: this.ready,
      arm: this.control?.url ?? null,
      sql: this.control?.sql ?? {},
      engine: this.control?.engine ?? null,
      links: this.link === undefined ? [] : [this.link],
      processes: [...this.#processes].map(([name, one]) => ({
        name,
        running: one.trouble === undefined,
        trouble: this.#isLasting(one) ? one.trouble! : null,
      })),
      step: this.#step(),
    };
  }

  #isLasting({ troubledSinceMs }: ProcessNote): boolean {
    return troubledSinceMs !== undefined && this.#now() - troubledSinceMs >= quietMs;
  }

  #step(): string | null {
    if (!this.control) return 'starting';
    if (!this.#hasLink) return null;
    if (this.demo?.source === undefined && this.lastSource === undefined) return this.demo?.step ?? 'starting';
    if (this.isSettingUp) return 'setting up the demo';
    return this.link?.following === true ? null : 'connecting the link';
  }
}
