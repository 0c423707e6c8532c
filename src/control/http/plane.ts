import type { IncomingHttpHeaders } from 'node:http';
import type { Log } from '#base/log.ts';
import type { Authenticator, Authorizer } from '#arm/access.ts';
import type { Principal, TypeCatalog } from '#arm/resource-type.ts';
import type { Json, JsonObject } from '#arm/resource.ts';
import type { ResourceStore } from '#arm/store.ts';
import type { ResourceService } from '../resources/resource-service.ts';
import type { Uri } from './uri.ts';

/** Where resources may be said to be. */
export interface Location {
  /** `westeurope`. */
  readonly name: string;
  /** `West Europe`. */
  readonly displayName: string;
}

/** What all routes work with. */
export interface Plane {
  readonly store: ResourceStore;
  readonly catalog: TypeCatalog;
  readonly service: ResourceService;
  readonly authenticator: Authenticator;
  readonly authorizer: Authorizer;
  readonly tenant: { readonly id: string; readonly name: string };
  readonly locations: readonly Location[];
  readonly log: Log;
}

/** One request, taken apart. */
export interface Ask {
  readonly method: string;
  readonly uri: Uri;
  readonly segments: readonly string[];
  /** `https://host:port` as the client used it. */
  readonly base: string;
  readonly headers: IncomingHttpHeaders;
  readonly principal: Principal;
  /** Who asks, verified anew: for an answer that goes on. Faults (unauthenticated): where the sign-in has ended since. */
  readonly verifyAgain: () => Promise<Principal>;
  /** The address that it came from: IPv4 or IPv6. */
  readonly from: string;
  readonly correlationId: string;
  /** Aborts when the client goes away. */
  readonly signal: AbortSignal;
  /** The body as JSON, undefined where there is none. `loose`: see `looseBody` of types. Faults: `InvalidRequestContent`, `UnsupportedMediaType`. */
  readonly body: (loose?: boolean) => Json | undefined;
}

/** What a route answers. */
export interface Answer {
  readonly status: number;
  /** Undefined: no body. */
  readonly body?: Json | undefined;
  /** The body as it is sent, in place of `body`. */
  readonly text?: string | undefined;
  readonly headers?: Readonly<Record<string, string>>;
}

/** One page of a list. */
export function listAnswer(value: readonly JsonObject[], nextLink?: string): Answer {
  return { status: 200, body: nextLink === undefined ? { value } : { value, nextLink } };
}
