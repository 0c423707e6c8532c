import type { LinkStatus } from '#studio/data/link-shapes.ts';

interface Watched {
  readonly link: { readonly name: string };
  /** Undefined: not known yet. */
  readonly status: Pick<LinkStatus, 'status' | 'error' | 'isPartiallyFailed' | 'lagSeconds'> | undefined;
}

/** Those that need somebody first: in trouble, then at rest, then the latest. */
export function byNeed(a: Watched, b: Watched): number {
  return rank(a) - rank(b) || (b.status?.lagSeconds ?? 0) - (a.status?.lagSeconds ?? 0) || a.link.name.localeCompare(b.link.name);
}

function rank({ status }: Watched): number {
  if (status === undefined) return 3;
  if (status.error !== undefined || status.status === 'Failed') return 0;
  if (status.isPartiallyFailed) return 1;
  return status.status === 'Running' ? 4 : 2;
}
