import type { Query, QueryClient } from '@tanstack/react-query';
import { isWithin, keyOf } from '#arm/resource-id.ts';
import { arm } from './arm.ts';
import { setLive } from './reachability.ts';

/** What the server tells of a change: what a resource is, what is true of it, or what a read of it shows. */
export interface Change {
  readonly id: string;
  readonly type: string;
  readonly kind: 'written' | 'settled' | 'removed' | 'live';
}

/** Which changes a query is read anew for: `meta.watch` of it. */
export interface Watch {
  /** Resources, by id: they themselves. */
  readonly ids?: readonly string[];
  /** Everything of these types in any casing; one that begins with an asterisk: for any parent … */
  readonly types?: readonly string[];
  /** … that lies in here. Alone: everything that lies in here. */
  readonly within?: string;
  /** Only changes of these kinds. */
  readonly kinds?: readonly Change['kind'][];
}

const gatherMs = 100;

/** Whether a change concerns a watch. */
export function concerns(watch: Watch, { id, type, kind }: Change): boolean {
  if (watch.kinds?.includes(kind) === false) return false;
  const key = keyOf(id);
  if (watch.ids?.some((one) => keyOf(one) === key) === true) return true;
  if (watch.types === undefined && watch.within === undefined) return false;
  if (watch.within !== undefined && !isWithin(key, keyOf(watch.within))) return false;
  const word = type.toLowerCase();
  return watch.types === undefined || watch.types.some((one) => matches(one.toLowerCase(), word));
}

function matches(pattern: string, type: string): boolean {
  return pattern.startsWith('*/') ? type.endsWith(pattern.slice(1)) : pattern === type;
}

function watchOf(query: Query): Watch | undefined {
  return query.meta?.['watch'] as Watch | undefined;
}

/**
 * Keeps what pages show true: reads anew what changed while it is looked at, and marks as old what is not. After a gap in the stream, or a
 * restart of the server, everything is read anew. Returns what ends it.
 */
export function followChanges(client: QueryClient): () => void {
  const readAnew = readerAnew(client);
  let waiting: Change[] = [];
  let timer: ReturnType<typeof setTimeout> | undefined;
  const flush = (): void => {
    timer = undefined;
    const changes = waiting;
    waiting = [];
    readAnew.those((watch) => changes.some((change) => concerns(watch, change)));
  };
  const endStream = openStream({
    onChange: (change) => {
      waiting.push(change);
      timer ??= setTimeout(flush, gatherMs);
    },
    onGap: () => readAnew.those(() => true),
    // The stream does not say why; its answer tells `reachability` whether the session is over.
    onRefused: () => void arm.get('/studio/session').catch(() => undefined),
  });
  return () => {
    endStream();
    readAnew.end();
    clearTimeout(timer);
  };
}

interface ReaderAnew {
  readonly those: (isMeant: (watch: Watch) => boolean) => void;
  readonly end: () => void;
}

/** A query that is being read may come back with what was before: it is read once more then, and never interrupted, or it might never end. */
function readerAnew(client: QueryClient): ReaderAnew {
  const onceMore = new Set<string>();
  const read = (query: Query): void => void client.invalidateQueries({ queryKey: query.queryKey, exact: true });
  const end = client.getQueryCache().subscribe((event) => {
    if (event.type !== 'updated' || (event.action.type !== 'success' && event.action.type !== 'error')) return;
    if (onceMore.delete(event.query.queryHash)) queueMicrotask(() => read(event.query));
  });
  return {
    those: (isMeant) => {
      for (const query of client.getQueryCache().getAll()) {
        const watch = watchOf(query);
        if (watch === undefined || !isMeant(watch)) continue;
        if (query.state.fetchStatus === 'fetching') onceMore.add(query.queryHash);
        else read(query);
      }
    },
    end,
  };
}

interface StreamListener {
  readonly onChange: (change: Change) => void;
  /** Changes were missed. */
  readonly onGap: () => void;
  /** The server gave no stream, for the first time since there was one. */
  readonly onRefused: () => void;
}

const againMs = 2_000;
/** The server says something at least every five seconds: one that is silent for longer may hang, or be behind a broken line. */
const longestSilenceMs = 15_000;

/** The server's stream of changes, opened again whenever it ends. Returns what ends it. */
function openStream({ onChange, onGap, onRefused }: StreamListener): () => void {
  let source: EventSource;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let hasGap = false;
  let isRefused = false;
  let boot: string | undefined;
  let heardMs = performance.now();
  const heard = (): void => {
    heardMs = performance.now();
  };
  const listen = (name: string, take: (event: MessageEvent<string>) => void): void =>
    source.addEventListener(name, (event: MessageEvent<string>) => {
      heard();
      take(event);
    });
  const open = (): void => {
    heard();
    source = new EventSource('/events');
    source.addEventListener('open', () => {
      heard();
      setLive(true);
      isRefused = false;
      if (hasGap) onGap();
      hasGap = false;
    });
    source.addEventListener('error', () => {
      hasGap = true;
      setLive(false);
      // The browser gives up by itself where it was refused.
      if (source.readyState !== EventSource.CLOSED) return;
      timer = setTimeout(open, againMs);
      if (!isRefused) onRefused();
      isRefused = true;
    });
    listen('beat', () => setLive(true));
    listen('hello', ({ data }) => {
      const { boot: now } = JSON.parse(data) as { boot: string };
      if (boot !== undefined && boot !== now) onGap();
      boot = now;
    });
    listen('change', ({ data }) => onChange(JSON.parse(data) as Change));
    listen('lost', onGap);
  };
  open();
  const watch = setInterval(() => {
    if (performance.now() - heardMs < longestSilenceMs) return;
    hasGap = true;
    setLive(false);
    source.close();
    clearTimeout(timer);
    open();
  }, againMs);
  return () => {
    clearInterval(watch);
    clearTimeout(timer);
    source.close();
  };
}
