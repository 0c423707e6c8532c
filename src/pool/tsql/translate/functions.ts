import type { Expression, FunctionCall, Place } from '../syntax/ast.ts';
import type { Scope, Typed } from './typed.ts';

export interface CallContext {
  readonly call: FunctionCall;
  readonly scope: Scope;
  readonly place: Place;
  /** In capitals, as messages name it. */
  readonly name: string;
  readonly translate: (node: Expression, scope: Scope) => Typed;
}

/** One function: a row of the table that says what is known. */
export interface FunctionRule {
  /** Arguments that it takes. */
  readonly least: number;
  readonly most: number;
  readonly group: FunctionGroup;
  /** What differs from SQL Server, or is refused, for docs/tsql.md. */
  readonly note?: string;
  /** `args`: its arguments, translated; those that are no expressions (date parts, `*`) are absent from it. */
  readonly write: (args: readonly Typed[], context: CallContext) => Typed;
}

export type FunctionGroup = 'text' | 'number' | 'date and time' | 'conversion' | 'condition' | 'JSON' | 'other' | 'aggregate' | 'window';
