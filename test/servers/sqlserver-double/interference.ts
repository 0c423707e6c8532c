import type { DoubleError, StatementAnswer } from './terms.ts';

/** A statement as it arrives. */
export interface SeenStatement {
  /** How many the server was sent until then, this one too. */
  readonly ordinal: number;
  /** `page`, `changes`, `version`, `begin`, …: as the double calls it. */
  readonly name: string;
  /** The table or capture instance that it is about; otherwise empty. */
  readonly about: string;
  /** The session's number. */
  readonly session: number;
}

/** What becomes of it instead of an answer. */
export type Interference =
  | { readonly kind: 'error'; readonly error: DoubleError }
  /** The connection breaks: before it is carried out, or once so many rows of its answer were sent. */
  | { readonly kind: 'cut'; readonly afterRows?: number }
  /** Nothing comes. */
  | { readonly kind: 'silent' }
  /** This is the answer, whatever was asked. */
  | { readonly kind: 'answer'; readonly answer: StatementAnswer }
  /** Each row takes so long. */
  | { readonly kind: 'slow'; readonly rowMs: number };

/** Asked about every statement, before it is carried out; what it does to databases meanwhile is there for the statement. */
export type Interferes = (statement: SeenStatement) => Interference | undefined | void;

export const deadlock: DoubleError = {
  number: 1205,
  severity: 13,
  state: 51,
  text: 'Transaction (Process ID 51) was deadlocked on lock resources with another process and has been chosen as the deadlock victim. Rerun the transaction.',
};

export const unavailable: DoubleError = {
  number: 40_613,
  severity: 17,
  text: "Database 'shop' on server 'double' is not currently available. Please retry the connection later.",
};

/** Once, at the first statement of this name. */
export function once(name: string, interference: Interference | (() => void)): Interferes {
  let isDone = false;
  return (statement) => {
    if (isDone || statement.name !== name) return undefined;
    isDone = true;
    return typeof interference === 'function' ? interference() : interference;
  };
}
