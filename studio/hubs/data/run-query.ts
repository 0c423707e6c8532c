import { useMutation, useQuery, type UseMutationResult, type UseQueryResult } from '@tanstack/react-query';
import { useCallback, useRef } from 'react';
import { fault } from '#base/fault.ts';
import { arm } from '#studio/data/arm.ts';
import { useArm } from '#studio/data/queries.ts';
import type { PoolTables, QueryResult } from './catalogue.ts';

export interface Answered {
  readonly sql: string;
  readonly result: QueryResult;
  /** From the question to the last row of the answer. */
  readonly ms: number;
  /** Milliseconds since 1970: the pool went on since. */
  readonly atMs: number;
}

const mostRows = 10_000;

async function ask(pool: string, sql: string, signal: AbortSignal): Promise<QueryResult> {
  return (await arm.post(`${pool}/query`, { sql, mostRows }, { signal })) as unknown as QueryResult;
}

/** Its tables, read anew when a link of its workspace brings rows. */
export function usePoolTables(pool: string): UseQueryResult<PoolTables> {
  const within = pool.replace(/\/sqlPools\/[^/]*$/i, '');
  return useArm<PoolTables>(`${pool}/tables`, { watch: { ids: [pool], types: ['*/linkConnections'], within } });
}

/** What the page asks of the pool in SQL for itself: as seldom as can be, since each question is audited. */
export function usePoolQuery<T>(pool: string, sql: string, read: (result: QueryResult) => T): UseQueryResult<T> {
  return useQuery({
    queryKey: ['pool-query', pool, sql],
    queryFn: ({ signal }) => ask(pool, sql, signal),
    select: read,
    meta: { watch: { ids: [pool] } },
    enabled: pool !== '',
  });
}

export interface QueryRun extends Pick<UseMutationResult<Answered, Error, string>, 'data' | 'error' | 'isPending'> {
  readonly run: (sql: string) => void;
  /** Ends the statement in the pool, too. */
  readonly cancel: () => void;
}

/** One statement at a time, as a person asks it. */
export function useQueryRun(pool: string): QueryRun {
  const running = useRef<AbortController>(undefined);
  const { data, error, isPending, mutate } = useMutation<Answered, Error, string>({
    mutationFn: async (sql) => {
      const controller = new AbortController();
      running.current = controller;
      const began = performance.now();
      try {
        const result = await ask(pool, sql, controller.signal);
        return { sql, result, ms: performance.now() - began, atMs: Date.now() };
      } catch (error) {
        if (!controller.signal.aborted) throw error;
        throw fault('cancelled', 'QueryCanceled', 'The query was cancelled; the pool has ended it.', { cause: error });
      }
    },
  });
  const cancel = useCallback(() => running.current?.abort(), []);
  return { data, error, isPending, run: mutate, cancel };
}
