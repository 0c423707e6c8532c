/** What went wrong, as a class of behaviour. The kind alone decides exit code, status, retry and log level: see `policies`. */
export type FaultKind =
  | 'invalid'
  | 'unauthenticated'
  | 'denied'
  | 'missing'
  | 'conflict'
  | 'precondition'
  | 'unsupported'
  | 'throttled'
  | 'unreachable'
  | 'timeout'
  | 'cancelled'
  | 'lost-history'
  | 'corrupt'
  | 'bug';

export interface FaultOptions {
  /** The resource, table, file or address that is wrong. */
  readonly target?: string | undefined;
  /** What the reader can do about it, as one sentence or as SQL to run. */
  readonly remedy?: string | undefined;
  readonly details?: readonly Fault[] | undefined;
  readonly cause?: unknown;
}

/** The one error class. Messages never carry secrets, row values or other people's SQL. */
export class Fault extends Error {
  readonly kind: FaultKind;
  readonly code: string;
  readonly target: string | undefined;
  readonly remedy: string | undefined;
  readonly details: readonly Fault[] | undefined;

  constructor(kind: FaultKind, code: string, message: string, options: FaultOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'Fault';
    this.kind = kind;
    this.code = code;
    this.target = options.target;
    this.remedy = options.remedy;
    this.details = options.details;
  }
}

export function fault(kind: FaultKind, code: string, message: string, options?: FaultOptions): Fault {
  return new Fault(kind, code, message, options);
}

export interface FaultPolicy {
  readonly http: number;
  readonly armCode: string;
  /** SQL Server error number sent to TDS clients. */
  readonly tds: number;
  readonly exit: number;
  /** `backoff`: try again for ever with growing pauses; `copy`: the tables must be copied anew; `never`: a human must act. */
  readonly retry: 'never' | 'backoff' | 'copy';
  readonly log: 'debug' | 'info' | 'warn' | 'error';
}

/** Everything that follows from a fault, by kind. */
export const policies: Readonly<Record<FaultKind, FaultPolicy>> = {
  invalid: { http: 400, armCode: 'InvalidRequestContent', tds: 102, exit: 2, retry: 'never', log: 'info' },
  unauthenticated: { http: 401, armCode: 'AuthenticationFailed', tds: 18456, exit: 3, retry: 'never', log: 'info' },
  denied: { http: 403, armCode: 'AuthorizationFailed', tds: 229, exit: 3, retry: 'never', log: 'warn' },
  missing: { http: 404, armCode: 'ResourceNotFound', tds: 208, exit: 4, retry: 'never', log: 'info' },
  conflict: { http: 409, armCode: 'Conflict', tds: 50000, exit: 5, retry: 'never', log: 'info' },
  precondition: { http: 412, armCode: 'PreconditionFailed', tds: 50000, exit: 5, retry: 'never', log: 'info' },
  unsupported: { http: 400, armCode: 'NotSupported', tds: 40510, exit: 2, retry: 'never', log: 'info' },
  throttled: { http: 429, armCode: 'TooManyRequests', tds: 40501, exit: 6, retry: 'backoff', log: 'warn' },
  unreachable: { http: 502, armCode: 'BadGateway', tds: 40613, exit: 7, retry: 'backoff', log: 'warn' },
  timeout: { http: 504, armCode: 'GatewayTimeout', tds: 40613, exit: 7, retry: 'backoff', log: 'warn' },
  cancelled: { http: 409, armCode: 'Canceled', tds: 0, exit: 130, retry: 'never', log: 'debug' },
  'lost-history': { http: 409, armCode: 'LostHistory', tds: 50000, exit: 5, retry: 'copy', log: 'error' },
  corrupt: { http: 502, armCode: 'Corrupt', tds: 824, exit: 8, retry: 'never', log: 'error' },
  bug: { http: 500, armCode: 'InternalServerError', tds: 50000, exit: 70, retry: 'never', log: 'error' },
};

/** Any thrown value as a fault; what is not one already is a bug, except an abort. */
export function toFault(error: unknown): Fault {
  if (error instanceof Fault) return error;
  if (error instanceof Error && error.name === 'AbortError')
    return fault('cancelled', 'Canceled', 'The work was cancelled.', { cause: error });
  return fault('bug', 'InternalError', error instanceof Error ? error.message : String(error), { cause: error });
}

export function assert(condition: unknown, text: string): asserts condition {
  if (!condition) throw fault('bug', 'AssertionFailed', text);
}

export function must<T>(value: T | undefined | null, text: string): T {
  if (value === undefined || value === null) throw fault('bug', 'AssertionFailed', text);
  return value;
}

export function unreachable(value: never): never {
  throw fault('bug', 'AssertionFailed', `unexpected ${JSON.stringify(value)}`);
}
