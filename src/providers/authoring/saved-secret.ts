import { fault } from '#base/fault.ts';
import type { Sealer } from '#arm/access.ts';
import type { Json, JsonObject } from '#arm/resource.ts';
import type { DatabaseAddress } from '#runtime/jobs/test-connection.ts';
import type { LinkedServiceProperties } from './linked-service-shape.ts';
import { storeAddress } from './store-address.ts';

/** `now` takes a secret from `saved`: only for the same login. `at`: for people. Fault: `SavedSecretNotForThis` (invalid). */
export function checkSavedSecret(
  now: LinkedServiceProperties,
  saved: LinkedServiceProperties,
  sealer: Pick<Sealer, 'open'>,
  at: string,
): void {
  if (sameLogin(storeAddress(now, sealer), storeAddress(saved, sealer))) return;
  throw fault(
    'invalid',
    'SavedSecretNotForThis',
    'The saved secret is not sent to another server, or for another user, than it was saved with.',
    { target: at, remedy: 'Type the password once more.' },
  );
}

/** Whether a seal of the one is one of the other too: nobody sent that secret again. */
export function sharesSeal(now: LinkedServiceProperties, saved: LinkedServiceProperties): boolean {
  const before = new Set(sealsOf(saved.typeProperties));
  return sealsOf(now.typeProperties).some((seal) => before.has(seal));
}

function sealsOf(value: Json | undefined): readonly string[] {
  if (typeof value !== 'object' || value === null) return [];
  const seal = (value as JsonObject)['$sealed'];
  return typeof seal === 'string' ? [seal] : Object.values(value).flatMap((inner: Json | undefined) => sealsOf(inner));
}

function sameLogin(a: DatabaseAddress, b: DatabaseAddress): boolean {
  return (
    a.kind === b.kind &&
    a.host === b.host &&
    a.port === b.port &&
    a.user === b.user &&
    a.tls === b.tls &&
    a.tlsFirst === b.tlsFirst &&
    a.certificateName === b.certificateName &&
    // A route leads the login elsewhere.
    JSON.stringify(a.routes) === JSON.stringify(b.routes)
  );
}
