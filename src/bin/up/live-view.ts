import { linkLine, statusLines, troubleLines, type UpStatus } from './status.ts';

export interface Screen {
  readonly write: (text: string) => void;
  /** A terminal is drawn over and over; anything else gets whole lines when something has changed. */
  readonly isTerminal: boolean;
  readonly size: () => { readonly columns: number; readonly rows: number };
}

const plainEveryMs = 10_000;
/** Once all is well there is less to tell. */
const wellEveryMs = 60_000;

/** Shows a running `up`. */
export class LiveView {
  readonly #screen: Screen;
  readonly #now: () => number;
  #drawn = 0;
  #status: UpStatus | undefined;
  #saidAt = Number.NEGATIVE_INFINITY;
  #saidStates = new Map<string, string>();
  #saidStep: string | null = null;
  #saidTroubles: ReadonlySet<string> = new Set();

  constructor(screen: Screen, now: () => number = () => performance.now()) {
    this.#screen = screen;
    this.#now = now;
  }

  show(status: UpStatus): void {
    this.#status = status;
    if (this.#screen.isTerminal) this.#redraw();
    else this.#sayChanges(status);
  }

  /** Whole lines that stay. `write` is where they go if not to the screen itself. */
  say(text: string, write: (text: string) => void = this.#screen.write): void {
    if (this.#drawn > 0) this.#screen.write(this.#clear());
    write(`${text}\n`);
    if (this.#screen.isTerminal && this.#status) this.#redraw();
  }

  /** What is drawn stays as it is. */
  end(): void {
    this.#drawn = 0;
    this.#status = undefined;
  }

  #redraw(): void {
    const lines = statusLines(this.#status!, this.#screen.size());
    // Line by line over the old ones, so that nothing flickers; then away with what is left of them.
    const up = this.#drawn === 0 ? '' : `\u001B[${this.#drawn}A\r`;
    this.#screen.write(`${up}${lines.map((line) => `${line}\u001B[K\n`).join('')}\u001B[J`);
    this.#drawn = lines.length;
  }

  #clear(): string {
    const clear = this.#drawn === 0 ? '' : `\u001B[${this.#drawn}A\r\u001B[J`;
    this.#drawn = 0;
    return clear;
  }

  #sayChanges(status: UpStatus): void {
    if (status.step !== null && status.step !== this.#saidStep) this.#screen.write(`${status.step}\n`);
    this.#saidStep = status.step;
    const troubles = new Set(troubleLines(status));
    for (const trouble of troubles) if (!this.#saidTroubles.has(trouble)) this.#screen.write(`${trouble}\n`);
    this.#saidTroubles = troubles;
    let news = false;
    for (const one of status.links.flatMap((link) => link.tables)) {
      news ||= this.#saidStates.get(one.table) !== one.state;
      this.#saidStates.set(one.table, one.state);
    }
    const now = this.#now();
    if (status.links.length === 0 || (!news && now - this.#saidAt < (status.ready ? wellEveryMs : plainEveryMs))) return;
    this.#saidAt = now;
    for (const link of status.links) if (link.tables.length > 0) this.#screen.write(`${linkLine(link)}\n`);
  }
}
