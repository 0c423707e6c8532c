import { fault, type Fault } from '#base/fault.ts';
import type { Resource } from '#arm/resource.ts';
import type { ListQuery, ResourceReader } from '#arm/store.ts';
import type { Ask } from './plane.ts';

/** Rule: lists of ARM hold at most 1000 on a page. */
const pageSize = 1000;
const chunkSize = 500;

export interface Page {
  readonly resources: readonly Resource[];
  /** Undefined: it is the last. */
  readonly nextLink: string | undefined;
}

/** What is listed, in the order of ids. */
export type Listing = { readonly query: ListQuery } | { readonly all: readonly Resource[] };

/** One page of what `wanted` says yes to. Faults (invalid): `InvalidTop`, `InvalidSkipToken`. */
export async function pageOf(
  ask: Ask,
  listing: Listing,
  reader: ResourceReader,
  wanted: (resource: Resource) => boolean | Promise<boolean>,
): Promise<Page> {
  const size = readTop(ask.uri.query.get('$top'), pageSize);
  const after = readSkipToken(ask.uri.query.get('$skiptoken'));
  const resources: Resource[] = [];
  for await (const chunk of chunksOf(listing, after, reader)) {
    for (const resource of chunk) {
      const answer = wanted(resource);
      if (answer === false || (answer !== true && !(await answer))) continue;
      if (resources.length === size) return { resources, nextLink: nextLink(ask, resources.at(-1)!.id) };
      resources.push(resource);
    }
  }
  return { resources, nextLink: undefined };
}

async function* chunksOf(listing: Listing, after: string | undefined, reader: ResourceReader): AsyncGenerator<readonly Resource[]> {
  if ('all' in listing) {
    const at = after === undefined ? -1 : listing.all.findIndex((one) => one.id.toLowerCase() === after.toLowerCase());
    yield listing.all.slice(at + 1);
    return;
  }
  let from = after;
  for (;;) {
    const chunk = await reader.list({ ...listing.query, limit: chunkSize, ...(from === undefined ? {} : { after: from }) });
    yield chunk;
    if (chunk.length < chunkSize) return;
    from = chunk.at(-1)!.id;
  }
}

function nextLink({ base, uri }: Ask, last: string): string {
  const words: string[] = [];
  for (const [name, value] of uri.query) {
    if (name !== '$skiptoken') words.push(`${encodeURIComponent(name).replace('%24', '$')}=${encodeURIComponent(value)}`);
  }
  words.push(`$skiptoken=${skipTokenOf(last)}`);
  return `${base}${uri.path}?${words.join('&')}`;
}

/** Says that a page begins after this id. */
function skipTokenOf(last: string): string {
  return Buffer.from(last).toString('base64url');
}

/** The id that a `$skiptoken` says. Fault: `InvalidSkipToken` (invalid). */
function readSkipToken(token: string | undefined): string | undefined {
  if (token === undefined) return undefined;
  const id = /^[\w-]{1,4000}$/.test(token) ? Buffer.from(token, 'base64url').toString('utf8') : '';
  if (id.startsWith('/') && !id.includes('\uFFFD')) return id;
  throw invalidSkipToken();
}

export function invalidSkipToken(): Fault {
  return fault('invalid', 'InvalidSkipToken', 'The $skiptoken is not one that was handed out.', {
    target: '$skiptoken',
    remedy: 'Follow nextLink as it was given, or begin again without it.',
  });
}

/** Fault: `InvalidTop` (invalid). */
export function readTop(text: string | undefined, usual: number): number {
  if (text === undefined) return usual;
  if (/^[1-9]\d{0,8}$/.test(text)) return Math.min(pageSize, Number(text));
  throw fault('invalid', 'InvalidTop', '$top is not a count.', { target: '$top', remedy: 'Give a whole number from 1 on.' });
}
