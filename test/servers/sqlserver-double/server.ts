import { once } from 'node:events';
import type { FrontMessage, LoginOutcome } from '#pool/tds/conversation-terms.ts';
import { openTdsFront, type TdsFront } from '#pool/tds/front.ts';
import type { FrontEncryption } from '#pool/tds/front-options.ts';
import type { Login7 } from '#wire/tds/login7.ts';
import { DoubleConversation } from './conversation.ts';
import { DatabaseDouble } from './database.ts';
import type { Interferes, SeenStatement } from './interference.ts';
import type { DoubleLogin } from './logins.ts';
import { Relay } from './relay.ts';
import type { DoubleError, ServerFacts } from './terms.ts';
import { SeenDatabase } from './transaction.ts';

export type LoginStep = 'PRELOGIN' | 'TLS' | 'LOGIN7';

export interface SqlServerDoubleOptions {
  /** Names of the databases that it has at first. */
  readonly databases?: readonly string[];
  readonly encryption?: FrontEncryption;
  /** PEM. */
  readonly certificate?: { readonly certificate: string; readonly key: string };
  readonly logins?: Readonly<Record<string, DoubleLogin>>;
  readonly facts?: Partial<ServerFacts>;
  readonly halts?: { readonly at: LoginStep; readonly how: 'cut' | 'silent' };
}

/** The login that a double has where none are given: it owns everything. */
export const doubleOwner = { user: 'owner', password: 'Known-to-tests-1' } as const;

const usualFacts: ServerFacts = { engineEdition: 3, productVersion: '16.0.4135.4', edition: 'Developer Edition (64-bit)' };

/**
 * A double of SQL Server that answers what the connector asks, and nothing else: it knows no SQL, but the texts of `statements.ts`, which it makes
 * again for its own tables and compares. Anything else is error 50000. What it stands on is our own: the codec of TDS, and the front that logs
 * clients in. So it shows that the connector does right by the rules that are written here, of snapshots, change tracking and change data
 * capture; that SQL Server keeps those rules is for the suite that runs on a real one.
 */
export class SqlServerDouble implements AsyncDisposable {
  readonly logins: Map<string, DoubleLogin>;
  facts: ServerFacts;
  /** Every login is answered with this. */
  refusesLogins: DoubleError | undefined;
  /** Every login is sent there. */
  route: { readonly host: string; readonly port: number } | undefined;
  /** Where every login stops, and how: with a turn of the client, or once what it logs in with is read. */
  readonly halts: { readonly at: LoginStep; readonly how: 'cut' | 'silent' } | undefined;
  /** Asked about every statement. */
  interferes: Interferes | undefined;
  /** Every statement that came, in order. */
  readonly seen: SeenStatement[] = [];
  /** What clients logged in with, in order. */
  readonly loginsSeen: Login7[] = [];
  readonly #databases = new Map<string, DatabaseDouble>();
  #front: TdsFront | undefined;
  #relay: Relay | undefined;
  #transactions = 0x3_0000_0000n;

  private constructor(options: SqlServerDoubleOptions) {
    this.logins = new Map(Object.entries(options.logins ?? { [doubleOwner.user]: { password: doubleOwner.password, owner: true } }));
    this.facts = { ...usualFacts, ...options.facts };
    this.halts = options.halts;
    for (const name of options.databases ?? ['shop']) this.addDatabase(name);
  }

  static async start(options: SqlServerDoubleOptions = {}): Promise<SqlServerDouble> {
    const double = new SqlServerDouble(options);
    const { certificate, key } = options.certificate ?? {};
    double.#front = await openTdsFront({
      host: '127.0.0.1',
      port: 0,
      encryption: options.encryption ?? (certificate === undefined ? 'off' : 'support'),
      certificate: certificate === undefined || key === undefined ? undefined : { cert: certificate, key },
      serverName: 'double',
      version: '16.0.4135',
      login: async (login, peer, signal) => {
        if (double.halts?.how === 'cut') double.#relay!.cut(peer.port);
        if (double.halts !== undefined) await once(signal, 'abort');
        return double.#logIn(login, peer.port);
      },
    });
    double.#relay = await Relay.to(double.#front.port);
    // With strict encryption TLS is the first turn.
    const turn = { PRELOGIN: 1, TLS: options.encryption === 'strict' ? 1 : 2, LOGIN7: undefined }[options.halts?.at ?? 'LOGIN7'];
    if (turn !== undefined && options.halts !== undefined) double.#relay.halts = { turn, how: options.halts.how };
    return double;
  }

  get port(): number {
    return this.#relay!.port;
  }

  /** Sessions that are open. */
  get sessions(): number {
    return this.#front!.sessions;
  }

  addDatabase(name: string): DatabaseDouble {
    const database = new DatabaseDouble(name, 5 + this.#databases.size, '2026-01-01 00:00:00.000');
    this.#databases.set(name.toLowerCase(), database);
    return database;
  }

  database(name = 'shop'): DatabaseDouble {
    const found = this.#databases.get(name.toLowerCase());
    if (found === undefined) throw new Error(`the double has no database ${name}`);
    return found;
  }

  /** Ends every connection, as a failover or a network does. */
  cutAll(): void {
    this.#relay!.cutAll();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#relay?.[Symbol.asyncDispose]();
    await this.#front?.[Symbol.asyncDispose]();
  }

  /** As a gateway does, it sends clients on before it judges their login. */
  #logIn(login: Login7, port: number): LoginOutcome {
    this.loginsSeen.push(login);
    if (this.refusesLogins !== undefined) return refused(this.refusesLogins);
    if (this.route !== undefined) return { kind: 'routed', ...this.route };
    const { userName, password, database } = login;
    const known = this.logins.get(userName);
    if (known === undefined || known.password !== password)
      return refused({ number: 18_456, state: known === undefined ? 5 : 8, text: `Login failed for user '${userName}'.` });
    const at = database === '' ? [...this.#databases.values()][0] : this.#databases.get(database.toLowerCase());
    if (at === undefined || known.databases?.includes(at.name) === false)
      return refused(
        { number: 4060, severity: 11, text: `Cannot open database "${database}" requested by the login. The login failed.` },
        { number: 18_456, text: `Login failed for user '${userName}'.` },
      );
    return {
      kind: 'accepted',
      database: at.name,
      program: 'Microsoft SQL Server',
      version: [16, 0, 4135],
      open: async ({ session, peer, packetBytes }) => {
        let flushedFrom = 0;
        const relay = this.#relay!;
        return new DoubleConversation({
          seen: new SeenDatabase(at),
          session,
          packetBytes,
          asking: { server: () => this.facts, login: () => this.logins.get(userName) ?? known },
          arrives: (statement) => {
            flushedFrom = relay.sent(port);
            const told = { ...statement, session, ordinal: this.seen.length + 1 };
            this.seen.push(told);
            return this.interferes?.(told) ?? undefined;
          },
          cut: () => relay.cut(peer.port),
          flushed: () => relay.sentMoreThan(port, flushedFrom),
          nextTransaction: () => (this.#transactions += 1n),
        });
      },
    };
  }
}

function refused(...errors: readonly DoubleError[]): LoginOutcome {
  return { kind: 'refused', messages: errors.map((error): FrontMessage => ({ severity: 14, state: 1, ...error })) };
}
