import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Connection, Request, type ConnectionConfiguration } from 'tedious';
import { doneStatus } from '#wire/tds/token-done.ts';
import type { Column } from '#wire/tds/token-rows.ts';
import { privateCertificates } from '#test/servers/private-certificates.ts';
import type { ClientTerms, Conversation, LoginOutcome, TdsAnswer, TdsRequest } from './conversation-terms.ts';
import { openTdsFront, type TdsFront } from './front.ts';
import type { FrontOptions } from './front-options.ts';

/** What tests say to a front: a conversation that knows a few sentences. */
export class Parrot implements Conversation {
  readonly terms: ClientTerms;
  resets: ('all' | 'keeps-transaction')[] = [];
  /** How many requests were broken off. */
  broken = 0;
  ended = false;
  #running = 0;

  constructor(terms: ClientTerms) {
    this.terms = terms;
  }

  get isBusy(): boolean {
    return this.#running > 0;
  }

  async request(request: TdsRequest, answer: TdsAnswer, signal: AbortSignal): Promise<void> {
    this.#running += 1;
    try {
      await this.#answer(request, answer, signal);
    } finally {
      this.#running -= 1;
      if (signal.aborted) this.broken += 1;
    }
  }

  reset({ keepsTransaction }: { readonly keepsTransaction: boolean }): Promise<void> {
    this.resets.push(keepsTransaction ? 'keeps-transaction' : 'all');
    return Promise.resolve();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.ended = true;
  }

  async #answer(request: TdsRequest, answer: TdsAnswer, signal: AbortSignal): Promise<void> {
    if (request.kind === 'bulk') return await this.#count(request.parts, answer);
    if (request.kind !== 'batch') return;
    const [word, number = '1'] = request.sql.trim().split(/\s+/);
    if (word === 'count') return await rowsUpTo(Number(number), answer);
    if (word === 'hang') return await aborted(signal);
    if (word === 'hang-within') {
      answer.tokens({ kind: 'columns', columns }, { kind: 'row', compact: false, values: [1n] });
      return await aborted(signal);
    }
    if (word === 'fail') throw new Error('the conversation has a bug');
    answer.tokens({ kind: 'done', status: 0, command: 0xf9, rows: 0n });
  }

  async #count(parts: AsyncIterable<Uint8Array>, answer: TdsAnswer): Promise<void> {
    let bytes = 0;
    for await (const part of parts) bytes += part.length;
    answer.tokens({ kind: 'done', status: doneStatus.counted, command: 0xf0, rows: BigInt(bytes) });
  }
}

const columns: readonly Column[] = [{ name: 'n', userType: 0, flags: 0x09, type: { name: 'int' } }];

async function rowsUpTo(last: number, answer: TdsAnswer): Promise<void> {
  answer.tokens({ kind: 'columns', columns });
  for (let from = 0; from < last; from += 1000) {
    const rows = Array.from({ length: Math.min(1000, last - from) }, (_, at) => rowBytes(from + at));
    answer.bytes(Buffer.concat(rows));
    await answer.room();
  }
  answer.tokens({ kind: 'done', status: doneStatus.counted, command: 0xc1, rows: BigInt(last) });
}

/** A row of one nullable int. */
function rowBytes(value: number): Uint8Array {
  const bytes = Buffer.from([0xd1, 4, 0, 0, 0, 0]);
  bytes.writeInt32LE(value, 2);
  return bytes;
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}

export const user = 'ada';
export const password = 'Lovelace-1815';

export interface FrontScene extends AsyncDisposable {
  readonly front: TdsFront;
  readonly parrots: readonly Parrot[];
  readonly ca: string;
}

/** A front before parrots, with a certificate of its own. */
export async function frontScene(options: Partial<FrontOptions> = {}): Promise<FrontScene> {
  const folder = await mkdtemp(join(tmpdir(), 'isthmus-front-'));
  const { cert, key, ca } = await privateCertificates(folder);
  const parrots: Parrot[] = [];
  const login: FrontOptions['login'] = (asked) => {
    if (asked.userName !== user || asked.password !== password)
      return Promise.resolve<LoginOutcome>({
        kind: 'refused',
        messages: [{ number: 18_456, state: 8, severity: 14, text: `Login failed for user '${asked.userName}'.` }],
      });
    const open = (terms: ClientTerms): Promise<Conversation> => {
      const parrot = new Parrot(terms);
      parrots.push(parrot);
      return Promise.resolve(parrot);
    };
    return Promise.resolve<LoginOutcome>({
      kind: 'accepted',
      database: 'pool1',
      program: 'Microsoft SQL Server',
      version: [12, 0, 2000],
      open,
    });
  };
  const front = await openTdsFront({
    host: '127.0.0.1',
    port: 0,
    encryption: 'support',
    certificate: { cert, key },
    serverName: 'parrots',
    version: '12.0.2000',
    login,
    ...options,
  });
  return {
    front,
    parrots,
    ca,
    [Symbol.asyncDispose]: async () => {
      await front[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export interface TediousOptions {
  readonly port: number;
  readonly encrypt: boolean | 'strict';
  readonly ca?: string;
  readonly packetSize?: number;
  readonly login?: { readonly user: string; readonly password: string };
}

/** A client of another hand, logged in. */
export async function tedious({ port, encrypt, ca, packetSize, login = { user, password } }: TediousOptions): Promise<Connection> {
  const configuration: ConnectionConfiguration = {
    server: 'localhost',
    authentication: { type: 'default', options: { userName: login.user, password: login.password } },
    options: {
      port,
      encrypt,
      database: 'pool1',
      serverName: 'localhost',
      ...(packetSize !== undefined && { packetSize }),
      ...(ca !== undefined && { cryptoCredentialsDetails: { ca } }),
      connectTimeout: 5_000,
      requestTimeout: 0,
    },
  };
  const connection = new Connection(configuration);
  // Of a test that has failed already.
  connection.on('error', () => connection.close());
  await new Promise<void>((resolve, reject) => connection.connect((error) => (error ? reject(error) : resolve())));
  return connection;
}

export interface Asked {
  readonly rows: readonly unknown[][];
  readonly count: number;
}

/** Runs a batch; `onRequest` may cancel it. */
export function ask(connection: Connection, sql: string, onRequest?: (request: Request) => void): Promise<Asked> {
  return new Promise((resolve, reject) => {
    const rows: unknown[][] = [];
    const request = new Request(sql, (error, count) => (error ? reject(error) : resolve({ rows, count: count ?? 0 })));
    request.on('row', (cells: readonly { readonly value: unknown }[]) => rows.push(cells.map(({ value }) => value)));
    onRequest?.(request);
    connection.execSqlBatch(request);
  });
}
