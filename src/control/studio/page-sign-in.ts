import type { IncomingHttpHeaders } from 'node:http';
import { fault, type Fault } from '#base/fault.ts';
import type { Principal } from '#arm/resource-type.ts';
import { cookieOf, isOwnPage, sessionCookie, studioHeader } from './cookies.ts';
import type { StudioSession, StudioSessions } from './sessions.ts';

export interface PageRequest {
  readonly method: string;
  readonly headers: IncomingHttpHeaders;
  /** Whether the session is used by it. A stream of changes does not: a page that was left open would be signed in for as long as it is open. */
  readonly isUse: boolean;
}

/** Says who asks by a page of the Studio. */
export interface PageSignIn {
  /**
   * Undefined: the request does not come by a cookie; with an `Authorization` header none does. Faults (unauthenticated): `CookieNotAccepted`
   * for one that no page of ours sent, `SessionEnded`.
   */
  principalOf(request: PageRequest): Promise<Principal | undefined>;
}

export function pageSignIn(sessions: StudioSessions): PageSignIn {
  return {
    principalOf: async (request) => {
      const { headers } = request;
      if (headers.authorization !== undefined || cookieOf(headers, sessionCookie) === undefined) return undefined;
      return (await sessionOf(sessions, request)).known.principal;
    },
  };
}

/** The session of a request. Faults: as above, and `SessionEnded` without a cookie too. */
export async function sessionOf(sessions: StudioSessions, { method, headers, isUse }: PageRequest): Promise<StudioSession> {
  const value = cookieOf(headers, sessionCookie);
  if (value !== undefined && !isOwnPage(method, headers)) throw notOurPage(method);
  const session = value === undefined ? undefined : await sessions.find(value, isUse);
  if (session !== undefined) return session;
  throw fault('unauthenticated', 'SessionEnded', 'Nobody is signed in here, or not any more.', {
    remedy: 'Sign in at /studio/; isthmus studio prints a link that does.',
  });
}

function notOurPage(method: string): Fault {
  const more = method === 'GET' || method === 'HEAD' ? '' : `, with the header '${studioHeader}: 1'`;
  return fault('unauthenticated', 'CookieNotAccepted', 'The cookie of the sign-in counts only for requests of the Studio itself.', {
    target: 'Cookie',
    remedy: `Ask from a page of this address${more}; programs send 'Authorization: Bearer TOKEN'.`,
  });
}
