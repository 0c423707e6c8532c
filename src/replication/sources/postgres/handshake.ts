import { Fault } from '#base/fault.ts';
import { md5Answer, startScram, type ScramExchange } from '#wire/pg/auth.ts';
import { parseAuthentication, parseBackendKey, parseNotice, parseParameterStatus, tag, type Authentication } from '#wire/pg/backend.ts';
import { framesOf } from '#wire/pg/frames.ts';
import { passwordMessage, saslInitialResponse, saslResponse, startupMessage } from '#wire/pg/frontend.ts';
import { connectionFault, serverFault } from './faults.ts';
import type { PgTransport } from './transport.ts';
import type { PgAddress } from './url.ts';

/** What is known of a server process once it is ready for queries. */
export interface Session {
  readonly processId: number;
  /** What a CancelRequest must carry. */
  readonly cancelKey: Uint8Array;
  /** As the server reports them (`server_version`, `server_encoding`, `TimeZone` …); kept current. */
  readonly parameters: Map<string, string>;
}

export interface Login {
  readonly address: PgAddress;
  readonly encrypted: boolean;
  /** For SCRAM's channel binding. */
  readonly endPoint: Uint8Array | undefined;
  /** Everything of the start-up message but user and database. */
  readonly settings: Readonly<Record<string, string>>;
}

/**
 * Starts a session (PostgreSQL documentation, "Message Flow", "Start-up").
 * Faults: `unauthenticated`, `denied`, `missing`, `throttled`, `unreachable`, `unsupported`, and `corrupt` where no PostgreSQL answers.
 */
export async function logIn(transport: PgTransport, login: Login): Promise<Session> {
  const steps = new LoginSteps(transport, login);
  transport.send(startupMessage({ user: login.address.user, database: login.address.database, ...login.settings }));
  try {
    while (!steps.ready) {
      const run = await transport.next();
      for (const frame of framesOf(run)) await steps.take(run.tag, frame);
    }
    return steps.session();
  } catch (error) {
    if (error instanceof Fault && error.code === 'MalformedMessage') throw connectionFault('notPostgres', transport.target, error);
    throw error;
  }
}

class LoginSteps {
  /** The server takes queries. */
  ready = false;
  readonly #transport: PgTransport;
  readonly #login: Login;
  readonly #parameters = new Map<string, string>();
  #scram: ScramExchange | undefined;
  #scramEnded = false;
  #authenticated = false;
  #processId = 0;
  #cancelKey: Uint8Array = new Uint8Array(0);

  constructor(transport: PgTransport, login: Login) {
    this.#transport = transport;
    this.#login = login;
  }

  /** Takes one message. */
  async take(kind: number, frame: Uint8Array): Promise<void> {
    if (kind === tag.error) throw serverFault(parseNotice(frame), this.#transport.target);
    if (kind === tag.notice || kind === tag.negotiateVersion) return;
    if (kind === tag.authentication && !this.#authenticated) {
      return this.#authenticate(parseAuthentication(frame));
    }
    if (!this.#authenticated) throw connectionFault('notPostgres', this.#transport.target);
    if (kind === tag.parameterStatus) {
      const { name, value } = parseParameterStatus(frame);
      this.#parameters.set(name, value);
      return;
    }
    if (kind === tag.backendKey) {
      const key = parseBackendKey(frame);
      this.#processId = key.processId;
      this.#cancelKey = key.secret;
      return;
    }
    if (kind !== tag.readyForQuery) throw connectionFault('outOfStep', this.#transport.target);
    this.ready = true;
  }

  session(): Session {
    return { processId: this.#processId, cancelKey: this.#cancelKey, parameters: this.#parameters };
  }

  async #authenticate(asked: Authentication): Promise<void> {
    const { address, encrypted, endPoint } = this.#login;
    const target = this.#transport.target;
    switch (asked.kind) {
      case 'ok':
        // A server that leaves an exchange early has not proven that it knows the password.
        if (this.#scram !== undefined && !this.#scramEnded) throw connectionFault('outOfStep', target);
        this.#authenticated = true;
        return;
      case 'cleartext':
        if (!encrypted) throw connectionFault('cleartextRefused', target);
        return this.#transport.send(passwordMessage(this.#password()));
      case 'md5':
        return this.#transport.send(passwordMessage(md5Answer(address.user, this.#password(), asked.salt)));
      case 'sasl':
        if (this.#scram !== undefined) throw connectionFault('outOfStep', target);
        this.#scram = startScram({ password: this.#password(), mechanisms: asked.mechanisms, endPoint });
        return this.#transport.send(saslInitialResponse(this.#scram.mechanism, this.#scram.first));
      case 'sasl-continue':
        if (this.#scram === undefined) throw connectionFault('outOfStep', target);
        return this.#transport.send(saslResponse(await this.#scram.proceed(asked.payload)));
      case 'sasl-final':
        if (this.#scram === undefined) throw connectionFault('outOfStep', target);
        this.#scram.finish(asked.payload);
        this.#scramEnded = true;
        return;
      case 'other':
        throw connectionFault('authenticationMethod', target);
    }
  }

  #password(): string {
    const password = this.#login.address.password?.reveal();
    if (password === undefined) throw connectionFault('passwordMissing', this.#transport.target);
    return password;
  }
}
