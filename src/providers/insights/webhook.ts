import { request as plainRequest, type IncomingMessage } from 'node:http';
import { request as secureRequest, type RequestOptions } from 'node:https';
import { Fault, fault } from '#base/fault.ts';
import { localHostDenial, outsideLookup } from './local-address.ts';

export interface WebhookCall {
  /** The whole address: a secret. */
  readonly uri: string;
  readonly body: string;
  /** Same for each try of a delivery. */
  readonly deliveryId: string;
  readonly timeoutMs: number;
  /** It may lead to this host itself. */
  readonly allowsLocal: boolean;
}

const mostAnswerBytes = 65_536;

/**
 * Posts JSON; resolves when it was taken (2xx). Redirects are not followed. No fault tells the address, only its host. Faults: `LocalWebhookDenied`
 * (denied), `WebhookRefused` (unsupported), and what may pass: `WebhookBusy`, `WebhookFailed` (unreachable), `WebhookSilent` (timeout).
 */
export async function postWebhook({ uri, body, deliveryId, timeoutMs, allowsLocal }: WebhookCall, signal: AbortSignal): Promise<void> {
  const url = new URL(uri);
  const denial = allowsLocal ? undefined : localHostDenial(url.hostname);
  if (denial !== undefined) throw denial;
  const options: RequestOptions = {
    method: 'POST',
    agent: false,
    headers: {
      'content-type': 'application/json; charset=utf-8',
      'content-length': Buffer.byteLength(body),
      'user-agent': 'Isthmus-Alerts',
      'x-isthmus-delivery': deliveryId,
    },
    ...(allowsLocal ? {} : { lookup: outsideLookup }),
    signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
  };
  const status = await answered(url, options, body, signal);
  if (status >= 200 && status < 300) return;
  if (status === 408 || status === 429 || status >= 500)
    throw fault('unreachable', 'WebhookBusy', `${url.host} answered with status ${status}.`, {
      target: url.host,
      remedy: 'It is tried again.',
    });
  throw fault('unsupported', 'WebhookRefused', `${url.host} answered with status ${status}: it does not take the message.`, {
    target: url.host,
    remedy: status < 400 ? 'Name the address that it leads to: redirects are not followed.' : 'Look at the address of the receiver.',
  });
}

function answered(url: URL, options: RequestOptions, body: string, signal: AbortSignal): Promise<number> {
  return new Promise((resolve, reject) => {
    const fail = (error: unknown): void => reject(failed(error, url.host, signal));
    const take = (answer: IncomingMessage): void => {
      let bytes = 0;
      answer.on('data', (part: Buffer) => {
        bytes += part.length;
        if (bytes > mostAnswerBytes) answer.destroy();
      });
      answer.once('error', fail);
      answer.once('close', () => resolve(answer.statusCode ?? 0));
    };
    const sent = url.protocol === 'https:' ? secureRequest(url, options, take) : plainRequest(url, options, take);
    sent.once('error', fail);
    sent.end(body);
  });
}

function failed(error: unknown, host: string, signal: AbortSignal): Fault {
  if (error instanceof Fault) return error;
  if (signal.aborted) return fault('cancelled', 'Canceled', 'The message was not sent to its end.');
  const { name, code } = error as NodeJS.ErrnoException;
  if (name === 'TimeoutError' || name === 'AbortError')
    return fault('timeout', 'WebhookSilent', `${host} did not answer in time.`, { target: host, remedy: 'It is tried again.' });
  return fault('unreachable', 'WebhookFailed', `${host} could not be reached: ${code ?? 'failed'}.`, {
    target: host,
    remedy: 'Check its name, its certificate, and that no firewall is between. It is tried again.',
  });
}
