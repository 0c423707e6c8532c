import { keyOf } from '#arm/resource-id.ts';
import type { Resource } from '#arm/resource.ts';
import type { LinkRun } from './link-record.ts';
import type { LinkProperties } from './link-shape.ts';
import { poolIdOf } from './link-target.ts';
import type { PoolHost } from './pool-host.ts';

/** Source tables of which the pool has rows by this run, as far as it says now: while the link rests it goes on with what was read before. */
export function filledTables(
  link: Pick<Resource<LinkProperties>, 'id' | 'properties'>,
  run: LinkRun | null,
  { pools }: { readonly pools: Pick<PoolHost, 'report'> },
): readonly string[] {
  const report = run === null ? undefined : pools.report(keyOf(poolIdOf(link)))?.links.get(run.id);
  const filled = (report?.tables ?? []).filter(
    ({ target, state, processedRows }) => target !== undefined && (state === 'Replicating' || processedRows > 0),
  );
  return filled.map(({ table }) => table);
}
