import { fault } from '#base/fault.ts';
import { secret, type Secret } from '#base/secret.ts';

/** What a command has of the terminal, or of the pipes in its place. */
export interface CliTerminal {
  readonly input: NodeJS.ReadableStream;
  /** Results, for programs. Resolves when there is room for more. */
  readonly write: (text: string) => Promise<void>;
  /** Progress, questions and faults, for people. */
  readonly writeError: (text: string) => void;
  /** Whether people look at what `writeError` writes. */
  readonly isTerminal: boolean;
  readonly size: () => { readonly columns: number; readonly rows: number };
  /** Aborts with the first Ctrl-C. */
  readonly interrupted: AbortSignal;
}

interface Keyboard extends NodeJS.ReadableStream {
  setRawMode(isRaw: boolean): unknown;
}

/** The one who can answer questions; undefined: nobody, since input or questions go to files or programs. */
function keyboardOf({ input, isTerminal }: CliTerminal): Keyboard | undefined {
  return isTerminal && 'isTTY' in input && input.isTTY === true && 'setRawMode' in input ? (input as Keyboard) : undefined;
}

export function canAsk(terminal: CliTerminal): boolean {
  return keyboardOf(terminal) !== undefined;
}

/** Asks for yes or no; anything but yes is no. */
export async function confirm(terminal: CliTerminal, question: string): Promise<boolean> {
  terminal.writeError(`${question} [y/N] `);
  const answer = await readLine(terminal, { isShown: true });
  return /^y(?:es)?$/i.test(answer.trim());
}

/** Asks for a text that is not shown. Fault: `NobodyToAsk`. */
export async function askSecret(terminal: CliTerminal, question: string): Promise<Secret> {
  if (!canAsk(terminal)) {
    throw fault('invalid', 'NobodyToAsk', 'A secret is needed, and there is no terminal to ask for it.', {
      remedy: 'Set ISTHMUS_CLIENT_SECRET, or name a file that holds it with --secret-file.',
    });
  }
  terminal.writeError(question);
  return secret(await readLine(terminal, { isShown: false }));
}

/** A line as it is typed, key by key: what is secret never reaches the screen. */
function readLine(terminal: CliTerminal, { isShown }: { readonly isShown: boolean }): Promise<string> {
  const keyboard = keyboardOf(terminal);
  if (!keyboard) return Promise.resolve('');
  return new Promise((resolve, reject) => {
    let line = '';
    const end = (): void => {
      keyboard.off('data', take);
      keyboard.setRawMode(false);
      keyboard.pause();
      terminal.interrupted.removeEventListener('abort', stop);
      terminal.writeError('\n');
    };
    const stop = (): void => {
      end();
      reject(fault('cancelled', 'Canceled', 'Interrupted.'));
    };
    const take = (chunk: string | Buffer): void => {
      for (const key of String(chunk)) {
        if (key === '\u0003' || (key === '\u0004' && line === '')) return stop();
        if (key === '\r' || key === '\n') {
          end();
          return resolve(line);
        }
        if (key === '\u007f' || key === '\b') {
          if (isShown && line !== '') terminal.writeError('\b \b');
          line = line.slice(0, -1);
        } else if (key >= ' ') {
          line += key;
          if (isShown) terminal.writeError(key);
        }
      }
    };
    keyboard.setRawMode(true);
    keyboard.on('data', take);
    keyboard.resume();
    terminal.interrupted.addEventListener('abort', stop, { once: true });
  });
}
