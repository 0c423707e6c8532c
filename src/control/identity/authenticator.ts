import { hash, randomUUID } from 'node:crypto';
import { decodeJwt } from 'jose';
import type { Authenticator } from '#arm/access.ts';
import type { ResourceStore } from '#arm/store.ts';
import type { Principal } from '#arm/resource-type.ts';
import { toFault } from '#base/fault.ts';
import type { AudienceRule } from './audiences.ts';
import type { ExternalIssuers } from './external-issuers.ts';
import type { KnownPrincipal, PrincipalDirectory } from './principal-directory.ts';
import { signInAudit } from './sign-in-audit.ts';
import type { SigningKeys } from './signing-keys.ts';
import { issuerPaths } from './token-authority.ts';
import { invalidToken, noToken } from './token-faults.ts';

export interface AuthenticatorOptions {
  readonly store: ResourceStore;
  readonly keys: SigningKeys;
  readonly directory: PrincipalDirectory;
  readonly audiences: AudienceRule;
  readonly tenant: string;
  readonly external?: ExternalIssuers | undefined;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
  /** How many verified tokens are remembered. */
  readonly maxTokens?: number;
}

/** A verified token. */
interface Verified {
  readonly known: KnownPrincipal;
  readonly expMs: number;
  /** Undefined: of a foreign issuer, which looked at it itself. */
  readonly audiences: readonly string[] | undefined;
  /** The directory's, when `known` was last looked up. */
  readonly revision: number;
}

const longestToken = 16_384;

/**
 * Verifies bearer tokens: those of this installation, and of external issuers that are trusted. A verified token is remembered by its hash
 * until it expires, and its principal looked up again whenever a principal was written: one that is deleted is out at once.
 */
export function authenticator(options: AuthenticatorOptions): Authenticator {
  const { directory, audiences, now = Date.now, maxTokens = 10_000 } = options;
  const remembered = new Map<string, Verified>();
  const verify = verification(options, now);

  const remember = (key: string, verified: Verified): void => {
    remembered.delete(key);
    remembered.set(key, verified);
    const oldest = remembered.size > maxTokens ? remembered.keys().next().value : undefined;
    if (oldest !== undefined) remembered.delete(oldest);
  };
  const renew = async (key: string, verified: Verified): Promise<Verified> => {
    if (verified.revision === directory.revision()) return verified;
    remembered.delete(key);
    const revision = directory.revision();
    const renewed = { ...verified, revision, known: await stillThere(directory, verified.known.principal.id) };
    remember(key, renewed);
    return renewed;
  };
  const refuseOther = (verified: Verified, origin: string | undefined): void => {
    if (verified.audiences?.some((one) => audiences.accepts(one, origin)) === false) {
      throw invalidToken('it is for another audience than this installation');
    }
  };

  return {
    authenticate: async (authorization, origin): Promise<Principal> => {
      if (authorization === undefined || authorization === '') throw noToken();
      if (authorization.length > longestToken) throw invalidToken('it is too long');
      const key = hash('sha256', authorization, 'base64');
      let verified = remembered.get(key);
      if (verified !== undefined && now() >= verified.expMs) {
        remembered.delete(key);
        throw invalidToken('it has expired');
      }
      if (verified === undefined) {
        verified = await verify(authorization, origin);
        refuseOther(verified, origin);
        remember(key, verified);
        return verified.known.principal;
      }
      refuseOther(verified, origin);
      if (verified.revision !== directory.revision()) verified = await renew(key, verified);
      return verified.known.principal;
    },
  };
}

async function stillThere(directory: PrincipalDirectory, principalId: string): Promise<KnownPrincipal> {
  const known = await directory.byPrincipalId(principalId);
  if (known === undefined) throw invalidToken('its principal does not exist any more');
  return known;
}

function verification(
  { store, keys, directory, tenant, external }: AuthenticatorOptions,
  now: () => number,
): (authorization: string, origin: string | undefined) => Promise<Verified> {
  const audit = signInAudit(store, now);
  const ownPaths = new Set(issuerPaths(tenant));
  const verifyOwn = async (token: string): Promise<Verified> => {
    const claims = await keys.verify(token, now());
    const { iss = '', aud = [], exp = 0 } = claims;
    const url = URL.canParse(iss) ? new URL(iss) : undefined;
    if (url === undefined || !ownPaths.has(url.pathname)) throw invalidToken('its issuer is not this installation');
    if (claims['tid'] !== tenant) throw invalidToken('it is of another tenant');
    const revision = directory.revision();
    const known = await stillThere(directory, String(claims['oid']));
    if (known.appId !== claims['appid']) throw invalidToken('its principal does not exist any more');
    return { known, expMs: exp * 1_000, audiences: [aud].flat(), revision };
  };
  const verifyForeign = async (token: string, issuer: string, issuers: ExternalIssuers): Promise<Verified> => {
    const signIn = { known: undefined, clientId: '', address: undefined, correlationId: randomUUID(), heldUp: 0 };
    try {
      const { name, expMs } = await issuers.verify(token, issuer);
      const revision = directory.revision();
      const known = await directory.byName(name);
      if (known === undefined) throw invalidToken('the principal that is named for it does not exist');
      await audit.good({ ...signIn, known }, issuer);
      return { known, expMs, audiences: undefined, revision };
    } catch (error) {
      const { kind, code } = toFault(error);
      if (kind === 'unauthenticated') await audit.refused(signIn, code, issuer);
      throw error;
    }
  };
  return (authorization) => {
    const token = /^Bearer +([\w.~+/=-]+) *$/i.exec(authorization)?.[1];
    if (token === undefined) throw invalidToken("the header is not 'Bearer TOKEN'");
    const issuer = issuerOf(token);
    return external?.knows(issuer) === true ? verifyForeign(token, issuer, external) : verifyOwn(token);
  };
}

/** What the token says, before anything is verified: decides only which keys to verify it with. */
function issuerOf(token: string): string {
  try {
    return decodeJwt(token).iss ?? '';
  } catch (error) {
    throw invalidToken(error);
  }
}
