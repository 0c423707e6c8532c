import { lookup, type LookupAddress } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { fault, type Fault } from '#base/fault.ts';
import { isOwnNeighbourhood } from '#fabric/forbidden.ts';

/** What a host is refused with that is this one by its loopback, or the neighbourhood of this host; undefined: it is a name, or elsewhere. */
export function localHostDenial(host: string): Fault | undefined {
  const bare = host.replace(/^\[|\]$/g, '').replace(/\.$/, '');
  const isLocal = isIP(bare) === 0 ? /^(?:.+\.)?localhost$/i.test(bare) : isOwnNeighbourhood(bare);
  return isLocal ? localAddress(host) : undefined;
}

/** Resolves names to addresses that are not local ones, and to exactly those that are connected to then. Fault: `LocalWebhookDenied` (denied). */
export const outsideLookup: LookupFunction = (host, options, answer) => {
  lookup(host, { ...options, all: true }, (error, found) => {
    if (error) return answer(error, '', 0);
    const addresses = found as readonly LookupAddress[];
    const outside = addresses.filter(({ address }) => !isOwnNeighbourhood(address));
    const [first] = outside;
    if (first === undefined) return answer(localAddress(host), '', 0);
    if (options.all === true) return answer(null, [...outside]);
    answer(null, first.address, first.family);
  });
};

function localAddress(host: string): Fault {
  return fault('denied', 'LocalWebhookDenied', `The webhook's host ${host} is this host itself, or its own neighbourhood.`, {
    target: host,
    remedy: 'Name a host that other machines reach by that name, or run isthmus up --allow-local-webhooks.',
  });
}
