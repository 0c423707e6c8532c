import { Connection, type ConnectionOptions } from 'tedious';
import type { Dialer } from '#base/dialer.ts';
import { Fault, fault, toFault } from '#base/fault.ts';
import type { Connecting } from '../connecting.ts';
import type { TdsAddress } from './connection.ts';
import { connectionFault, serverFault } from './faults.ts';
import { dialFor, redirected, type HostPort, type Route } from './routes.ts';
import { openTediousLine } from './tedious-line.ts';

export interface SqlServerAddress extends TdsAddress {
  /** What becomes of places that a gateway sends on to. */
  readonly routes: readonly Route[];
}

export interface SessionOptions extends SqlServerAddress {
  readonly dialer: Dialer;
  readonly applicationName: string;
  readonly connectTimeoutMs: number;
  /** For the first answer to a question, and for anything at all while rows come. */
  readonly questionTimeoutMs: number;
}

const mostTextBytes = 2_147_483_647;
const packetBytes = 16_384;
/** Longer than any timeout of ours: the driver's own must not end what ours is to explain. */
export const driverTimeoutMs: number = 24 * 3600 * 1000;

/** Logging in, over as many places as the server sends on to. */
export class Approach {
  route: HostPort | undefined;
  readonly #options: SessionOptions;
  readonly #deadline: AbortSignal;
  readonly #said: DriverError[] = [];
  #lines = 0;
  /** What kept a line from being opened: the driver tells it in words of its own. */
  #trouble: unknown;

  constructor(options: SessionOptions, deadline: AbortSignal) {
    this.#options = options;
    this.#deadline = deadline;
  }

  /** Who is spoken to. */
  get target(): string {
    const { host, port } = this.route ?? this.#options;
    return `${host}:${port}`;
  }

  async logIn(): Promise<Connection> {
    const { host, port, user, password, database, applicationName, tlsFirst } = this.#options;
    if ([user, password?.reveal() ?? '', database].some(({ length }) => length > 128)) throw connectionFault('loginTooLong', this.target);
    const connection = new Connection({
      server: host,
      authentication: { type: 'default', options: { userName: user, password: password?.reveal() ?? '' } },
      options: {
        port,
        ...(database === '' ? {} : { database }),
        appName: applicationName.slice(0, 128),
        connector: ((place: HostPort) => this.#line(place)) as unknown as NonNullable<ConnectionOptions['connector']>,
        // The line is secured before the driver sees it.
        encrypt: false,
        tdsVersion: tlsFirst ? '8_0' : '7_4',
        connectTimeout: driverTimeoutMs,
        cancelTimeout: 5_000,
        maxRetriesOnTransientErrors: 0,
        packetSize: packetBytes,
        textsize: mostTextBytes,
        useUTC: true,
        readOnlyIntent: false,
        abortTransactionOnError: false,
      },
    });
    const onAbort = (): void => connection.close();
    this.#deadline.addEventListener('abort', onAbort, { once: true });
    try {
      await new Promise<void>((resolve, reject) => {
        connection.on('error', () => undefined);
        // What the driver throws for a refused login has lost its number.
        connection.on('errorMessage', (message: DriverError) => void this.#said.push(message));
        connection.connect((error) => (error === undefined ? resolve() : reject(error)));
      });
      return connection;
    } catch (error) {
      connection.close();
      throw this.#explained(error);
    } finally {
      this.#deadline.removeEventListener('abort', onAbort);
    }
  }

  get #connecting(): Connecting {
    return { target: this.target, server: 'SQL Server', deadline: this.#deadline };
  }

  /** The driver asks for the first place, then for each that it is sent on to. */
  async #line(place: HostPort): Promise<unknown> {
    const { dialer, host, port, routes, certificateName, tls, tlsFirst } = this.#options;
    const gateway: HostPort = { host, port };
    const isFirst = this.#lines++ === 0;
    if (this.route !== undefined)
      throw (this.#trouble = redirected(place, gateway, `${this.route.host}:${this.route.port} sends them on a second time.`));
    if (!isFirst) this.route = { host: place.host, port: place.port };
    const at = isFirst ? gateway : dialFor(place, gateway, routes);
    if (at === undefined) throw (this.#trouble = redirected(place, gateway, 'The routes of the linked service refuse it.'));
    let reached = false;
    const told: Dialer = {
      dial: async (...to) => {
        const stream = await dialer.dial(...to);
        reached = true;
        return stream;
      },
    };
    try {
      const ask = { host: place.host, certificateName, tls, tlsFirst };
      return await openTediousLine(told, at, ask, this.#connecting);
    } catch (error) {
      const why = error instanceof Fault && error.kind !== 'cancelled';
      this.#trouble = isFirst || reached || !why ? error : redirected(place, gateway, error.message, error);
      throw this.#trouble;
    }
  }

  #explained(error: unknown): Fault {
    if (this.#trouble !== undefined) return toFault(this.#trouble);
    if (this.#deadline.aborted) return explainedEnd(this.#connecting);
    return explained(this.#said.length > 0 ? { errors: this.#said } : error, this.target);
  }
}

function explainedEnd({ target, deadline }: Connecting): Fault {
  const reason: unknown = deadline.reason;
  if (reason instanceof Error && reason.name === 'TimeoutError')
    return fault('timeout', 'ServerSilent', `${target} did not finish the login in time.`, {
      target,
      remedy: "Check the server's load and the network between.",
    });
  return reason instanceof Fault ? reason : fault('cancelled', 'Canceled', `Connecting to ${target} was cancelled.`, { target });
}

interface DriverError {
  readonly code?: unknown;
  readonly number?: unknown;
  readonly state?: unknown;
  readonly class?: unknown;
  readonly message?: unknown;
  readonly errors?: readonly DriverError[];
  readonly cause?: unknown;
}

/** What the driver says, as a fault of ours. Nothing of the server's own text is told but what `server-errors.ts` picks. */
export function explained(error: unknown, target: string): Fault {
  if (error instanceof Fault) return error;
  const said = error as DriverError;
  const messages = [said, ...(said.errors ?? [])].filter((one) => typeof one.number === 'number');
  if (messages.length === 0) {
    if (said.cause instanceof Fault) return said.cause;
    return connectionFault('lost', target, error);
  }
  return serverFault(
    messages.map((one) => ({
      kind: 'error',
      number: Number(one.number),
      state: Number(one.state ?? 0),
      severity: Number(one.class ?? 0),
      text: typeof one.message === 'string' ? one.message : '',
      server: '',
      procedure: '',
      line: 0,
    })),
    target,
  );
}
