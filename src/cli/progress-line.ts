import type { Progress } from '#arm/client.ts';
import { cell } from './output.ts';
import type { CliTerminal } from './terminal.ts';

/** What is being waited for: one line that is written over on a terminal, a line for each change otherwise. */
export interface ProgressLine extends Disposable {
  show(progress: Progress): void;
  /** Takes the line away. */
  clear(): void;
}

export function progressLine(terminal: CliTerminal, now: () => number = () => performance.now()): ProgressLine {
  const begun = new Map<string, number>();
  let said = '';
  let isDrawn = false;
  const clear = (): void => {
    if (isDrawn) terminal.writeError('\r\u001B[K');
    isDrawn = false;
  };
  return {
    show: ({ path, status, waitingFor }) => {
      const since = begun.get(path) ?? now();
      begun.set(path, since);
      const text = cell(`${shortPath(path)}: ${status}${waitingFor === undefined ? '' : `, waiting for ${waitingFor}`}`);
      if (terminal.isTerminal) {
        const seconds = Math.round((now() - since) / 1_000);
        terminal.writeError(`\r\u001B[K${`${text} (${seconds} s)`.slice(0, terminal.size().columns - 1)}`);
        isDrawn = true;
      } else if (text !== said) terminal.writeError(`${text}\n`);
      said = text;
    },
    clear,
    [Symbol.dispose]: clear,
  };
}

/** `virtualNetworks/v`. */
function shortPath(path: string): string {
  const segments = path
    .replace(/\?.*$/, '')
    .split('/')
    .filter((segment) => segment !== '');
  return segments.slice(-2).join('/');
}
