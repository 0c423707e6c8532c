import { fileURLToPath } from 'node:url';
import type { Log } from '#base/log.ts';
import { secret } from '#base/secret.ts';
import { version } from '#base/version.ts';
import type { Authenticator, Sealer } from '#arm/access.ts';
import type { AppPlugin } from '#control/http/app.ts';
import { audienceRule } from '#control/identity/audiences.ts';
import { authenticator as authenticatorOf } from '#control/identity/authenticator.ts';
import { externalIssuers } from '#control/identity/external-issuers.ts';
import type { Installation } from '#control/identity/installation.ts';
import { principalDirectory, type PrincipalDirectory } from '#control/identity/principal-directory.ts';
import { signInDesk } from '#control/identity/sign-in.ts';
import { openSigningKeys } from '#control/identity/signing-keys.ts';
import { tokenAuthority } from '#control/identity/token-authority.ts';
import { registerTokenRoutes } from '#control/identity/token-routes.ts';
import type { SqliteStore } from '#control/store/sqlite-store.ts';
import { studio as studioOf, type Studio } from '#control/studio/door.ts';
import type { SignInIssuer } from '#control/studio/issuer-sign-in.ts';
import type { ControlJob } from './channel.ts';

export interface SignInRequest {
  readonly job: ControlJob;
  readonly store: SqliteStore;
  readonly sealer: Sealer;
  /** Names by which this installation is reached. */
  readonly hostNames: readonly string[];
  readonly installation: Installation;
  readonly log: Log;
}

/** Who may come in, and how. */
export interface SignInParts {
  readonly directory: PrincipalDirectory;
  readonly authenticator: Authenticator;
  readonly studio: Studio;
  readonly plugins: readonly AppPlugin[];
}

/** Where `scripts/build-studio.mjs` puts it. */
const studioFolder = fileURLToPath(new URL('../../../dist/studio', import.meta.url));

export async function openSignIn({ job, store, sealer, hostNames, installation, log }: SignInRequest): Promise<SignInParts> {
  const { tenant, subscription } = installation;
  const keys = await openSigningKeys({ store, sealer });
  const directory = principalDirectory(store, tenant);
  const audiences = audienceRule(hostNames);
  const external = job.issuers.length === 0 ? undefined : externalIssuers({ issuers: job.issuers, now: Date.now });
  const authenticator = authenticatorOf({ store, keys, directory, audiences, tenant, external });
  const desk = signInDesk({ store, directory, now: Date.now });
  const authority = tokenAuthority({ store, keys, directory, audiences, tenant, desk });
  const studio = studioOf({
    store,
    directory,
    desk,
    authenticator,
    tenant,
    installation: { subscription, version },
    folder: studioFolder,
    issuers: external && { external, sealer, issuers: job.issuers.flatMap(signInIssuer) },
    log: log.child({ part: 'studio' }),
  });
  return { directory, authenticator, studio, plugins: [(scope) => registerTokenRoutes(scope, authority), studio.routes] };
}

function signInIssuer({ issuer, name, clientId, clientSecret }: ControlJob['issuers'][number]): readonly SignInIssuer[] {
  if (clientId === undefined) return [];
  return [
    { issuer, name: name ?? new URL(issuer).host, clientId, clientSecret: clientSecret === undefined ? undefined : secret(clientSecret) },
  ];
}
