import { hostname } from 'node:os';
import type { Duplex } from 'node:stream';
import type { Dialer } from '#base/dialer.ts';
import type { Secret } from '#base/secret.ts';
import { encodeLogin7, usualFlags } from '#wire/tds/login7.ts';
import { packetsOf, packetType, usualPacketBytes, type TdsMessage } from '#wire/tds/packets.ts';
import { encodeSqlBatch } from '#wire/tds/sql-batch.ts';
import { decodeTokens, type Token } from '#wire/tds/tokens.ts';
import type { TdsValue } from '#wire/tds/types/tds-type.ts';
import { tdsVersion } from '#wire/tds/version.ts';
import { dialServer, type Connecting } from '../connecting.ts';
import { connectionFault, printable, serverFault } from './faults.ts';
import { drop, secureLine, type Line, type Secured } from './secure-line.ts';
import type { TlsAsk } from './secure.ts';
import { TdsTransport } from './transport.ts';

export interface TdsAddress {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: Secret | undefined;
  /** Empty: the login's own. */
  readonly database: string;
  /** `prefer`: at least the login is encrypted, by any certificate. */
  readonly tls: 'disable' | TlsAsk['mode'];
  /** TLS comes before anything else: TDS 8, `encrypt=strict`. */
  readonly tlsFirst: boolean;
  /** The name that the certificate must hold, where it is not `host`. */
  readonly certificateName: string | undefined;
}

export interface TdsOptions extends TdsAddress {
  readonly dialer: Dialer;
  readonly applicationName: string;
  /** Told how far connecting came. */
  readonly onStage?: ((stage: TdsStage) => void) | undefined;
}

export type TdsStage =
  | { readonly stage: 'dialled' }
  /** `login`: only the login travels encrypted. */
  | { readonly stage: 'secured'; readonly encrypted: 'all' | 'login' | 'nothing'; readonly serverVersion: string };

/** What came of a login. */
export interface TdsLogin {
  /** The server sends clients on to there, and has logged nobody in; undefined: it takes questions. */
  readonly route: { readonly host: string; readonly port: number } | undefined;
  /** `16.0.1000`. */
  readonly serverVersion: string;
  /** The database that the session stands in. */
  readonly database: string;
}

const mostCharacters = 128;

/**
 * One session with a SQL Server, for a few questions. TLS is verified against the name that is addressed, wherever the dialer leads.
 * The deadline ends it at any step.
 */
export class TdsConnection implements AsyncDisposable {
  readonly login: TdsLogin;
  readonly #transport: TdsTransport;
  readonly #connecting: Connecting;
  readonly #streams: readonly Duplex[];

  private constructor(opened: Line, login: TdsLogin) {
    this.login = login;
    this.#transport = opened.transport;
    this.#connecting = opened.connecting;
    this.#streams = opened.streams;
  }

  /**
   * Faults: the dialer's; `NotTds`, `TlsRefused`, `TlsRequired`, `TlsFailed`, `CleartextPassword`, those of the certificate, those of
   * `server-errors.ts` for what the server answers the login, `ServerSilent` (timeout) for any step.
   */
  static async connect(options: TdsOptions, deadline: AbortSignal): Promise<TdsConnection> {
    const target = `${options.host}:${options.port}`;
    const connecting: Connecting = { target, server: 'SQL Server', deadline };
    const stream = await dialServer(options.dialer, options.host, options.port, connecting);
    const opened: Line = { transport: new TdsTransport(target), connecting, streams: [stream] };
    try {
      options.onStage?.({ stage: 'dialled' });
      return new TdsConnection(opened, await new LoginSteps(options, opened).run(stream));
    } catch (error) {
      drop(opened.streams);
      throw error;
    }
  }

