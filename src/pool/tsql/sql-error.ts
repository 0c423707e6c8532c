import { fault, policies, toFault, type Fault, type FaultKind } from '#base/fault.ts';
import type { SqlMessage } from './session.ts';
import type { Place } from './syntax/ast.ts';

export interface SqlErrorOptions {
  /** 16 by default: the user can correct it. 15 for syntax. */
  readonly severity?: number | undefined;
  readonly state?: number | undefined;
  readonly place?: Pick<Place, 'line'> | undefined;
  readonly kind?: FaultKind | undefined;
  readonly remedy?: string | undefined;
  readonly procedure?: string | undefined;
}

/** What is wrong with a statement, as SQL Server numbers and words it: `sqlError(208, "Invalid object name 'x'.")`. */
export function sqlError(number: number, text: string, options: SqlErrorOptions = {}): Fault {
  const { severity = 16, state = 1, place, kind = 'invalid', remedy, procedure } = options;
  const message: SqlMessage = { number, severity, state, text, line: place?.line ?? 1, procedure };
  return fault(kind, `Sql${number}`, text, { cause: message, remedy });
}

/** What is known and not supported here, by name: error 40510 and what to write instead. */
export function notSupported(what: string, place: Pick<Place, 'line'>, remedy?: string): Fault {
  return sqlError(40_510, `${what} is not supported by this SQL pool.${remedy === undefined ? '' : ` ${remedy}`}`, {
    place,
    kind: 'unsupported',
    remedy,
  });
}

/** Any thrown value as the message that a client is told. */
export function sqlMessageOf(error: unknown): SqlMessage {
  const known = toFault(error);
  const cause = known.cause;
  if (known.code.startsWith('Sql') && typeof cause === 'object' && cause !== null && 'severity' in cause) return cause as SqlMessage;
  const { tds } = policies[known.kind];
  const text = known.remedy === undefined ? known.message : `${known.message} ${known.remedy}`;
  return { number: tds === 0 ? 3617 : tds, severity: known.kind === 'bug' ? 20 : 16, state: 1, text, line: 1 };
}
