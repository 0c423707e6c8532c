import { keepPreviousData, useQuery, type UseQueryResult } from '@tanstack/react-query';
import { useMemo } from 'react';
import type { JsonObject } from '#arm/resource.ts';
import { arm } from '#studio/data/arm.ts';
import { nameOfTable } from '#studio/data/link-shapes.ts';
import type { Preflight } from './column-plan.ts';
import { linkBody, type DraftTable, type LinkDraft } from './link-draft.ts';
import type { BrowsedTable } from './table-choice.ts';

/** What the login of a linked service sees. It is asked once, and again when somebody wants it. */
export function useBrowsed(plane: string, service: string): UseQueryResult<readonly BrowsedTable[]> {
  return useQuery({
    queryKey: ['browse', plane, service],
    queryFn: async ({ signal }) => {
      const answer = await arm.post(`${plane}/browse`, { linkedService: { name: service } }, { signal });
      return answer['value'] as unknown as readonly BrowsedTable[];
    },
    enabled: plane !== '' && service !== '',
    staleTime: Number.POSITIVE_INFINITY,
    retry: false,
  });
}

export interface PreflightAsk {
  readonly plane: string;
  readonly workspace: string;
  readonly draft: LinkDraft;
}

/** `{linkConnection}`: a draft as it would be saved, with these tables only. */
function preflightBody({ workspace, draft }: PreflightAsk, tables: readonly DraftTable[]): JsonObject {
  const name = draft.name === '' ? {} : { name: draft.name };
  const { properties } = linkBody({ ...draft, tables }, workspace) as { readonly properties: JsonObject };
  return { linkConnection: { ...name, properties } };
}

/** What would become of one table. */
export function useTablePlan(ask: PreflightAsk, table: DraftTable | undefined): UseQueryResult<Preflight> {
  const { plane, draft } = ask;
  return useQuery({
    queryKey: ['table-plan', plane, draft.service, table === undefined ? '' : nameOfTable(table)],
    queryFn: async ({ signal }) => (await arm.post(`${plane}/preflight`, preflightBody(ask, [table!]), { signal })) as unknown as Preflight,
    enabled: table !== undefined && plane !== '',
    staleTime: 60_000,
    retry: false,
  });
}

/** Whether the link could start as it stands. */
export function usePreflight(ask: PreflightAsk, enabled: boolean): UseQueryResult<Preflight> {
  const { plane, workspace, draft } = ask;
  const body = useMemo(() => preflightBody({ plane, workspace, draft }, draft.tables), [plane, workspace, draft]);
  return useQuery({
    queryKey: ['preflight', plane, body],
    queryFn: async ({ signal }) => (await arm.post(`${plane}/preflight`, body, { signal })) as unknown as Preflight,
    enabled,
    placeholderData: keepPreviousData,
    staleTime: 10_000,
    retry: false,
  });
}
