import { fault } from '#base/fault.ts';
import type { Resource } from '#arm/resource.ts';
import type { StoreLogin } from '#runtime/job.ts';
import type { SynapseLinkOptions } from './link-options.ts';
import type { LinkProperties } from './link-shape.ts';
import { shortName } from './link-places.ts';
import { sourceIdOf } from './link-target.ts';

/** How a link's source is reached now. */
export interface LinkWay {
  readonly login: StoreLogin;
  readonly segment: string;
  /** For whom, in what is refused and let out. */
  readonly asker: string;
}

type Options = Pick<SynapseLinkOptions, 'store' | 'stores' | 'explain'>;

/** With open secrets: only to be handed to a job. Faults: `LinkSourceMissing` (missing), those of the linked service and its runtime. */
export async function wayOf(link: Resource<LinkProperties>, { store, stores }: Pick<Options, 'store' | 'stores'>): Promise<LinkWay> {
  const id = sourceIdOf(link);
  const service = await store.get(id);
  if (service === undefined)
    throw fault('missing', 'LinkSourceMissing', `The linked service ${id} of the link connection is not there.`, {
      target: id,
      remedy: 'Create it anew.',
    });
  return { login: stores.login(service), segment: await stores.segment(service, store), asker: `link ${shortName(link.id)}` };
}

/** Throws what denies the way, by the network's plan. It may pass by itself: an endpoint that waits for its owner is approved some day. */
export async function checkWay({ login: { host, port }, segment, asker }: LinkWay, explain: Options['explain']): Promise<void> {
  const { denied } = await explain({ segment, host, port, asker });
  if (denied !== undefined) throw denied;
}

/** Changes with everything that a worker was told of the way. Holds nothing secret that could be told from it but whether it is the same. */
export function sameWay(a: LinkWay, b: LinkWay): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
