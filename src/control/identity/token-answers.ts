import { randomUUID } from 'node:crypto';
import type { JsonObject } from '#arm/resource.ts';

/** What the token authority answers, for any HTTP server. */
export interface TokenAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: JsonObject;
}

/** How Entra refuses: OAuth's word, and the number that people search for. */
export interface TokenRefusal {
  readonly status: 400 | 401 | 413 | 429;
  readonly error: string;
  /** Of AADSTS…. */
  readonly number: number;
  /** A sentence on what is wrong and one on what to do. No secrets. */
  readonly text: string;
  readonly retryAfterSeconds?: number;
}

const noStore = { 'cache-control': 'no-store', pragma: 'no-cache' };

export function answered(body: JsonObject, headers: Readonly<Record<string, string>> = noStore): TokenAnswer {
  return { status: 200, headers, body };
}

export function refused(
  refusal: TokenRefusal,
  { nowMs, correlationId }: { readonly nowMs: number; readonly correlationId: string },
): TokenAnswer {
  const { status, error, number, text, retryAfterSeconds } = refusal;
  const timestamp = `${new Date(nowMs).toISOString().slice(0, 19).replace('T', ' ')}Z`;
  const traceId = randomUUID();
  return {
    status,
    headers: { ...noStore, ...(retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) }) },
    body: {
      error,
      error_description: `AADSTS${number}: ${text} Trace ID: ${traceId} Correlation ID: ${correlationId} Timestamp: ${timestamp}`,
      error_codes: [number],
      timestamp,
      trace_id: traceId,
      correlation_id: correlationId,
    },
  };
}

export const refusals: Readonly<Record<'notAForm' | 'tooLarge' | 'wrongSecret' | 'expiredSecret' | 'noSecret', TokenRefusal>> = {
  notAForm: {
    status: 400,
    error: 'invalid_request',
    number: 900144,
    text: 'The body is not a form. Send Content-Type: application/x-www-form-urlencoded.',
  },
  tooLarge: {
    status: 413,
    error: 'invalid_request',
    number: 90013,
    text: 'The body is too large. A request for a token takes under 64 kB.',
  },
  wrongSecret: {
    status: 401,
    error: 'invalid_client',
    number: 7000215,
    text: 'Invalid client id or client secret provided. Send the secret itself, as it was shown when the password was made, not its key id; a new one is made with addPassword of the service principal.',
  },
  expiredSecret: {
    status: 401,
    error: 'invalid_client',
    number: 7000222,
    text: 'The provided client secret has expired. Make a new one with addPassword of the service principal.',
  },
  noSecret: {
    status: 401,
    error: 'invalid_client',
    number: 7000216,
    text: "'client_secret' is required for the 'client_credentials' grant type. Certificates and assertions are not supported.",
  },
};

export function missingParameter(name: string): TokenRefusal {
  return {
    status: 400,
    error: 'invalid_request',
    number: 900144,
    text: `The request body must contain the following parameter: '${name}'.`,
  };
}

export function doubleParameter(name: string): TokenRefusal {
  return { status: 400, error: 'invalid_request', number: 90014, text: `The parameter '${name}' was sent more than once. Send it once.` };
}

export function unsupportedGrant(): TokenRefusal {
  return {
    status: 400,
    error: 'unsupported_grant_type',
    number: 70003,
    text: "The grant type is not supported. Send grant_type=client_credentials: a service principal's client_id and client_secret.",
  };
}

export function unknownTenant(tenant: string, error: 'invalid_request' | 'invalid_tenant'): TokenRefusal {
  return {
    status: 400,
    error,
    number: 90002,
    text: `Tenant '${shortText(tenant)}' not found. Use the tenant id that 'isthmus up' prints, or 'adfs'.`,
  };
}

export function badScope(scope: string): TokenRefusal {
  return {
    status: 400,
    error: 'invalid_scope',
    number: 1002012,
    text: `The provided value for scope '${shortText(scope)}' is not valid. Client credential flows must have a scope value with /.default suffixed to the resource identifier.`,
  };
}

export function unknownResource(resource: string, tenant: string): TokenRefusal {
  return {
    status: 400,
    error: 'invalid_resource',
    number: 500011,
    text: `The resource principal named '${shortText(resource)}' was not found in the tenant named '${tenant}'. Ask for this installation's own address, https://management.azure.com, https://management.core.windows.net/ or https://dev.azuresynapse.net.`,
  };
}

export function throttled(retryAfterSeconds: number): TokenRefusal {
  return {
    status: 429,
    error: 'temporarily_unavailable',
    number: 90055,
    text: `There were too many refused sign-ins with this client id or from this address. Try again in ${retryAfterSeconds} s.`,
    retryAfterSeconds,
  };
}

function shortText(text: string): string {
  return text.slice(0, 200).replaceAll(/[^\x20-\x7e]|[<>"'&]/g, '?');
}
