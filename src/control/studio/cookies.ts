import type { IncomingHttpHeaders } from 'node:http';

/** Holds the session: no script reads it, no other host and no plain connection gets it. */
export const sessionCookie = '__Host-isthmus';
/** Holds what a sign-in by an issuer began with, until it comes back. */
export const signInCookie = '__Host-isthmus-signin';
/** What a page of ours sends with every request that is no plain read: no form, link or picture of another site can. */
export const studioHeader = 'x-isthmus-studio';

const longestCookie = 4_096;

/** Of several with the same name the first counts. Undefined: there is none. */
export function cookieOf(headers: IncomingHttpHeaders, name: string): string | undefined {
  for (const part of (headers.cookie ?? '').split(';')) {
    const equals = part.indexOf('=');
    if (equals < 0 || part.slice(0, equals).trim() !== name) continue;
    const value = part.slice(equals + 1).trim();
    return value === '' || value.length > longestCookie ? undefined : value;
  }
  return undefined;
}

export interface CookieRequest {
  readonly name: string;
  readonly value: string;
  readonly seconds: number;
  /** `Lax`: sent when another site leads here; `Strict`: only from pages of ours. */
  readonly sameSite: 'Strict' | 'Lax';
}

/** A `Set-Cookie`. */
export function cookieText({ name, value, seconds, sameSite }: CookieRequest): string {
  return `${name}=${value}; Path=/; Max-Age=${seconds}; Secure; HttpOnly; SameSite=${sameSite}`;
}

export function endedCookie(name: string, sameSite: CookieRequest['sameSite'] = 'Strict'): string {
  return cookieText({ name, value: '', seconds: 0, sameSite });
}

/**
 * Whether a page of this very origin asks, as the browser says, which no script can make it say. Ports count: other programs on `localhost`
 * are another origin, though their cookies are the same.
 */
export function isOwnPage(method: string, headers: IncomingHttpHeaders): boolean {
  if (headers['sec-fetch-site'] !== 'same-origin') return false;
  return method === 'GET' || method === 'HEAD' || headers[studioHeader] === '1';
}
