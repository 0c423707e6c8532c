import { useQueries, useQuery, type UseQueryResult } from '@tanstack/react-query';
import type { JsonObject } from '#arm/resource.ts';
import { arm } from './arm.ts';
import type { Change } from './live.ts';
import { useArm, useArmList } from './queries.ts';
import { linkPath, linkType, type Link, type LinkPaths, type LinkStatus, type LinkTableStatus } from './link-shapes.ts';
import { useWorkspace } from './workspace.ts';

/** What is written is told apart from what moves all the time. */
const written: readonly Change['kind'][] = ['written', 'settled', 'removed'];

/** Of the workspace that is chosen. */
export function useLinks(): UseQueryResult<readonly Link[]> {
  const { current, plane } = useWorkspace();
  return useArmList<Link>(`${plane}/linkconnections`, {
    watch: { types: [linkType], within: current?.id ?? '', kinds: written },
    enabled: current !== undefined,
  });
}

export function useLink(name: string): UseQueryResult<Link> {
  const { current, plane } = useWorkspace();
  const enabled = current !== undefined && name !== '';
  return useArm<Link>(linkPath(plane, name), { watch: { ids: [linkId(current?.id, name)], kinds: written }, enabled });
}

function linkId(workspace: string | undefined, name: string): string {
  return `${workspace ?? ''}/linkConnections/${name}`;
}

export function useLinkStatus(name: string): UseQueryResult<LinkStatus> {
  const { current, plane } = useWorkspace();
  const watch = { ids: [linkId(current?.id, name)] };
  return useArm<LinkStatus>(`${linkPath(plane, name)}/detailedstatus`, { watch, enabled: current !== undefined && name !== '' });
}

/** The statuses of several links, in their order. */
export function useLinkStatuses(links: readonly Pick<Link, 'id' | 'name'>[]): readonly UseQueryResult<LinkStatus>[] {
  const { plane } = useWorkspace();
  return useQueries({
    queries: links.map(({ id, name }) => {
      const path = `${linkPath(plane, name)}/detailedstatus`;
      return {
        queryKey: ['arm', path],
        queryFn: async ({ signal }: { readonly signal: AbortSignal }) => (await arm.get(path, { signal })) as unknown as LinkStatus,
        meta: { watch: { ids: [id] } },
      };
    }),
  });
}

const pageSize = 1_000;
/** Reading is given at most a third of the time. */
const restShare = 2;

/** All tables of a link with what is true of each, read anew as the link moves; thousands of them less often. */
export function useLinkTables(name: string): UseQueryResult<readonly LinkTableStatus[]> {
  const { current, plane } = useWorkspace();
  const path = `${linkPath(plane, name)}/querytablestatus`;
  return useQuery({
    queryKey: ['link-tables', path],
    queryFn: async ({ signal }) => await paced(path, () => readTables(path, signal)),
    meta: { watch: { ids: [linkId(current?.id, name)] } },
    enabled: current !== undefined && name !== '',
  });
}

/** What a link's workers moved, by both sides. */
export function useLinkPaths({ id, name }: Pick<Link, 'id' | 'name'>): UseQueryResult<LinkPaths> {
  const { plane } = useWorkspace();
  const path = `${linkPath(plane, name)}/pathProof`;
  return useQuery({
    queryKey: ['link-paths', path],
    queryFn: async ({ signal }) => await paced(path, async () => (await arm.get(path, { signal })) as unknown as LinkPaths),
    meta: { watch: { ids: [id] } },
  });
}

const restUntilMs = new Map<string, number>();

/** What is asked for in between is answered by the next reading. */
async function paced<T>(key: string, read: () => Promise<T>): Promise<T> {
  const restMs = (restUntilMs.get(key) ?? 0) - performance.now();
  if (restMs > 0) await new Promise((resolve) => setTimeout(resolve, restMs));
  const beganMs = performance.now();
  try {
    return await read();
  } finally {
    const endedMs = performance.now();
    restUntilMs.set(key, endedMs + restShare * (endedMs - beganMs));
  }
}

async function readTables(path: string, signal: AbortSignal): Promise<readonly LinkTableStatus[]> {
  const all: LinkTableStatus[] = [];
  let continuationToken: string | undefined;
  do {
    const body: JsonObject = { maxSegmentCount: pageSize, ...(continuationToken !== undefined && { continuationToken }) };
    const page = (await arm.post(path, body, { signal })) as unknown as TablePage;
    all.push(...page.value);
    continuationToken = page.continuationToken;
  } while (continuationToken !== undefined);
  return all;
}

interface TablePage {
  readonly value: readonly LinkTableStatus[];
  readonly continuationToken?: string;
}
