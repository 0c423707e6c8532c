import type { ServerResponse } from 'node:http';
import { fault } from '#base/fault.ts';
import { isWithin, keyOf } from '#arm/resource-id.ts';
import type { ResourceChange } from '#arm/store.ts';
import type { Ask, Plane } from './plane.ts';
import { permissionTypeOf, readableBy } from './readable.ts';

const heartbeatMs = 15_000;
/** After it the client comes again, with a token that is still valid. */
const longestMs = 15 * 60_000;
const maxStreams = 200;
/** As many changes may wait for a slow client. */
const maxWaiting = 1000;
const maxBufferedBytes = 1024 * 1024;

/** Streams of changes to those who may read what changed. */
export interface EventStreams extends Disposable {
  /**
   * Answers with server-sent events: `change` with `{id, type, kind}`; `lost` when the client was too slow and must read everything again.
   * `?scope=` an id: only what is in it. Fault: `TooManyStreams` (throttled).
   */
  open(ask: Ask, response: ServerResponse): void;
}

export function eventStreams(plane: Plane): EventStreams {
  const streams = new Set<ServerResponse>();
  return {
    open: (ask, response) => {
      if (streams.size >= maxStreams) {
        throw fault('throttled', 'TooManyStreams', `There are ${maxStreams} streams of events already.`, {
          remedy: 'Close one, or come again later.',
        });
      }
      streams.add(response);
      const end = stream(ask, response, plane);
      response.once('close', () => {
        streams.delete(response);
        end();
      });
    },
    [Symbol.dispose]: () => {
      for (const response of streams) response.end();
    },
  };
}

/** Returns what ends it. */
function stream(ask: Ask, response: ServerResponse, plane: Plane): () => void {
  const scope = keyOf(ask.uri.query.get('scope') ?? '').replace(/\/+$/, '');
  let waiting: ResourceChange[] = [];
  let lost = false;
  let busy = false;
  const send = (text: string): void => {
    if (response.writableEnded) return;
    response.write(text);
    if (response.writableLength > maxBufferedBytes) response.destroy();
  };
  const drain = async (): Promise<void> => {
    busy = true;
    // Rights may change: each run of changes is asked about anew.
    const readable = readableBy(ask.principal, scope, plane.authorizer);
    while (waiting.length > 0) {
      const changes = waiting;
      waiting = [];
      for (const { id, type, kind } of changes) {
        if (await readable.mayRead(permissionTypeOf(plane.catalog, type), id))
          send(`event: change\ndata: ${JSON.stringify({ id, type, kind })}\n\n`);
      }
    }
    if (lost) send('event: lost\ndata: {}\n\n');
    lost = false;
    busy = false;
  };
  const stop = plane.store.onChange((change) => {
    if (!isWithin(keyOf(change.id), scope)) return;
    if (waiting.length < maxWaiting) waiting.push(change);
    else lost = true;
    if (!busy) drain().catch((error: unknown) => fail(error));
  });
  const fail = (error: unknown): void => {
    plane.log.warn({ err: error }, 'a stream of events ended');
    response.destroy();
  };
  const heartbeat = setInterval(send, heartbeatMs, ': still here\n\n');
  const end = setTimeout(() => response.end(), longestMs);
  response.writeHead(200, {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-cache, no-transform',
    'x-ms-correlation-request-id': ask.correlationId,
  });
  send('retry: 1000\n: ready\n\n');
  return () => {
    stop();
    clearInterval(heartbeat);
    clearTimeout(end);
  };
}
