import { keepPreviousData, useInfiniteQuery, useQuery, type UseQueryResult } from '@tanstack/react-query';
import { useMemo } from 'react';
import { parsePlace, segmentsOf } from '#arm/resource-id.ts';
import type { JsonObject } from '#arm/resource.ts';
import { arm } from './arm.ts';
import type { Watch } from './live.ts';

/** A resource as it is shown. */
export interface ShownResource {
  readonly id: string;
  readonly name: string;
  readonly type: string;
  readonly location?: string;
  readonly tags?: Readonly<Record<string, string>>;
  readonly etag?: string;
  readonly properties: JsonObject;
}

export interface ReadOptions {
  /** When it is read anew. */
  readonly watch: Watch;
  /** False: not yet. */
  readonly enabled?: boolean;
}

/** `GET path`, kept true by the changes that `watch` names. While another path is read what was before stays. */
export function useArm<T = JsonObject>(path: string, { watch, enabled = true }: ReadOptions): UseQueryResult<T> {
  return useQuery({
    queryKey: ['arm', path],
    queryFn: async ({ signal }) => (await arm.get(path, { signal })) as unknown as T,
    meta: { watch },
    placeholderData: keepPreviousData,
    enabled,
  });
}

/** A read that is asked for by POST (`querytablestatus`), kept true likewise. */
export function useArmPost<T = JsonObject>(path: string, body: JsonObject, { watch, enabled = true }: ReadOptions): UseQueryResult<T> {
  return useQuery({
    queryKey: ['arm-post', path, body],
    queryFn: async ({ signal }) => (await arm.post(path, body, { signal })) as unknown as T,
    meta: { watch },
    placeholderData: keepPreviousData,
    enabled,
  });
}

/** All that a collection shows, all pages: for those that are short by nature. */
export function useArmList<T = ShownResource>(path: string, { watch, enabled = true }: ReadOptions): UseQueryResult<readonly T[]> {
  return useQuery({
    queryKey: ['arm-list', path],
    queryFn: async ({ signal }) => (await arm.list(path, { signal })) as unknown as readonly T[],
    meta: { watch },
    placeholderData: keepPreviousData,
    enabled,
  });
}

/** What is looked for among all resources that may be read. */
export interface SearchAsk {
  /** The id of a scope; empty: everything. */
  readonly scope?: string;
  /** In any casing; one that begins with an asterisk: for any parent. */
  readonly types?: readonly string[];
  readonly text?: string;
  /** Of one page. */
  readonly top?: number;
  /** Which changes it is read anew for. Default: all. */
  readonly kinds?: Watch['kinds'];
}

interface SearchPage {
  readonly value: readonly ShownResource[];
  readonly nextLink?: string;
  readonly count?: number;
}

export interface Found {
  readonly resources: readonly ShownResource[];
  /** How many there are, on all pages. */
  readonly count: number | undefined;
  readonly isPending: boolean;
  readonly error: Error | null;
  readonly hasMore: boolean;
  readonly more: () => void;
}

/** `Isthmus.Search`, page by page. */
export function useSearch({ scope = '', types, text = '', top = 100, kinds }: SearchAsk, enabled = true): Found {
  const query = new URLSearchParams({ ...(types && { type: types.join(',') }), ...(text !== '' && { text }), $top: String(top) });
  const path = `${scope}/providers/Isthmus.Search/resources?${query.toString()}`;
  const found = useInfiniteQuery({
    queryKey: ['search', path],
    initialPageParam: path,
    queryFn: async ({ pageParam, signal }) => (await arm.get(pageParam, { signal })) as unknown as SearchPage,
    getNextPageParam: ({ nextLink }) => nextLink,
    meta: { watch: { ...(types && { types }), within: scope, ...(kinds && { kinds }) } },
    placeholderData: keepPreviousData,
    enabled,
  });
  const pages = found.data?.pages;
  const resources = useMemo(() => (pages ?? []).flatMap(({ value }) => value.map(named)), [pages]);
  return {
    resources,
    count: pages?.[0]?.count,
    isPending: found.isPending && enabled,
    error: found.error,
    hasMore: found.hasNextPage,
    more: () => {
      if (!found.isFetchingNextPage) void found.fetchNextPage();
    },
  };
}

/** Subscriptions are shown without what all others have. */
function named(shown: ShownResource): ShownResource {
  if (typeof shown.type === 'string' && typeof shown.name === 'string') return shown;
  const place = parsePlace(segmentsOf(shown.id));
  const { displayName } = shown as { readonly displayName?: string };
  const id = place?.kind === 'resource' ? place.id : undefined;
  return { ...shown, type: id?.type ?? '', name: displayName ?? id?.name ?? shown.id, properties: shown.properties ?? {} };
}
