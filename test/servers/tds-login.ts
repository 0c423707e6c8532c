import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import { decodeLogin7, type Login7 } from '#wire/tds/login7.ts';
import { packetType, type TdsMessage } from '#wire/tds/packets.ts';
import { decodePrelogin, encodePrelogin } from '#wire/tds/prelogin.ts';
import { decodeSqlBatch } from '#wire/tds/sql-batch.ts';
import { doneStatus } from '#wire/tds/token-done.ts';
import { envOf } from '#wire/tds/token-env-change.ts';
import type { Column } from '#wire/tds/token-rows.ts';
import { encodeTokens, type Token } from '#wire/tds/tokens.ts';
import { tdsVersion } from '#wire/tds/version.ts';
import type { Connecting } from '#replication/sources/connecting.ts';
import { preloginTls } from '#replication/sources/sqlserver/prelogin-tls.ts';
import { TdsTransport } from '#replication/sources/sqlserver/transport.ts';
import { sqlServerRightsQuestion } from '#runtime/jobs/sqlserver-rights.ts';

export type LoginStep = 'PRELOGIN' | 'TLS' | 'LOGIN7' | 'question';

export interface TdsLoginScene {
  /**
   * `off`: only the login is encrypted unless the client asks for more; `required`: everything; `not-supported`: nothing;
   * `strict`: TLS comes before anything else.
   */
  readonly encryption: 'off' | 'required' | 'not-supported' | 'strict';
  /** PEM. */
  readonly certificate?: { readonly certificate: string; readonly key: string };
  readonly user: string;
  readonly password: string;
  readonly database: string;
  /** The login is answered with this, whoever logs in. */
  readonly refusal?: { readonly number: number; readonly state: number; readonly text: string };
  /** The login is answered by sending the client there. */
  readonly route?: { readonly host: string; readonly port: number };
  /** Takes this step's message and says nothing any more. */
  readonly silentAt?: LoginStep;
  /** Ends the connection at this step instead. */
  readonly endsAt?: LoginStep;
  /** The answer to the question for rights: see `sqlServerRightsQuestion`. */
  readonly rights?: readonly (number | null)[];
  /** `false`: refuses even that question. */
  readonly answers?: boolean;
}

export interface TdsLoginServer extends AsyncDisposable {
  readonly port: number;
  /** What clients logged in with, in order. */
  readonly logins: readonly Login7[];
}

/**
 * A double of SQL Server for logging in only, on our own codec: it checks user, password and database, and then answers one question and nothing
 * else. It knows no SQL. That its bytes are understood by others is checked with FreeTDS in `tds-login.tds.test.ts`.
 */
export async function startTdsLogin(scene: TdsLoginScene): Promise<TdsLoginServer> {
  const sockets = new Set<Socket>();
  const ends = new AbortController();
  const logins: Login7[] = [];
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.once('close', () => sockets.delete(socket));
    // A client that went away, or was refused, is no trouble of the double's.
    new Session(scene, socket, ends.signal).run(logins).catch(() => socket.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    logins,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
      ends.abort();
    },
  };
}

const target = 'the double';
const collation = Uint8Array.from([0x09, 0x04, 0xd0, 0x00, 0x34]);
const rightsColumns: readonly Column[] = [
  'owner_role',
  'control_right',
  'state_right',
  'definition_right',
  'tables_seen',
  'tables_read',
  'tables_tracked',
].map((name) => ({ name, userType: 0, flags: 0x09, type: { name: 'int' } }));

class Session {
  readonly #scene: TdsLoginScene;
  readonly #socket: Socket;
  readonly #connecting: Connecting;
  readonly #transport = new TdsTransport(target);

  constructor(scene: TdsLoginScene, socket: Socket, deadline: AbortSignal) {
    this.#scene = scene;
    this.#socket = socket;
    this.#connecting = { target, server: 'SQL Server', deadline };
  }

