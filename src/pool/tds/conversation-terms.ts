import type { Login7 } from '#wire/tds/login7.ts';
import type { ServerMessage } from '#wire/tds/token-message.ts';
import type { Token } from '#wire/tds/tokens.ts';
import type { TdsVersion } from '#wire/tds/version.ts';

/** Who is at the other end. */
export interface Peer {
  readonly address: string;
  readonly port: number;
  /** How what was sent to log in has travelled, and what follows travels. */
  readonly encrypted: 'nothing' | 'login' | 'all';
}

/** What was agreed with a client that logs in. */
export interface ClientTerms {
  readonly login: Login7;
  readonly peer: Peer;
  readonly tds: TdsVersion;
  readonly packetBytes: number;
  /** As `@@SPID` says it. */
  readonly session: number;
}

export type LoginOutcome =
  | {
      readonly kind: 'accepted';
      /** The database that the session stands in. */
      readonly database: string;
      /** `Microsoft SQL Server`: of the server, for LOGINACK. */
      readonly program: string;
      readonly version: readonly [major: number, minor: number, build: number];
      /** Features of the login that are acknowledged: `[id, bytes]`. */
      readonly features?: readonly (readonly [id: number, bytes: Uint8Array])[] | undefined;
      readonly open: (terms: ClientTerms) => Promise<Conversation>;
    }
  | { readonly kind: 'refused'; readonly messages: readonly FrontMessage[] }
  /** The client is to log in there instead. */
  | { readonly kind: 'routed'; readonly host: string; readonly port: number };

export type FrontMessage = Pick<ServerMessage, 'number' | 'state' | 'severity' | 'text'>;

/** One request of a client. */
export type TdsRequest =
  | { readonly kind: 'batch'; readonly sql: string; readonly transaction: bigint }
  /** A procedure, or several. Its payload as it came. */
  | { readonly kind: 'rpc'; readonly payload: Uint8Array }
  /** Begin, commit, roll back. Its payload as it came. */
  | { readonly kind: 'transaction'; readonly payload: Uint8Array }
  /** Rows of a bulk load: the message's bytes as they come, which are to be read while the request runs. What is left unread is thrown away. */
  | { readonly kind: 'bulk'; readonly parts: AsyncIterable<Uint8Array> };

/** Where the answer to a request is written. */
export interface TdsAnswer {
  /**
   * Tokens in order; rows in one call with their columns. Whether more follows behind a statement's end is said by the answer itself:
   * `doneStatus.more` need not be set. An answer that ends without DONE is given one.
   */
  tokens(...tokens: readonly Token[]): void;
  /** Whole tokens that are encoded already, none of which ends a statement. */
  bytes(bytes: Uint8Array): void;
  /** Resolves once the client has taken enough of what was written. Faults: `ConnectionLost` (unreachable). */
  room(): Promise<void>;
}

/** What a client and whoever is behind the front do with each other, one request after the other. */
export interface Conversation extends AsyncDisposable {
  /**
   * Answers one request. The signal aborts when the client interrupts it or is gone: it is to settle soon then, and may reject with `cancelled`.
   * Any other rejection is told to the client as an error, by its kind, and goes to the front's log where it is a bug.
   */
  request(request: TdsRequest, answer: TdsAnswer, signal: AbortSignal): Promise<void>;
  /** As if newly logged in, before the next request. `keepsTransaction`: but for an open transaction. */
  reset(how: { readonly keepsTransaction: boolean }): Promise<void>;
}
