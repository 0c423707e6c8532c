import type { Link } from './cards.ts';

/** A card with all that it leads to and all that leads to it, and the links in between. */
export interface HighlightedPath {
  readonly cards: ReadonlySet<string>;
  readonly links: ReadonlySet<string>;
}

/** Each direction is followed for itself: another endpoint of the same service is not on an endpoint's path. */
export function pathThrough(links: readonly Link[], card: string): HighlightedPath {
  const cards = new Set([card]);
  const found = new Set<string>();
  const follow = (start: (link: Link) => string, end: (link: Link) => string): void => {
    const ways = Map.groupBy(links, start);
    const seen = new Set([card]);
    for (const at of seen) {
      for (const link of ways.get(at) ?? []) {
        seen.add(end(link));
        found.add(link.id);
      }
    }
    for (const one of seen) cards.add(one);
  };
  follow(
    ({ from }) => from,
    ({ to }) => to,
  );
  follow(
    ({ to }) => to,
    ({ from }) => from,
  );
  return { cards, links: found };
}