  async run(logins: Login7[]): Promise<void> {
    const { encryption } = this.#scene;
    const strict = encryption === 'strict';
    if (strict && !this.#goesOn('TLS')) return;
    this.#transport.attach(strict ? await this.#shake(this.#socket, ['tds/8.0']) : this.#socket);
    const asked = decodePrelogin((await this.#receive(packetType.prelogin)).payload).encryption;
    if (!this.#goesOn('PRELOGIN')) return;
    const agreed = strict ? 'not-supported' : this.#agree(asked);
    // An answer, though of the kind of a request.
    this.#send(encodePrelogin({ version: '16.0.1000', subBuild: 6, encryption: agreed, instance: '', threadId: 0, mars: false }));
    const back = strict || agreed === 'not-supported' ? undefined : await this.#encrypt();
    if (back === 'silent') return;
    const login = decodeLogin7((await this.#receive(packetType.login7)).payload);
    logins.push(login);
    if (agreed === 'off') back?.();
    if (!this.#goesOn('LOGIN7')) return;
    this.#send(encodeTokens(this.#answerLogin(login)));
    for (;;) {
      const { sql } = decodeSqlBatch((await this.#receive(packetType.sqlBatch)).payload);
      if (!this.#goesOn('question')) return;
      this.#send(encodeTokens(this.#answer(sql)));
    }
  }

  /** The table of MS-TDS 2.2.6.5. */
  #agree(asked: string): 'off' | 'on' | 'required' | 'not-supported' {
    const { encryption } = this.#scene;
    if (encryption === 'not-supported' || asked === 'not-supported') return encryption === 'required' ? 'required' : 'not-supported';
    if (asked === 'on') return 'on';
    return encryption === 'required' ? 'required' : 'off';
  }

  /** Answers what goes back to the connection in the clear. */
  async #encrypt(): Promise<(() => void) | 'silent'> {
    const frames = preloginTls(this.#transport.detach());
    if (!this.#goesOn('TLS')) return 'silent';
    const secured = await this.#shake(frames.stream);
    frames.bare();
    this.#transport.attach(secured);
    return () => {
      frames.leave();
      frames.mute();
      this.#transport.detach();
      this.#transport.attach(this.#socket);
    };
  }

  async #shake(below: Duplex, protocols?: string[]): Promise<TLSSocket> {
    const { certificate, key } = this.#scene.certificate!;
    const secured = new TLSSocket(below, {
      isServer: true,
      cert: certificate,
      key,
      ...(protocols === undefined ? { maxVersion: 'TLSv1.2' } : { ALPNProtocols: protocols }),
    });
    secured.on('error', () => secured.destroy());
    await once(secured, 'secure', { signal: this.#connecting.deadline });
    return secured;
  }

  #answerLogin({ userName, password, database }: Login7): readonly Token[] {
    const scene = this.#scene;
    if (scene.refusal !== undefined) return refused([scene.refusal]);
    const route: readonly Token[] = scene.route === undefined ? [] : [{ kind: 'env-change', change: { type: 'routing', ...scene.route } }];
    if (scene.route === undefined && (userName !== scene.user || password !== scene.password))
      return refused([{ number: 18_456, state: 8, text: `Login failed for user '${userName}'.` }]);
    if (scene.route === undefined && database !== '' && database !== scene.database)
      return refused([
        { number: 4060, state: 1, text: `Cannot open database "${database}" requested by the login. The login failed.` },
        { number: 18_456, state: 1, text: `Login failed for user '${userName}'.` },
      ]);
    return [
      { kind: 'env-change', change: { type: 'text', of: envOf.database, now: scene.database, before: 'master' } },
      { kind: 'info', number: 5701, state: 2, severity: 0, text: `Changed database context to '${scene.database}'.`, ...nowhere },
      { kind: 'env-change', change: { type: 'bytes', of: envOf.collation, now: collation, before: new Uint8Array(0) } },
      { kind: 'env-change', change: { type: 'text', of: envOf.language, now: 'us_english', before: '' } },
      { kind: 'login-ack', language: 1, tdsVersion: tdsVersion['7.4'], program: 'Microsoft SQL Server', version: [16, 0, 1000] },
      { kind: 'env-change', change: { type: 'text', of: envOf.packetBytes, now: '4096', before: '4096' } },
      ...route,
      { kind: 'done', status: 0, command: 0, rows: 0n },
    ];
  }

  /** Settings are taken, as a client makes them by itself; the question for rights is answered; anything else is refused. */
  #answer(sql: string): readonly Token[] {
    if (/^\s*set \w+ \w+\s*$/i.test(sql)) return [{ kind: 'done', status: 0, command: 0xf9, rows: 0n }];
    const { rights, answers } = this.#scene;
    if (answers === false || rights === undefined || sql.trim() !== sqlServerRightsQuestion)
      return refused([{ number: 102, state: 1, text: 'The double answers one question only.' }]);
    return [
      { kind: 'columns', columns: rightsColumns },
      { kind: 'row', compact: false, values: rights.map((right) => (right === null ? null : BigInt(right))) },
      { kind: 'done', status: doneStatus.counted, command: 0xc1, rows: 1n },
    ];
  }

  #goesOn(step: LoginStep): boolean {
    if (this.#scene.endsAt === step) this.#socket.destroy();
    return this.#scene.endsAt !== step && this.#scene.silentAt !== step;
  }

  #send(payload: Uint8Array): void {
    this.#transport.send({ type: packetType.response, payload });
  }

  async #receive(type: number): Promise<TdsMessage> {
    const message = await this.#transport.receive(this.#connecting, 'a message');
    if (message.type !== type) throw new Error(`a message of type ${message.type} instead of ${type}`);
    return message;
  }
}

const nowhere = { server: 'double', procedure: '', line: 1 };

function refused(errors: readonly { readonly number: number; readonly state: number; readonly text: string }[]): readonly Token[] {
  return [
    ...errors.map((error): Token => ({ kind: 'error', severity: 14, ...error, ...nowhere })),
    { kind: 'done', status: doneStatus.error, command: 0, rows: 0n },
  ];
}
