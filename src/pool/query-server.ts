import { createHash } from 'node:crypto';
import { chmod, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { userInfo, tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { Fault, fault, toFault, type FaultKind } from '#base/fault.ts';
import { DuckDbPool } from './engines/duckdb/pool.ts';
import { EngineReader, type PoolReader, type QueryColumn, type QueryLimits, type QueryPart } from './query.ts';

/**
 * The pool's door for other programs of the same user: a Unix socket beside the pool file, mode 0600. One question a connection, as a line
 * of JSON `{"sql", "maxRows"}`; answers are lines `{"columns"}`, `{"rows"}` …, then `{"end": true}` or `{"fault"}`. Closing it cancels.
 */
interface Question {
  readonly sql: string;
  readonly maxRows?: number;
}
type Answer =
  | { readonly columns: readonly QueryColumn[] }
  | { readonly rows: readonly (readonly (string | null)[])[] }
  | { readonly end: true }
  | { readonly fault: { readonly kind: FaultKind; readonly code: string; readonly message: string; readonly remedy?: string | undefined } };

/** Socket names hold about 104 bytes on some systems. */
const longestName = 100;
const longestQuestion = 4 * 1024 * 1024;

/** Where the pool's socket is or would be. A long name goes to the system's folder for short-lived files; a file beside the pool says where. */
function socketPlace(poolFile: string): { readonly socket: string; readonly pointer: string | undefined } {
  const beside = `${resolve(poolFile)}.sock`;
  if (Buffer.byteLength(beside) <= longestName) return { socket: beside, pointer: undefined };
  const name = createHash('sha256').update(beside).digest('hex').slice(0, 24);
  return { socket: join(tmpdir(), `isthmus-${userInfo().uid}`, `${name}.sock`), pointer: beside };
}

/** Answers questions about a pool that this process has open, until disposed. */
export async function serveQueries(pool: DuckDbPool): Promise<AsyncDisposable> {
  const place = socketPlace(pool.path);
  if (place.pointer) {
    await mkdir(dirname(place.socket), { recursive: true, mode: 0o700 });
    await writeFile(place.pointer, place.socket, { mode: 0o600 });
  }
  // The file lock of the pool says that no other process serves it: a socket that is there was left by a kill.
  await rm(place.socket, { force: true });
  const reader = new EngineReader(() => pool.engine());
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
    void answer(socket, reader);
  });
  await listen(server, place.socket);
  await chmod(place.socket, 0o600);
  return {
    async [Symbol.asyncDispose](): Promise<void> {
      const closed = new Promise<void>((done) => server.close(() => done()));
      for (const socket of open) socket.destroy();
      await closed;
      await rm(place.socket, { force: true });
      if (place.pointer) await rm(place.pointer, { force: true });
    },
  };
}

function listen(server: Server, path: string): Promise<void> {
  // Nobody else may connect in the moment before the mode is set.
  const before = process.umask(0o177);
  return new Promise<void>((done, failed) => {
    server.once('error', (cause) =>
      failed(
        fault('unreachable', 'SocketFailed', 'The socket for queries could not be made.', {
          target: path,
          remedy: 'Check that the folder can be written.',
          cause,
        }),
      ),
    );
    server.listen(path, () => done());
  }).finally(() => process.umask(before));
}

async function answer(socket: Socket, reader: PoolReader): Promise<void> {
  const gone = new AbortController();
  socket.once('close', () => gone.abort());
  socket.on('error', () => socket.destroy());
  try {
    const question = await readQuestion(socket);
    if (!question) return;
    for await (const part of reader.run(question.sql, gone.signal, { maxRows: question.maxRows })) {
      await send(socket, part.kind === 'columns' ? { columns: part.columns } : { rows: part.rows });
    }
    await send(socket, { end: true });
  } catch (error) {
    const { kind, code, message, remedy } = toFault(error);
    await send(socket, { fault: { kind, code, message, remedy } });
  } finally {
    socket.end();
  }
}

/** The first line that the socket sends; what follows is read away, so that its end is noticed. */
async function readQuestion(socket: Socket): Promise<Question | undefined> {
  let text = '';
  socket.setEncoding('utf8');
  const line = await new Promise<string | undefined>((done) => {
    socket.on('data', (chunk: string) => {
      text += chunk;
      if (text.length > longestQuestion || text.includes('\n')) done(text);
    });
    socket.once('close', () => done(undefined));
  });
  if (line === undefined) return undefined;
  const question = parseQuestion(line);
  if (!question)
    throw fault('invalid', 'QueryInvalid', 'The question cannot be read.', { remedy: 'Send {"sql": "SELECT …"} as one line.' });
  return question;
}

function parseQuestion(line: string): Question | undefined {
  try {
    const question = JSON.parse(line) as Partial<Question> | null;
    if (typeof question?.sql !== 'string') return undefined;
    return { sql: question.sql, ...(typeof question.maxRows === 'number' ? { maxRows: question.maxRows } : {}) };
  } catch {
    return undefined;
  }
}

