import type { Secret } from '#base/secret.ts';
import type { Principal } from './resource-type.ts';
import type { Json, Resource } from './resource.ts';

/** Says who asks. */
export interface Authenticator {
  /**
   * `authorization`: the header's value. `origin`: `https://host:port` as the client used it, which is an audience of its tokens too; without it
   * only the installation's own names are. Faults (unauthenticated): `AuthenticationFailed` without one, `InvalidAuthenticationToken` for any
   * that will not do; `IssuerUnreachable` (unreachable) where the keys of a trusted issuer cannot be read.
   */
  authenticate(authorization: string | undefined, origin?: string): Promise<Principal>;
}

/** Says who may. */
export interface Authorizer {
  /**
   * `action`: `Microsoft.Network/virtualNetworks/write`; `scope`: an id, whose ancestors' assignments count too.
   * Fault: `AuthorizationFailed` (denied), naming principal, action and scope.
   */
  check(principal: Principal, action: string, scope: string): Promise<void>;
}

/** Keeps secrets unreadable at rest. */
export interface Sealer {
  /** A text that only this installation can open. */
  seal(text: string): string;
  /** Fault: `SealBroken` (corrupt). */
  open(sealed: string): Secret;
}

export interface WriteRequest {
  readonly id: string;
  readonly apiVersion: string;
  readonly body: Json;
  readonly principal: Principal;
  readonly correlationId: string;
  readonly ifMatch?: string | undefined;
  readonly ifNoneMatch?: string | undefined;
  /** Only says what would be refused. */
  readonly dryRun?: true;
}

export interface Written {
  readonly resource: Resource;
  readonly created: boolean;
  /** Whether anything that was asked for differs from before. */
  readonly changed: boolean;
  /** The operation's id, where it has not settled with the write. */
  readonly operation: string | undefined;
}

/** Writing resources by all the rules, whoever asks: HTTP, a deployment. Faults are the refusals that a client would get. */
export interface ResourceWriter {
  put(request: WriteRequest): Promise<Written>;
  /** Deep merge of the body into what is asked; tags are replaced as a whole. */
  patch(request: WriteRequest): Promise<Written>;
  /** `operation` undefined: it is gone, or was never there (`existed` false). */
  delete(request: Omit<WriteRequest, 'body'>): Promise<{ readonly existed: boolean; readonly operation: string | undefined }>;
}
