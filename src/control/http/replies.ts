import { randomUUID } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { fault, policies, toFault, type Fault } from '#base/fault.ts';
import type { Log } from '#base/log.ts';
import { armErrorBody, statusOf } from '#arm/arm-error.ts';
import { ownBase } from '#arm/type-plane.ts';
import type { Answer } from './plane.ts';

const jsonType = 'application/json; charset=utf-8';
const idForm = /^[\w.:-]{1,100}$/;

/** The ids that a request goes by: given by the client, or made. */
export function correlationIdOf(headers: FastifyRequest['headers']): string {
  const given = headers['x-ms-correlation-request-id'];
  return typeof given === 'string' && idForm.test(given) ? given : randomUUID();
}

let second = 0;
let secondText = '';

/** `20261122T054900Z`: made once a second. */
function timeText(): string {
  const now = Math.floor(Date.now() / 1000);
  if (now !== second) {
    second = now;
    secondText = new Date(now * 1000).toISOString().slice(0, 19).replaceAll(/[-:]/g, '');
  }
  return `${secondText}Z`;
}

/** Headers of every answer. `request.id` is the correlation id. */
export function setUsualHeaders(request: FastifyRequest, reply: FastifyReply): void {
  const id = randomUUID();
  reply.header('x-ms-request-id', id);
  reply.header('x-ms-correlation-request-id', request.id);
  reply.header('x-ms-routing-request-id', `ISTHMUS:${timeText()}:${id}`);
  reply.header('cache-control', 'no-cache');
  reply.header('x-content-type-options', 'nosniff');
  reply.header('strict-transport-security', 'max-age=31536000');
  const client = request.headers['x-ms-client-request-id'];
  if (client === undefined || request.headers['x-ms-return-client-request-id'] !== 'true') return;
  if (typeof client === 'string' && idForm.test(client)) reply.header('x-ms-client-request-id', client);
}

/** `base`: `https://host:port` as the client used it, which takes the place of `ownBase`. */
export function sendAnswer(reply: FastifyReply, { status, body, text, headers }: Answer, base?: string): FastifyReply {
  reply.code(status);
  if (headers !== undefined) for (const name in headers) reply.header(name, headers[name]);
  const json = text ?? (body === undefined ? undefined : JSON.stringify(body));
  if (json === undefined) return reply.send();
  return reply.header('content-type', jsonType).send(base === undefined ? json : json.replaceAll(ownBase, () => base));
}

/** What speaks of a request's end when it is refused. */
export interface RefusalContext {
  readonly log: Log;
  /** Where clients get tokens. */
  readonly authority: (request: FastifyRequest) => string;
}

export function sendFault(request: FastifyRequest, reply: FastifyReply, error: unknown, { log, authority }: RefusalContext): FastifyReply {
  const trouble = faultOf(error);
  const status = statusOf(trouble);
  if (status >= 500) log.error({ err: error, correlationId: request.id, method: request.method }, 'request failed');
  if (status === 401) {
    const words = `Bearer authorization_uri="${authority(request)}", error="invalid_token", error_description="${described(trouble)}"`;
    reply.header('www-authenticate', words);
  }
  if (status === 429 || status === 503) reply.header('retry-after', '5');
  if (status === 405) reply.header('allow', 'GET, HEAD, PUT, PATCH, POST, DELETE');
  return sendBody(reply, status, JSON.stringify(armErrorBody(trouble, request.id)));
}

function sendBody(reply: FastifyReply, status: number, text: string): FastifyReply {
  return reply.code(status).header('content-type', jsonType).send(text);
}

/** A header's quoted text. */
function described({ message }: Fault): string {
  return message.replaceAll(/[^\x20-\x7e]|["\\]/g, ' ').slice(0, 300);
}

/** The framework's own refusals are the client's fault; everything else that is no fault is a bug. */
function faultOf(error: unknown): Fault {
  const status = (error as { statusCode?: unknown } | null)?.statusCode;
  if (typeof status !== 'number' || status < 400 || status >= 500) return toFault(error);
  if (status === 413)
    return fault('invalid', 'RequestContentTooLarge', 'The request content is too large.', { remedy: 'Send at most 4 MB.', cause: error });
  if (status === 415) {
    return fault('invalid', 'UnsupportedMediaType', 'The media type of the content is not supported.', {
      target: 'Content-Type',
      remedy: 'Send Content-Type: application/json.',
      cause: error,
    });
  }
  if ((error as { code?: unknown }).code === 'FST_ERR_BAD_URL') {
    return fault('invalid', 'InvalidUri', 'The address is not valid: it has a broken escape.', {
      remedy: 'Write a percent sign as %25.',
      cause: error,
    });
  }
  return fault('invalid', 'InvalidRequest', 'The request is not valid HTTP.', {
    remedy: 'Look at its headers and its length.',
    cause: error,
  });
}

/** Refuses what is not HTTP, or not in time, on the bare connection. */
export function refuseConnection(code: string | undefined): string {
  const { status, words, body } = connectionRefusal(code);
  const text = JSON.stringify({ error: body });
  return `HTTP/1.1 ${status} ${words}\r\ncontent-type: ${jsonType}\r\ncontent-length: ${Buffer.byteLength(text)}\r\nconnection: close\r\n\r\n${text}`;
}

function connectionRefusal(code: string | undefined): { status: number; words: string; body: { code: string; message: string } } {
  switch (code) {
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return { status: 408, words: 'Request Timeout', body: { code: 'RequestTimeout', message: 'The request did not arrive in time.' } };
    case 'HPE_HEADER_OVERFLOW':
      return {
        status: 431,
        words: 'Request Header Fields Too Large',
        body: { code: 'RequestHeadersTooLarge', message: 'The address and headers are too long. Send at most 32 KB of them.' },
      };
    default:
      return {
        status: policies.invalid.http,
        words: 'Bad Request',
        body: { code: 'InvalidRequest', message: 'The request is not valid HTTP.' },
      };
  }
}
