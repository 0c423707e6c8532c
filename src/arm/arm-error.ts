import { policies, type Fault, type FaultKind } from '#base/fault.ts';
import type { JsonObject, StatusFault } from './resource.ts';

/** One refusal as ARM's clients read it. */
export interface ArmError {
  readonly code: string;
  readonly message: string;
  readonly target?: string;
  readonly details?: readonly ArmError[];
  /** `Remedy`: what to do about it, `{remedy}`. */
  readonly additionalInfo?: readonly { readonly type: string; readonly info: JsonObject }[];
}

/** The body of every answer that is not a success. */
export interface ArmErrorBody {
  readonly error: ArmError;
}

const maxDetails = 50;

/** The HTTP status of a fault. */
export function statusOf({ kind, code }: Pick<Fault, 'kind' | 'code'>): number {
  return (Object.hasOwn(statusOfCode, code) ? statusOfCode[code] : undefined) ?? policies[kind].http;
}

/** Codes that HTTP has a status of its own for. */
const statusOfCode: Readonly<Record<string, number>> = Object.freeze({
  MethodNotAllowed: 405,
  RequestTimeout: 408,
  RequestContentTooLarge: 413,
  UriTooLong: 414,
  UnsupportedMediaType: 415,
  RequestHeadersTooLarge: 431,
  ServiceUnavailable: 503,
});

/** A fault as the envelope. A bug shows nothing of itself but what it can be found by. */
export function armErrorBody(trouble: Fault, correlationId: string): ArmErrorBody {
  if (trouble.kind !== 'bug') return { error: armError(trouble) };
  const message = `Something went wrong that should not have. It was logged with the correlation id '${correlationId}'.`;
  return { error: { code: policies.bug.armCode, message } };
}

/** The remedy is the last sentence of the message, where people look, and a member of its own, where programs do. */
export function armError(trouble: Fault | StatusFault): ArmError {
  const { code, message, target, remedy } = trouble;
  const details = 'details' in trouble ? trouble.details : undefined;
  return {
    code,
    message: withRemedy(message, remedy),
    ...(target === undefined ? {} : { target }),
    ...(details === undefined || details.length === 0 ? {} : { details: details.slice(0, maxDetails).map((one) => armError(one)) }),
    ...(remedy === undefined ? {} : { additionalInfo: [{ type: 'Remedy', info: { remedy } }] }),
  };
}

function withRemedy(message: string, remedy: string | undefined): string {
  if (remedy === undefined) return message;
  return `${message}${/[.!?]$/.test(message) ? '' : '.'} ${remedy}`;
}

/** What a status says of the kind of fault: for a client that got one. */
export function kindOfStatus(status: number): FaultKind {
  switch (status) {
    case 401:
      return 'unauthenticated';
    case 403:
      return 'denied';
    case 404:
      return 'missing';
    case 409:
      return 'conflict';
    case 412:
      return 'precondition';
    case 429:
      return 'throttled';
    case 408:
    case 504:
      return 'timeout';
    default:
      if (status >= 500) return 'unreachable';
      return 'invalid';
  }
}
