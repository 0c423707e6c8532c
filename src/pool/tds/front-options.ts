import type { Log } from '#base/log.ts';
import type { Login7 } from '#wire/tds/login7.ts';
import type { LoginOutcome, Peer } from './conversation-terms.ts';

/**
 * `off`: nothing is encrypted. `support`: what the client asks for, and the login of clients that can but do not ask. `require`: everything.
 * `strict`: everything, and TLS comes before anything else (TDS 8). Clients that begin with TLS are taken by all but `off`.
 */
export type FrontEncryption = 'off' | 'support' | 'require' | 'strict';

export interface FrontLimits {
  /** From the first byte to the answer to the login. */
  readonly loginMs: number;
  /** Connections of all clients, and of one address; those above are ended at once. */
  readonly connections: number;
  readonly connectionsOfPeer: number;
  /** Of those, such as are logged in; those above are refused with a message. */
  readonly sessions: number;
  /** Of one request that is not a bulk load. */
  readonly requestBytes: number;
}

export const usualLimits: FrontLimits = {
  loginMs: 15_000,
  connections: 2_048,
  connectionsOfPeer: 512,
  sessions: 1_024,
  requestBytes: 64 * 1024 * 1024,
};

export interface FrontOptions {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  readonly encryption: FrontEncryption;
  /** PEM. Needed for all but `off`. */
  readonly certificate?: { readonly cert: string; readonly key: string } | undefined;
  /** As messages name the server. */
  readonly serverName: string;
  /** `12.0.2000`, as PRELOGIN says it. */
  readonly version: string;
  /** Whether the client may come in, and to what. A rejection is told to the client as an error. */
  readonly login: (login: Login7, peer: Peer, signal: AbortSignal) => Promise<LoginOutcome>;
  readonly limits?: Partial<FrontLimits> | undefined;
  readonly log?: Log | undefined;
}
