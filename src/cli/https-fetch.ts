import { request as httpRequest, Agent as HttpAgent, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { text } from 'node:stream/consumers';
import { fault, type Fault } from '#base/fault.ts';
import type { FetchAnswer, FetchLike, FetchRequest } from '#arm/client-fetch.ts';

/** A `fetch` that trusts one CA of one's own, which the one of Node cannot do. Connections are kept until it is disposed of. */
export interface HttpsFetch extends Disposable {
  readonly fetch: FetchLike;
}

const silentMs = 120_000;

/**
 * `ca`: PEM; undefined: the usual ones. Plain HTTP is spoken to this machine only.
 * Faults: `ServerUnreachable`, `CertificateNotTrusted`, `ServerSilent`, `PlainHttp`.
 */
export function httpsFetch(ca: string | undefined): HttpsFetch {
  const secure = new HttpsAgent({ keepAlive: true, ...(ca === undefined ? {} : { ca }) });
  const plain = new HttpAgent({ keepAlive: true });
  return {
    fetch: (address, request) => {
      const url = new URL(address);
      if (url.protocol === 'http:' && !isLoopback(url.hostname)) throw plainHttp(url);
      return once(url, request, url.protocol === 'http:' ? plain : secure);
    },
    [Symbol.dispose]: () => {
      secure.destroy();
      plain.destroy();
    },
  };
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(host);
}

function once(url: URL, { method, headers, body, signal }: FetchRequest, agent: HttpAgent | HttpsAgent): Promise<FetchAnswer> {
  return new Promise((resolve, reject) => {
    const bytes = body === undefined ? undefined : Buffer.from(body);
    const length = bytes === undefined ? {} : { 'content-length': String(bytes.length) };
    const options = { method, headers: { ...headers, ...length }, agent, ...(signal === undefined ? {} : { signal }) };
    const sent = agent instanceof HttpsAgent ? httpsRequest(url, options) : httpRequest(url, options);
    sent.on('response', (answer) => resolve(answerOf(answer)));
    sent.on('error', (cause) => reject(signal?.aborted === true ? cause : connectionFault(url, cause)));
    sent.setTimeout(silentMs, () => sent.destroy(silent(url)));
    sent.end(bytes);
  });
}

function answerOf(answer: IncomingMessage): FetchAnswer {
  return {
    status: answer.statusCode ?? 0,
    headers: {
      get: (name) => {
        const value = answer.headers[name.toLowerCase()];
        return value === undefined ? null : String(value);
      },
    },
    text: () => text(answer),
  };
}

const certificateCodes = /^(?:ERR_TLS|CERT_|SELF_SIGNED|DEPTH_ZERO|UNABLE_TO_)/;

function connectionFault(url: URL, cause: Error): Error {
  if ('kind' in cause) return cause;
  const code = 'code' in cause ? String(cause.code) : '';
  if (certificateCodes.test(code)) {
    return fault('unreachable', 'CertificateNotTrusted', `The certificate of ${url.origin} is not trusted (${code}).`, {
      target: url.origin,
      remedy: 'Sign in with isthmus login --ca FILE, where FILE is the ca.pem in the data folder of that server.',
      cause,
    });
  }
  return fault('unreachable', 'ServerUnreachable', `${url.origin} does not answer${code === '' ? '' : ` (${code})`}.`, {
    target: url.origin,
    remedy: 'Start it with isthmus up, or sign in to another address with isthmus login --endpoint URL.',
    cause,
  });
}

function silent(url: URL): Fault {
  return fault('timeout', 'ServerSilent', `${url.origin} said nothing for ${silentMs / 1_000} s.`, {
    target: url.origin,
    remedy: 'Look at the log of isthmus up, then try again.',
  });
}

function plainHttp(url: URL): Fault {
  return fault('invalid', 'PlainHttp', `${url.origin} is not https: tokens would travel in the clear.`, {
    target: url.origin,
    remedy: 'Use the https address that isthmus up prints.',
  });
}
