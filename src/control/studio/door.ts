import type { FastifyInstance } from 'fastify';
import type { Log } from '#base/log.ts';
import type { Authenticator } from '#arm/access.ts';
import type { JsonObject } from '#arm/resource.ts';
import type { ResourceStore } from '#arm/store.ts';
import type { PrincipalDirectory } from '../identity/principal-directory.ts';
import type { SignInDesk } from '../identity/sign-in.ts';
import { signInAudit } from '../identity/sign-in-audit.ts';
import { builtPages } from './built-pages.ts';
import { addIssuerRoutes, signInWays, type IssuerRoutesOptions } from './issuer-routes.ts';
import { oneTimeCodes, type OneTimeCode } from './one-time-codes.ts';
import { addPageRoutes } from './page-routes.ts';
import { pageSignIn, type PageSignIn } from './page-sign-in.ts';
import { addSessionRoutes, linkOf } from './session-routes.ts';
import { studioSessions } from './sessions.ts';

export interface StudioOptions {
  readonly store: ResourceStore;
  readonly directory: PrincipalDirectory;
  /** The token authority's: who guesses passwords is slowed down for both. */
  readonly desk: SignInDesk;
  readonly authenticator: Authenticator;
  readonly tenant: string;
  /** What pages are told of the installation. */
  readonly installation: JsonObject;
  /** Where the built page is. */
  readonly folder: string;
  /** Where else people sign in. */
  readonly issuers?: Pick<IssuerRoutesOptions, 'issuers' | 'external' | 'sealer' | 'fetch'> | undefined;
  readonly log: Log;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
}

/** How browsers come in: sign-in, sessions, and the page itself. */
export interface Studio {
  /** For `AppOptions.plugins`. */
  readonly routes: (app: FastifyInstance) => void;
  readonly pageSignIn: PageSignIn;
  /** An address under `base` that signs the principal in, once; where there is no such principal, the Studio's. */
  link(base: string, principalId: string, correlationId: string): Promise<string>;
}

export function studio(options: StudioOptions): Studio {
  const { store, directory, desk, authenticator, tenant, installation, folder, issuers, log, now = Date.now } = options;
  const sessions = studioSessions({ store, directory, log, now });
  const codes = oneTimeCodes({ store, directory, now });
  const pages = builtPages(folder);
  const audit = signInAudit(store, now);
  return {
    routes: (app) => {
      const ways = signInWays(issuers?.issuers ?? []);
      addSessionRoutes(app, { store, sessions, codes, desk, audit, authenticator, directory, tenant, installation, ways, now });
      if (issuers !== undefined) addIssuerRoutes(app, { ...issuers, store, sessions, directory, audit, log, now });
      addPageRoutes(app, pages);
    },
    pageSignIn: pageSignIn(sessions),
    link: async (base, principalId, correlationId) => {
      const known = await directory.byPrincipalId(principalId);
      const made: OneTimeCode | undefined = known && (await codes.make(known, correlationId));
      return made === undefined ? `${base}/studio/` : linkOf(base, made.code);
    },
  };
}
