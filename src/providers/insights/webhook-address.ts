import { fault, type Fault } from '#base/fault.ts';
import type { Sealer } from '#arm/access.ts';
import type { JsonObject } from '#arm/resource.ts';
import { localHostDenial } from './local-address.ts';

/** A member of the store that is sealed. */
export interface Sealed extends JsonObject {
  readonly $sealed: string;
}

const mask = '/***';
const longest = 2_000;

/**
 * What is shown of a webhook's address: whoever has the rest of it may post there, whether the secret is in its path, as with chat services, or in
 * its query.
 */
export function shownAddress(uri: string): string {
  const { origin, pathname, search, hash, username } = new URL(uri);
  return pathname === '/' && search === '' && hash === '' && username === '' ? `${origin}/` : `${origin}${mask}`;
}

/** Faults (invalid, denied): `InvalidWebhookAddress`, `LocalWebhookDenied`. Never with the address itself. */
function checkAddress(uri: string, at: string, allowsLocal: boolean): void {
  if (uri.length > longest || !URL.canParse(uri)) throw badAddress(at, 'it is not a URL');
  const url = new URL(uri);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') throw badAddress(at, 'it begins neither with https:// nor with http://');
  if (url.username !== '' || url.password !== '') throw badAddress(at, 'it has a user or password in front of its host');
  const denial = allowsLocal ? undefined : localHostDenial(url.hostname);
  if (denial !== undefined) throw denial;
}

/** The whole address, sealed. One that was sent back as it was shown stays what it is. Faults: those of `checkAddress`. */
export function sealAddress(
  uri: string,
  before: { readonly shown: string; readonly sealed: Sealed } | undefined,
  { at, allowsLocal, sealer }: { readonly at: string; readonly allowsLocal: boolean; readonly sealer: Sealer },
): Sealed {
  if (before !== undefined && uri === before.shown) return before.sealed;
  if (uri.endsWith(mask)) throw badAddress(at, 'it is only what is shown of an address, and the receiver has none that is shown so');
  checkAddress(uri, at, allowsLocal);
  if (before !== undefined && sealer.open(before.sealed.$sealed).reveal() === uri) return before.sealed;
  return { $sealed: sealer.seal(uri) };
}

function badAddress(at: string, why: string): Fault {
  return fault('invalid', 'InvalidWebhookAddress', `The address of the webhook cannot be used: ${why}.`, {
    target: at,
    remedy: 'Write the whole address, such as https://hooks.example.com/services/T0/B0/secret.',
  });
}
