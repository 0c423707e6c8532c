import { fault, toFault } from '#base/fault.ts';
import type { Sealer } from '#arm/access.ts';
import type { OwnAsk, OwnProvider } from '#arm/own-provider.ts';
import { keyOf } from '#arm/resource-id.ts';
import type { Json } from '#arm/resource.ts';
import type { Found, SearchQuery } from '#arm/store.ts';
import type { Plane } from './plane.ts';
import { invalidSkipToken, readTop } from './paging.ts';

type SearchGround = Pick<Plane, 'store' | 'catalog' | 'service'> & { readonly sealer: Sealer };

const usualTop = 100;
const maxTextLength = 200;
const chunkSize = 500;
/** As many resources are asked about one by one, for whom no right at the scope counts: then the page ends, and the count is a least one. */
const maxAsked = 5_000;

/**
 * `GET [{scope}]/providers/Isthmus.Search/resources?type=a,b&text=…&$top=…`: resources of all types, children too, by name, as their own reads
 * show them; only those that whoever asks may read. `count`: how many there are on all pages, at least so many with `countIsAtLeast`. A page may
 * be short, or empty, and still have a `nextLink`.
 */
export function searchProvider(ground: SearchGround): OwnProvider {
  const summary = 'Resources of all types by words in their names, types and tags';
  const run = (ask: OwnAsk): Promise<Json> => answerSearch(ask, ground);
  return { namespace: 'Isthmus.Search', answers: [{ verb: 'GET', word: 'resources', summary, permission: undefined, run }] };
}

async function answerSearch(ask: OwnAsk, ground: SearchGround): Promise<Json> {
  const { store, catalog, service } = ground;
  const types = readTypes(ask.query.get('type'), ground);
  const query: SearchQuery = { within: ask.scope, ...(types && { types }), text: readText(ask.query.get('text')) };
  const top = Math.min(readTop(ask.query.get('$top'), usualTop), 1_000);
  const after = readPlace(ask.query.get('$skiptoken'), ground.sealer);
  const readers = await readersOf(ask, query, ground);
  const page = await walk({ query, after, limit: top + 1, mayRead: readers.mayRead }, ground);
  const shown = page.found.slice(0, top);
  const value: Json[] = [];
  for (const { id, type } of shown) {
    const resource = await store.get(id);
    const known = catalog.get(type);
    // It may have gone since it was found.
    if (resource !== undefined && known !== undefined) value.push(await service.present(resource, known));
  }
  const last = page.found.length > top ? shown.at(-1)!.id : page.stoppedAfter;
  return {
    value,
    ...(last === undefined ? {} : { nextLink: nextLink(ask, placeOf(last, ground.sealer)) }),
    count: readers.count,
    ...(readers.isAtLeast ? { countIsAtLeast: true } : {}),
  };
}

interface Readers {
  readonly mayRead: (found: Found) => boolean | Promise<boolean>;
  readonly count: number;
  readonly isAtLeast: boolean;
}

/** Who may read all of a type in the scope is counted by the store; only for other types is each resource asked about. */
async function readersOf(ask: OwnAsk, query: SearchQuery, ground: SearchGround): Promise<Readers> {
  const counts = await ground.store.countFound(query);
  const whole = new Set<string>();
  const single = new Set<string>();
  let count = 0;
  for (const [type, found] of counts) {
    if (ground.catalog.get(type) === undefined) continue;
    const all = await ask.mayRead(type, ask.scope === '' ? '/' : ask.scope);
    (all ? whole : single).add(type);
    if (all) count += found;
  }
  const mayRead = ({ id, type }: Found): boolean | Promise<boolean> =>
    whole.has(keyOf(type)) || (single.has(keyOf(type)) && ask.mayRead(type, id));
  if (single.size === 0) return { mayRead, count, isAtLeast: false };
  const rest = await walk({ query: { ...query, types: [...single] }, after: undefined, limit: Infinity, mayRead }, ground);
  return { mayRead, count: count + rest.found.length, isAtLeast: rest.stoppedAfter !== undefined };
}

