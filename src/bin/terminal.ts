import { InvalidArgumentError } from 'commander';

/** What a command has of the terminal, or of the pipes in its place. */
export interface Terminal {
  readonly input: NodeJS.ReadableStream;
  /** Results, for programs. Resolves when there is room for more. */
  readonly write: (text: string) => Promise<void>;
  /** Progress and faults, for people. */
  readonly writeError: (text: string) => void;
  /** Whether people look at what `writeError` writes. */
  readonly isTerminal: boolean;
  readonly size: () => { readonly columns: number; readonly rows: number };
  /** Aborts with the first Ctrl-C. */
  readonly interrupted: AbortSignal;
}

/** The terminal of this process. The first Ctrl-C asks for an orderly end; a second one will not wait for it. */
export function processTerminal(): Terminal {
  const interrupted = new AbortController();
  let interrupts = 0;
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(name, () => {
      if (interrupts++ > 0) process.exit(130);
      interrupted.abort();
    });
  }
  // A reader that has seen enough, such as `head`, is no fault.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 7));
  process.stderr.on('error', () => undefined);
  return {
    input: process.stdin,
    write: (text) => new Promise((settle) => void process.stdout.write(text, () => settle())),
    writeError: (text) => void process.stderr.write(text),
    isTerminal: process.stderr.isTTY,
    size: () => ({ columns: process.stderr.columns ?? 120, rows: process.stderr.rows ?? 50 }),
    interrupted: interrupted.signal,
  };
}

/** For options: a number without sign or fraction. */
export function wholeNumber(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('a whole number is needed.');
  return Number(text);
}

/** For options: a number that is not negative. */
export function positiveNumber(text: string): number {
  if (!/^\d{1,9}(\.\d{1,9})?$/.test(text)) throw new InvalidArgumentError('a number is needed, such as 20 or 0.5.');
  return Number(text);
}
