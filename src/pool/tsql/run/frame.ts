import type { AnswerSink, SqlMessage, SqlValue } from '../session.ts';
import type { Statement } from '../syntax/statement.ts';
import type { TsqlType } from '../tsql-type.ts';
import type { SessionCore } from './session-core.ts';

/** A local variable. Its type is declared; its value changes. */
export interface Variable {
  readonly name: string;
  readonly type: TsqlType;
  value: SqlValue;
}

/** Runs all statements of a text in a frame of its own, and ends the frame. */
export type Interpret = (statements: readonly Statement[], core: SessionCore, frame: Frame) => Promise<Flow>;

/** One batch, or the text of `sp_executesql` within it: what its statements share. */
export interface Frame {
  /** For texts within it. */
  readonly interpret: Interpret;
  readonly sink: AnswerSink;
  readonly signal: AbortSignal;
  /** By their names in lower case, with the `@`. */
  readonly variables: Map<string, Variable>;
  /** 0: the batch itself. */
  readonly level: number;
  readonly procedure: string | undefined;
  /** TRY blocks of its own that statements stand in, and whether whoever called it stands in one. */
  tries: number;
  readonly isTriedOutside: boolean;
  /** Errors that CATCH blocks are at work on, the innermost last. */
  readonly caught: SqlMessage[];
  /** Statements that may still run: shared by all frames of a request. */
  readonly budget: { left: number };
  /** Temporary tables and table variables that end with it. */
  readonly temporaries: Set<string>;
}

/** How a statement ended. */
export type Flow =
  | { readonly kind: 'next' | 'break' | 'continue' }
  | { readonly kind: 'return'; readonly status: number }
  | {
      readonly kind: 'failed';
      readonly message: SqlMessage;
      /** Where it happened: a TRY of the same frame does not catch what its compilation found. */
      readonly frame: Frame;
      /** Nothing more of the batch runs, unless a CATCH takes it. */
      readonly ends: boolean;
    };

export const next: Flow = { kind: 'next' };

/** `statements`: how many may run. */
export function outermostFrame({ sink, signal, interpret }: Pick<Frame, 'sink' | 'signal' | 'interpret'>, statements: number): Frame {
  return {
    sink,
    signal,
    interpret,
    variables: new Map(),
    level: 0,
    procedure: undefined,
    tries: 0,
    isTriedOutside: false,
    caught: [],
    budget: { left: statements },
    temporaries: new Set(),
  };
}

/** Of a text that is run within another: it sees none of its variables. */
export function innerFrame(outer: Frame, procedure: string | undefined): Frame {
  return {
    ...outer,
    variables: new Map(),
    level: outer.level + 1,
    procedure,
    tries: 0,
    isTriedOutside: outer.tries > 0 || outer.isTriedOutside,
    temporaries: new Set(),
  };
}
