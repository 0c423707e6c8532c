import type { LinkPaths, PathProof, PathTotal } from '#studio/data/link-shapes.ts';
import { countText } from '#studio/parts/quantity-words.ts';

/** The worker that runs, or the one that ended last. */
export function latestProof({ worker, ended }: Pick<LinkPaths, 'worker' | 'ended'>): PathProof | undefined {
  return worker ?? ended[0];
}

/** Exact: of bytes that must be equal none is rounded away. */
export function bothWaysText({ sent, received }: { readonly sent: number; readonly received: number }): string {
  return `${countText(sent)} bytes sent, ${countText(received)} received`;
}

/** What an endpoint counted, by its own name. */
export function countedTexts({ counted }: Pick<PathProof, 'counted'>): readonly string[] {
  return (counted ?? []).map(({ endpoint, ...way }) => `${endpoint.split('/').at(-1) ?? endpoint}: ${bothWaysText(way)}`);
}

export function elsewhereText({ elsewhere }: Pick<PathProof, 'elsewhere'>): string | undefined {
  if (elsewhere === null) return undefined;
  const refused = Math.max(elsewhere.refused, elsewhere.tried ?? 0);
  const moved = elsewhere.connections === 0 ? 'nothing' : `${bothWaysText(elsewhere)}, by no endpoint`;
  return refused === 0 ? moved : `${moved}; refused: ${countText(refused)}`;
}

/** `12 workers: Equal 11, Undelivered 1`. */
export function totalText({ workers, verdicts }: Pick<PathTotal, 'workers' | 'verdicts'>): string {
  const each = Object.entries(verdicts).map(([verdict, count]) => `${verdict} ${countText(count)}`);
  return `${workers === 1 ? '1 worker' : `${countText(workers)} workers`}: ${each.join(', ')}`;
}