interface Walk {
  readonly query: SearchQuery;
  readonly after: string | undefined;
  readonly limit: number;
  readonly mayRead: Readers['mayRead'];
}

/** What may be read of what is found. `stoppedAfter`: too many were asked about, this one was the last. */
async function walk(
  { query, after, limit, mayRead }: Walk,
  { store }: SearchGround,
): Promise<{ readonly found: readonly Found[]; readonly stoppedAfter: string | undefined }> {
  const found: Found[] = [];
  let from = after;
  let asked = 0;
  for (;;) {
    const chunk = await store.search({ ...query, limit: chunkSize, ...(from === undefined ? {} : { after: from }) });
    for (const one of chunk) {
      const answer = mayRead(one);
      if (typeof answer !== 'boolean') asked += 1;
      if (answer === true || (answer !== false && (await answer))) found.push(one);
      if (found.length === limit) return { found, stoppedAfter: undefined };
      if (asked === maxAsked) return { found, stoppedAfter: one.id };
    }
    if (chunk.length < chunkSize) return { found, stoppedAfter: undefined };
    from = chunk.at(-1)!.id;
  }
}

/** Names of types; `*` in place of the namespace, or of all but the last word, stands for any. Undefined: all types. Fault: `InvalidResourceType` (invalid). */
function readTypes(text: string | undefined, { catalog }: SearchGround): readonly string[] | undefined {
  const names = (text ?? '').split(',').filter((name) => name !== '');
  if (names.length === 0) return undefined;
  return names.flatMap((name) => {
    const key = keyOf(name);
    const found = catalog.all.filter(({ type }) => (key.startsWith('*/') ? keyOf(type).endsWith(key.slice(1)) : keyOf(type) === key));
    if (found.length > 0) return found.map(({ type }) => type);
    throw fault('invalid', 'InvalidResourceType', `There is no type of resources '${name.slice(0, 200)}'.`, {
      target: 'type',
      remedy: 'GET /providers/Isthmus.Schemas/types lists all types.',
    });
  });
}

function readText(text = ''): string {
  if (text.length <= maxTextLength) return text;
  throw fault('invalid', 'InvalidQuery', `The text to search for has ${text.length} characters.`, {
    target: 'text',
    remedy: `Search for at most ${maxTextLength} characters.`,
  });
}

/** In front of what is sealed: nothing else that was sealed here can take its place. */
const purpose = 'search after ';

/** A page may end at something that the asker may not read: only we can open what says where. */
function placeOf(last: string, sealer: Sealer): string {
  return Buffer.from(sealer.seal(purpose + last)).toString('base64url');
}

/** Fault: `InvalidSkipToken` (invalid). */
function readPlace(token: string | undefined, sealer: Sealer): string | undefined {
  if (token === undefined) return undefined;
  if (!/^[\w-]{1,8000}$/.test(token)) throw invalidSkipToken();
  const text = openedPlace(Buffer.from(token, 'base64url').toString(), sealer);
  if (text.startsWith(`${purpose}/`)) return text.slice(purpose.length);
  throw invalidSkipToken();
}

function openedPlace(sealed: string, sealer: Sealer): string {
  try {
    return sealer.open(sealed).reveal();
  } catch (error) {
    if (toFault(error).kind === 'corrupt') throw invalidSkipToken();
    throw error;
  }
}

function nextLink({ base, scope, query }: OwnAsk, token: string): string {
  const words = [...query].filter(([name]) => name !== '$skiptoken');
  const path = scope.split('/').map(encodeURIComponent).join('/');
  const parameters = [...words, ['$skiptoken', token] as const].map(
    ([name, value]) => `${encodeURIComponent(name).replace('%24', '$')}=${encodeURIComponent(value)}`,
  );
  return `${base}${path}/providers/Isthmus.Search/resources?${parameters.join('&')}`;
}