  /** The rows of one question, each as wide as the question. Faults: those of `server-errors.ts`, `UnexpectedMessage`, those of the deadline. */
  async query(sql: string): Promise<readonly (readonly TdsValue[])[]> {
    this.#transport.send({ type: packetType.sqlBatch, payload: encodeSqlBatch({ sql, transaction: 0n }) });
    const { target } = this.#connecting;
    const tokens = answerOf(await this.#transport.receive(this.#connecting, 'the answer to a question'), target);
    refuseErrors(tokens, target);
    return tokens.flatMap((token) => (token.kind === 'row' ? [token.values] : []));
  }

  [Symbol.asyncDispose](): Promise<void> {
    drop(this.#streams);
    return Promise.resolve();
  }
}

/** PRELOGIN and TLS, then LOGIN7. */
class LoginSteps {
  readonly #options: TdsOptions;
  readonly #opened: Line;

  constructor(options: TdsOptions, opened: Line) {
    this.#options = options;
    this.#opened = opened;
  }

  async run(stream: Duplex): Promise<TdsLogin> {
    const { transport, connecting } = this.#opened;
    const secured = await secureLine(stream, { ...this.#options, whole: false }, this.#opened);
    const { encrypted, serverVersion } = secured;
    this.#options.onStage?.({ stage: 'secured', encrypted, serverVersion });
    await this.#sendLogin(secured);
    const tokens = answerOf(await transport.receive(connecting, 'the answer to the login'), connecting.target);
    return loginOf(tokens, { version: serverVersion, target: connecting.target, database: this.#options.database });
  }

  async #sendLogin({ hidden }: Secured): Promise<void> {
    const { transport, streams } = this.#opened;
    const message: TdsMessage = { type: packetType.login7, payload: this.#login7() };
    if (hidden === undefined) return transport.send(message);
    // Only the login is encrypted: its answer comes in the clear.
    const { frames, socket } = hidden;
    frames.leave();
    transport.attach(streams.at(-1)!);
    await new Promise<void>((resolve) => socket.write(packetsOf(message, usualPacketBytes), () => resolve()));
    frames.mute();
  }

  #login7(): Uint8Array {
    const { user, password, host, database, applicationName, tlsFirst } = this.#options;
    const short = (text: string): string => text.slice(0, mostCharacters);
    if ([user, password?.reveal() ?? '', database].some(({ length }) => length > mostCharacters))
      throw connectionFault('loginTooLong', this.#opened.connecting.target);
    return encodeLogin7({
      tdsVersion: tlsFirst ? tdsVersion['8.0'] : tdsVersion['7.4'],
      packetBytes: usualPacketBytes,
      clientVersion: 0x0100_0000,
      clientProcess: process.pid,
      connectionId: 0,
      flags: usualFlags,
      timeZone: 0,
      locale: 0x409,
      hostName: short(hostname()),
      userName: user,
      password: password?.reveal() ?? '',
      appName: short(applicationName),
      // Gateways choose the server by it: always the name that is addressed.
      serverName: short(host),
      libraryName: 'isthmus',
      language: '',
      database,
      clientId: new Uint8Array(6),
      sspi: new Uint8Array(0),
      attachFile: '',
      newPassword: '',
      features: [],
    });
  }
}

function answerOf({ type, payload }: TdsMessage, target: string): readonly Token[] {
  if (type !== packetType.response) throw connectionFault('outOfStep', target);
  return decodeTokens(payload);
}

function refuseErrors(tokens: readonly Token[], target: string): void {
  const errors = tokens.flatMap((token) => (token.kind === 'error' ? [token] : []));
  if (errors.length > 0) throw serverFault(errors, target);
}

interface LoginAnswered {
  readonly version: string;
  readonly target: string;
  readonly database: string;
}

function loginOf(tokens: readonly Token[], { version, target, database }: LoginAnswered): TdsLogin {
  refuseErrors(tokens, target);
  const changes = tokens.flatMap((token) => (token.kind === 'env-change' ? [token.change] : []));
  const route = changes.find((change) => change.type === 'routing');
  const standing = changes.find((change) => change.type === 'text' && change.of === 1);
  const taken = tokens.some(({ kind }) => kind === 'login-ack');
  if (!taken && route === undefined) throw connectionFault('outOfStep', target);
  return {
    route: route === undefined ? undefined : routeOf(route, target),
    serverVersion: version,
    database: standing?.type === 'text' ? printable(standing.now) : database,
  };
}

/** `host`, or `host\instance` with the port of the instance. */
function routeOf({ host: name, port }: { readonly host: string; readonly port: number }, target: string): TdsLogin['route'] {
  const host = /^([A-Za-z0-9_.:-]{1,253})(?:\\[^\\]{0,128})?$/.exec(name)?.[1];
  if (host === undefined || port === 0) throw connectionFault('outOfStep', target);
  return { host, port };
}
