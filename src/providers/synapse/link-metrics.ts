import { gauge, type Reading } from '#base/metrics.ts';
import { linkStates, type LinkState } from '#replication/link-state.ts';
import { shortName } from './link-places.ts';

/** What is shown of a link on `/metrics`, as it was when last looked at. */
export interface MeasuredLink {
  readonly id: string;
  readonly state: LinkState;
  readonly behindMs: number | undefined;
}

/** `link.state` is 1 for the state that a link is in and 0 for the others; `link.behind` is how late the pool is. */
export function showLinks(links: () => Iterable<MeasuredLink>): Disposable {
  const shown = [
    gauge('link.state', { unit: '1', description: 'Whether a link connection is in this state' }, function* (): Generator<Reading> {
      for (const link of links()) {
        for (const state of linkStates) yield { value: Number(state === link.state), attributes: { link: shortName(link.id), state } };
      }
    }),
    gauge(
      'link.behind',
      { unit: 'ms', description: 'How late the pool is behind the source of a link connection' },
      function* (): Generator<Reading> {
        for (const { id, behindMs } of links()) {
          if (behindMs !== undefined) yield { value: behindMs, attributes: { link: shortName(id) } };
        }
      },
    ),
  ];
  return { [Symbol.dispose]: () => shown.forEach((one) => one[Symbol.dispose]()) };
}