/** Each chunk is looked at once: a line may come in thousands of them. Fault: `QueryRowTooLarge` (invalid). */
async function* linesOf(socket: Socket, mostBytes: number): AsyncGenerator<string, void> {
  let kept: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of socket) {
    let rest = chunk as Buffer;
    for (let end = rest.indexOf(10); end >= 0; end = rest.indexOf(10)) {
      yield Buffer.concat([...kept, rest.subarray(0, end)]).toString('utf8');
      rest = rest.subarray(end + 1);
      kept = [];
      bytes = 0;
    }
    kept.push(rest);
    bytes += rest.length;
    if (bytes > mostBytes) throw rowTooLarge(mostBytes);
  }
}

function rowTooLarge(mostBytes: number): Fault {
  return fault('invalid', 'QueryRowTooLarge', `A row of the answer is larger than ${Math.floor(mostBytes / 1_048_576)} MB.`, {
    remedy: 'Ask for less of its long values, as by substr, or use isthmus sql on the machine itself.',
  });
}

async function send(socket: Socket, message: Answer): Promise<void> {
  if (socket.destroyed || socket.write(`${JSON.stringify(message)}\n`)) return;
  await new Promise<void>((done) => {
    socket.once('drain', done);
    socket.once('close', done);
  });
}

/** A reader through the socket of the process that holds the pool; undefined: none does. */
export async function openServed(poolFile: string): Promise<PoolReader | undefined> {
  const socket = await reach(poolFile);
  socket?.destroy();
  return socket && new SocketReader(poolFile);
}

/** A reader of the pool wherever it is: through the socket of the process that holds it, or by opening the file itself. */
export async function openReader(poolFile: string): Promise<PoolReader> {
  const served = await openServed(poolFile);
  if (served) return served;
  const pool = await DuckDbPool.open(poolFile, { readOnly: true });
  const reader = new EngineReader(() => pool.engine());
  return { run: (sql, signal, limits) => reader.run(sql, signal, limits), [Symbol.asyncDispose]: () => pool[Symbol.asyncDispose]() };
}

/** A connection to the process that serves the pool; undefined: none does. */
async function reach(poolFile: string): Promise<Socket | undefined> {
  const place = socketPlace(poolFile);
  const path = place.pointer ? await readFile(place.pointer, 'utf8').catch(() => undefined) : place.socket;
  if (path === undefined) return undefined;
  return new Promise((done) => {
    const socket = connect(path);
    socket.once('connect', () => done(socket));
    socket.once('error', () => done(undefined));
  });
}

class SocketReader implements PoolReader {
  readonly #poolFile: string;

  constructor(poolFile: string) {
    this.#poolFile = poolFile;
  }

  async *run(sql: string, signal: AbortSignal, limits: QueryLimits = {}): AsyncGenerator<QueryPart, void> {
    const socket = await reach(this.#poolFile);
    if (!socket)
      throw fault('unreachable', 'PoolGone', 'The process that holds the pool has ended.', {
        target: this.#poolFile,
        remedy: 'Ask again: the file itself is read then.',
      });
    const onAbort = (): unknown => socket.destroy();
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    socket.on('error', () => socket.destroy());
    try {
      socket.write(`${JSON.stringify({ sql, maxRows: limits.maxRows })}\n`);
      for await (const line of linesOf(socket, limits.maxPartBytes ?? Number.POSITIVE_INFINITY)) {
        const message = JSON.parse(line) as Answer;
        if ('columns' in message) yield { kind: 'columns', columns: message.columns };
        else if ('rows' in message) yield { kind: 'rows', rows: message.rows };
        else if ('end' in message) return;
        else throw new Fault(message.fault.kind, message.fault.code, message.fault.message, { remedy: message.fault.remedy });
      }
      if (signal.aborted) throw fault('cancelled', 'QueryCanceled', 'The query was cancelled.');
      throw fault('unreachable', 'PoolGone', 'The process that holds the pool ended before its answer.', {
        target: this.#poolFile,
        remedy: 'Ask again.',
      });
    } catch (error) {
      if (error instanceof Fault) throw error;
      if (signal.aborted) throw fault('cancelled', 'QueryCanceled', 'The query was cancelled.', { cause: error });
      throw fault('unreachable', 'PoolGone', 'The process that holds the pool ended before its answer.', {
        target: this.#poolFile,
        remedy: 'Ask again.',
        cause: error,
      });
    } finally {
      signal.removeEventListener('abort', onAbort);
      socket.destroy();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Each question has a connection of its own.
  }
}

/** All rows of a result, for small ones. */
export async function readAll(
  reader: PoolReader,
  sql: string,
  signal: AbortSignal,
): Promise<{ readonly columns: readonly QueryColumn[]; readonly rows: readonly (readonly (string | null)[])[] }> {
  let columns: readonly QueryColumn[] = [];
  const rows: (readonly (string | null)[])[] = [];
  for await (const part of reader.run(sql, signal)) {
    if (part.kind === 'columns') columns = part.columns;
    else rows.push(...part.rows);
  }
  return { columns, rows };
}
