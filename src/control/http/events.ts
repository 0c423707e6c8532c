import { randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { fault, toFault } from '#base/fault.ts';
import type { LiveChange, LiveChanges } from '#arm/live-changes.ts';
import { isWithin, keyOf } from '#arm/resource-id.ts';
import type { ResourceChange } from '#arm/store.ts';
import type { Ask, Plane } from './plane.ts';
import { permissionTypeOf, readableBy } from './readable.ts';

/** Whoever hears nothing for longer knows that the way is broken: comments would not reach a page's script. */
const heartbeatMs = 5_000;
/** After it the client comes again, with a token that is still valid. */
const longestMs = 15 * 60_000;
const maxStreams = 200;
/** Of one principal, or whoever may come in at all could leave none for others. */
const maxStreamsOfOne = 50;
/** As many changes may wait for a slow client. */
const maxWaiting = 1000;
const maxBufferedBytes = 1024 * 1024;

/** Streams of changes to those who may read what changed. */
export interface EventStreams extends Disposable {
  /**
   * Answers with server-sent events. First `hello` with `{boot}`: another text after each start of this process, for what happened between two
   * streams was not told. `change` with `{id, type, kind}`, kind `written`, `settled` or `removed` of what is stored, and `live` where a read
   * shows something else though nothing was written. `lost` when the client was too slow and must read everything again.
   * `?scope=` an id: only what is in it. Fault: `TooManyStreams` (throttled).
   */
  open(ask: Ask, response: ServerResponse): void;
}

type Change = (ResourceChange | (LiveChange & { readonly kind: 'live' })) & { readonly key: string };

/** What streams are made from. */
interface Ground {
  readonly plane: Plane;
  readonly live: Pick<LiveChanges, 'onLive'> | undefined;
  readonly boot: string;
}

export function eventStreams(plane: Plane, live?: Pick<LiveChanges, 'onLive'>): EventStreams {
  const ground = { plane, live, boot: randomUUID() };
  const streams = new Map<ServerResponse, string>();
  return {
    open: (ask, response) => {
      if (streams.size >= maxStreams) {
        throw fault('throttled', 'TooManyStreams', `There are ${maxStreams} streams of events already.`, {
          remedy: 'Close one, or come again later.',
        });
      }
      const { id } = ask.principal;
      const own = [...streams.values()].filter((one) => one === id);
      if (own.length >= maxStreamsOfOne) {
        throw fault('throttled', 'TooManyStreams', `${ask.principal.name} has ${maxStreamsOfOne} streams of events already.`, {
          remedy: 'Close one, such as a page of the Studio, or come again later.',
        });
      }
      streams.set(response, id);
      const end = stream(ask, response, ground);
      response.once('close', () => {
        streams.delete(response);
        end();
      });
    },
    [Symbol.dispose]: () => {
      for (const response of streams.keys()) response.end();
    },
  };
}

/** Returns what ends it. */
function stream(ask: Ask, response: ServerResponse, { plane, live, boot }: Ground): () => void {
  const scope = keyOf(ask.uri.query.get('scope') ?? '').replace(/\/+$/, '');
  let waiting: Change[] = [];
  /** Keys of those that wait to be told as live: another ring adds nothing. */
  const liveWaiting = new Set<string>();
  let lost = false;
  let busy = false;
  const send = (text: string): void => {
    if (response.writableEnded) return;
    response.write(text);
    if (response.writableLength > maxBufferedBytes) response.destroy();
  };
  /** Who has signed out, or is no more, is told nothing from then on. */
  const isStillIn = async (): Promise<boolean> => {
    try {
      await ask.verifyAgain();
      return true;
    } catch (error) {
      if (toFault(error).kind !== 'unauthenticated') throw error;
      response.end();
      return false;
    }
  };
  const drain = async (): Promise<void> => {
    busy = true;
    if (!(await isStillIn())) return;
    // Rights may change: each run of changes is asked about anew.
    const readable = readableBy(ask.principal, scope, plane.authorizer);
    while (waiting.length > 0) {
      const changes = waiting;
      waiting = [];
      liveWaiting.clear();
      for (const { id, type, kind } of changes) {
        if (await readable.mayRead(permissionTypeOf(plane.catalog, type), id))
          send(`event: change\ndata: ${JSON.stringify({ id, type, kind })}\n\n`);
      }
    }
    if (lost) send('event: lost\ndata: {}\n\n');
    lost = false;
    busy = false;
  };
  const take = (change: Change): void => {
    if (!isWithin(change.key, scope) || (change.kind === 'live' && liveWaiting.has(change.key))) return;
    if (waiting.length >= maxWaiting) lost = true;
    else {
      waiting.push(change);
      if (change.kind === 'live') liveWaiting.add(change.key);
    }
    if (!busy) drain().catch((error: unknown) => fail(error));
  };
  const stops = [
    plane.store.onChange((change) => take({ ...change, key: keyOf(change.id) })),
    live?.onLive((change) => take({ ...change, kind: 'live', key: keyOf(change.id) })),
  ];
  const fail = (error: unknown): void => {
    plane.log.warn({ err: error }, 'a stream of events ended');
    response.destroy();
  };
  const beat = async (): Promise<void> => {
    if (await isStillIn()) send('event: beat\ndata: {}\n\n');
  };
  const heartbeat = setInterval(() => void beat().catch(fail), heartbeatMs);
  const end = setTimeout(() => response.end(), longestMs);
  response.writeHead(200, {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-cache, no-transform',
    'x-ms-correlation-request-id': ask.correlationId,
  });
  send(`retry: 1000\n: ready\nevent: hello\ndata: ${JSON.stringify({ boot })}\n\n`);
  return () => {
    for (const stop of stops) stop?.();
    clearInterval(heartbeat);
    clearTimeout(end);
  };
}
