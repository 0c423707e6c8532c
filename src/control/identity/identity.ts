import type { Authenticator, Sealer } from '#arm/access.ts';
import type { ResourceType } from '#arm/resource-type.ts';
import type { ResourceStore } from '#arm/store.ts';
import { audienceRule } from './audiences.ts';
import { authenticator } from './authenticator.ts';
import { usualNames } from './certificates.ts';
import { externalIssuers, type ExternalIssuersOptions } from './external-issuers.ts';
import { openInstallation, type Installation } from './installation.ts';
import { principalDirectory } from './principal-directory.ts';
import { principalResourceType, type PrincipalProperties } from './principals.ts';
import { openSealer } from './sealer.ts';
import { openSigningKeys } from './signing-keys.ts';
import { tokenAuthority, type TokenAuthority } from './token-authority.ts';

export interface IdentityRequest {
  readonly store: ResourceStore;
  /** The data folder. */
  readonly folder: string;
  /** Names of this host beside the usual ones: tokens for them are accepted whatever name the client used. */
  readonly hostNames: readonly string[];
  readonly external?: ExternalIssuersOptions['issuers'] | undefined;
  readonly fetch?: ExternalIssuersOptions['fetch'];
  /** Milliseconds since 1970. */
  readonly now?: () => number;
}

/** Who is who in one installation. */
export interface Identity {
  readonly installation: Installation;
  readonly sealer: Sealer;
  /** For the catalogue of types. */
  readonly principals: ResourceType<PrincipalProperties>;
  /** For `registerTokenRoutes`. */
  readonly authority: TokenAuthority;
  readonly authenticator: Authenticator;
}

/** Opens all of an installation's identity but its certificates; makes keys and ids on first start. Faults: those of the parts. */
export async function openIdentity(request: IdentityRequest): Promise<Identity> {
  const { store, folder, hostNames, external = [], fetch, now = Date.now } = request;
  const sealer = await openSealer(folder);
  const installation = await openInstallation(store);
  const keys = await openSigningKeys({ store, sealer, now });
  const { tenant } = installation;
  const parts = {
    store,
    keys,
    directory: principalDirectory(store, tenant),
    audiences: audienceRule([...usualNames, ...hostNames]),
    tenant,
    now,
  };
  const issuers = externalIssuers({ issuers: external, now, fetch });
  return {
    installation,
    sealer,
    principals: principalResourceType({ store, now }),
    authority: tokenAuthority(parts),
    authenticator: authenticator({ ...parts, external: issuers }),
  };
}
