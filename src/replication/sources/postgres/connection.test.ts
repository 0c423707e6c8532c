import { createServer, type AddressInfo, type Socket } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { directDialer, type Dialer } from '#base/dialer.ts';
import { Fault } from '#base/fault.ts';
import { tag } from '#wire/pg/backend.ts';
import { FieldWriter } from '#wire/pg/bytes.ts';
import { PgConnection, type PgOptions } from './connection.ts';
import { parsePgUrl } from './url.ts';

const never = new AbortController().signal;

function message(kind: number, fields: FieldWriter = new FieldWriter()): Buffer {
  const body = fields.take();
  return Buffer.from(
    new FieldWriter()
      .u8(kind)
      .i32(4 + body.length)
      .bytes(body)
      .take(),
  );
}
const text = (value: string): FieldWriter => new FieldWriter().cstring(value);
const ready = message(tag.readyForQuery, new FieldWriter().u8(0x49));
const complete = message(tag.commandComplete, text('DONE'));
const authentication = (code: number, more = new FieldWriter()): Buffer =>
  message(tag.authentication, new FieldWriter().i32(code).bytes(more.take()));
const row = (value: string): Buffer => message(tag.dataRow, new FieldWriter().i16(1).i32(value.length).bytes(Buffer.from(value)));
const column = message(tag.rowDescription, new FieldWriter().i16(1).cstring('c').u32(0).i16(0).u32(25).i16(-1).i32(-1).i16(0));
const failure = (severity: string, sqlstate: string): Buffer =>
  message(tag.error, new FieldWriter().u8(0x56).cstring(severity).u8(0x43).cstring(sqlstate).u8(0x4d).cstring('why').u8(0));
const copied = (bytes: number): Buffer => message(tag.copyData, new FieldWriter().bytes(Buffer.alloc(bytes, 'x')));
const copyOutResponse = message(tag.copyOut, new FieldWriter().u8(0).i16(0));
const copyBothResponse = message(tag.copyBoth, new FieldWriter().u8(0).i16(0));
const welcome = Buffer.concat([
  authentication(0),
  message(tag.parameterStatus, text('server_version').cstring('15.18 (Debian)')),
  message(tag.backendKey, new FieldWriter().i32(77).i32(0x01020304)),
  ready,
]);
const md5Asked = authentication(5, new FieldWriter().u32(1));
/** What a server says in a session with TLS declined, an MD5 password, and one query after the client's own. */
const goodReplies = [
  Buffer.from('N'),
  md5Asked,
  welcome,
  Buffer.concat([column, complete, ready]),
  Buffer.concat([column, row('42'), complete, ready]),
];

type Reply = Buffer | 'hang' | 'close' | ((socket: Socket) => void);

interface ScriptedServer {
  readonly options: PgOptions;
  /** What each connection sent, message by message. */
  readonly received: Buffer[][];
  /** The client's side of each connection. */
  readonly dialled: Socket[];
}

/** A server that answers the n-th message of a connection with the n-th reply; connections after the first get only silence. */
async function scripted(replies: readonly Reply[], more: Partial<PgOptions> = {}): Promise<ScriptedServer> {
  const received: Buffer[][] = [];
  const dialled: Socket[] = [];
  const server = createServer((socket) => {
    const log: Buffer[] = [];
    const script = received.length === 0 ? replies : [];
    received.push(log);
    let rest = Buffer.alloc(0);
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk) => {
      rest = Buffer.concat([rest, chunk]);
      for (let length = lengthOf(rest, log.length); length <= rest.length; length = lengthOf(rest, log.length)) {
        log.push(rest.subarray(0, length));
        rest = rest.subarray(length);
        play(socket, script[log.length - 1] ?? 'hang');
      }
    });
  });
  await new Promise<void>((settle) => server.listen(0, '127.0.0.1', settle));
  onTestFinished(() => {
    for (const socket of dialled) socket.destroy();
    server.close();
  });
  const dialer: Dialer = {
    dial: async (host, port, signal) => {
      const socket = (await directDialer.dial(host, port, signal)) as Socket;
      dialled.push(socket);
      return socket;
    },
  };
  const { port } = server.address() as AddressInfo;
  return {
    options: { ...parsePgUrl(`postgres://ann:s3cret@127.0.0.1:${port}/shop`), dialer, connectTimeoutMs: 10_000, ...more },
    received,
    dialled,
  };
}

/** SSLRequest and StartupMessage have no tag. */
function lengthOf(bytes: Buffer, index: number): number {
  const tagBytes = index < 2 && bytes[0] === 0 ? 0 : 1;
  return bytes.length < tagBytes + 4 ? Infinity : tagBytes + bytes.readInt32BE(tagBytes);
}

function play(socket: Socket, reply: Reply): void {
  if (reply === 'hang') return;
  if (reply === 'close') socket.destroy();
  else if (typeof reply === 'function') reply(socket);
  else socket.write(reply);
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((settle) => setTimeout(settle, 5));
}

async function faultOf(work: Promise<unknown>): Promise<Fault> {
  try {
    await work;
  } catch (error) {
    if (error instanceof Fault) return error;
    throw error;
  }
  throw new Error('no fault');
}

/** Connects and asks one question. */
async function session(options: PgOptions, signal: AbortSignal = never): Promise<unknown> {
  const connection = await PgConnection.connect(options, signal);
  try {
    return await connection.query('SELECT 42', { timeoutMs: options.connectTimeoutMs, signal });
  } finally {
    connection.destroy();
  }
}

test('the script itself is a good session', async () => {
  const { options, received } = await scripted(goodReplies);
  expect(await session(options)).toEqual([['42']]);
  const startup = received[0]![1]!.toString('latin1');
  for (const part of [
    'user\0ann\0database\0shop\0',
    'client_encoding\0UTF8\0',
    'TimeZone\0UTC\0',
    'extra_float_digits\x003\0',
    'application_name\0isthmus\0',
  ]) {
    expect(startup).toContain(part);
  }
  expect(Buffer.concat(received[0]!).toString('latin1')).not.toContain('s3cret');
});

const steps = ['TLS request', 'start-up', 'password', 'settings', 'query'].map((name, step) => ({ name, step }));
const half = (reply: Buffer): Buffer => reply.subarray(0, Math.max(1, reply.length - 3));
const troubles: readonly { readonly trouble: string; readonly make: (reply: Buffer) => Reply; readonly kinds: readonly string[] }[] = [
  { trouble: 'silence', make: () => 'hang', kinds: ['timeout'] },
  { trouble: 'a close', make: () => 'close', kinds: ['unreachable'] },
  { trouble: 'a reset', make: () => (socket) => socket.resetAndDestroy(), kinds: ['unreachable'] },
  { trouble: 'garbage', make: () => Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'), kinds: ['corrupt'] },
  { trouble: 'binary garbage', make: () => Buffer.alloc(300, 0xfe), kinds: ['corrupt'] },
  { trouble: 'half an answer and a close', make: (reply) => (socket) => socket.end(half(reply)), kinds: ['unreachable'] },
  { trouble: 'half an answer and silence', make: half, kinds: ['timeout'] },
  { trouble: 'an answer that belongs elsewhere', make: () => copyBothResponse, kinds: ['corrupt'] },
  { trouble: 'an endless notice', make: () => Buffer.from('4e0fffffff', 'hex'), kinds: ['corrupt', 'timeout', 'unsupported'] },
];

test.each(troubles.flatMap((one) => steps.map((step) => ({ ...one, ...step }))))(
  '$trouble instead of the answer to $name ends in a fault in time',
  async ({ make, kinds, step }) => {
    const replies: Reply[] = [...goodReplies];
    replies[step] = make(goodReplies[step]!);
    const { options, dialled } = await scripted(replies, { connectTimeoutMs: kinds.includes('timeout') ? 60 : 10_000 });
    // A server that declines TLS has only one byte to say, so half of it is all of it: the start-up that follows is answered well.
    if (step === 0 && kinds[0] !== 'corrupt' && replies[0] instanceof Buffer && replies[0].length === 1) replies[1] = 'hang';
    const fault = await faultOf(session(options));
    expect(kinds).toContain(fault.kind);
    expect(fault.remedy).toMatch(/\.$/);
    expect(fault.message).not.toContain('s3cret');
    await until(() => dialled.every((socket) => socket.destroyed));
  },
);

test.each(steps)('an abort while waiting for the answer to $name cancels at once', async ({ step }) => {
  const abort = new AbortController();
  const { options, dialled } = await scripted([...goodReplies.slice(0, step), () => abort.abort()]);
  expect(await faultOf(session(options, abort.signal))).toMatchObject({ kind: 'cancelled', code: 'Canceled' });
  await until(() => dialled.every((socket) => socket.destroyed));
});

test.each([
  ['silence after TLS was accepted', Buffer.from('S'), 'timeout', 'ConnectTimeout'],
  ['bytes behind the acceptance of TLS', Buffer.concat([Buffer.from('S'), welcome]), 'corrupt', 'UnencryptedBytes'],
  ['a refusal of TLS that is required', Buffer.from('N'), 'precondition', 'TlsRefused'],
] as const)('%s', async (_, reply, kind, code) => {
  const { options } = await scripted([reply], { sslMode: 'require', connectTimeoutMs: kind === 'timeout' ? 60 : 10_000 });
  expect(await faultOf(session(options))).toMatchObject({ kind, code });
});

test.each([
  ['garbage', (socket: Socket) => socket.write('not TLS at all')],
  ['a close', (socket: Socket) => socket.destroy()],
] as const)('%s instead of a TLS handshake', async (_, then) => {
  const answer = (socket: Socket): void => {
    socket.write('S');
    socket.once('data', () => then(socket));
  };
  const { options } = await scripted([answer], { sslMode: 'require' });
  expect(await faultOf(session(options))).toMatchObject({ kind: 'unreachable', code: 'TlsFailed' });
});

const saslAsked = authentication(10, text('SCRAM-SHA-256').u8(0));
test.each([
  ['the end of an exchange that was left', [saslAsked, authentication(0)], 'corrupt', 'UnexpectedMessage'],
  [
    'a challenge for another exchange',
    [saslAsked, authentication(11, new FieldWriter().bytes(Buffer.from('r=x,s=AA==,i=1')))],
    'corrupt',
    'NotPostgres',
  ],
  ['a challenge that nobody asked for', [authentication(11)], 'corrupt', 'UnexpectedMessage'],
  ['Kerberos', [authentication(7)], 'unsupported', 'AuthenticationMethod'],
  ['an unknown SASL mechanism', [authentication(10, text('OAUTHBEARER').u8(0))], 'unsupported', 'AuthenticationMethod'],
  ['a password in the clear', [authentication(3)], 'denied', 'CleartextPassword'],
  ['a refusal', [failure('FATAL', '28P01')], 'unauthenticated', 'WrongPassword'],
  ['no place', [failure('FATAL', '53300')], 'throttled', 'TooManyConnections'],
  ['a start', [failure('FATAL', '57P03')], 'unreachable', 'SourceStarting'],
] as const)('%s at login', async (_, replies, kind, code) => {
  const { options, received } = await scripted(replies, { sslMode: 'disable' });
  expect(await faultOf(session(options))).toMatchObject({ kind, code });
  expect(Buffer.concat(received[0]!).toString('latin1')).not.toContain('s3cret');
});

test('a password that was not given is missed before anything is sent', async () => {
  const { options } = await scripted([md5Asked], { sslMode: 'disable', password: undefined });
  expect(await faultOf(session(options))).toMatchObject({ kind: 'unauthenticated', code: 'PasswordMissing' });
});

test('a dialer that answers late, never, or with an error of its own', async () => {
  const { options } = await scripted([]);
  const late = Promise.withResolvers<Socket>();
  expect(await faultOf(session({ ...options, dialer: { dial: () => late.promise }, connectTimeoutMs: 20 }))).toMatchObject({
    kind: 'timeout',
    code: 'ConnectTimeout',
  });
  const stream = (await options.dialer.dial('127.0.0.1', options.port, never)) as Socket;
  late.resolve(stream);
  await until(() => stream.destroyed);
  const broken: Dialer = { dial: () => Promise.reject(new Error('no route')) };
  expect(await faultOf(session({ ...options, dialer: broken }))).toMatchObject({ kind: 'unreachable', code: 'ConnectionFailed' });
});

const trusted = (...replies: Reply[]): Reply[] => [welcome, Buffer.concat([complete, ready]), ...replies];
const open = async (...replies: Reply[]): Promise<ScriptedServer & { connection: PgConnection }> => {
  const server = await scripted(trusted(...replies), { sslMode: 'disable' });
  const connection = await PgConnection.connect(server.options, never);
  onTestFinished(() => connection.destroy());
  return { ...server, connection };
};

test('queries wait for their turn, and an error leaves the connection alive', async () => {
  const answers: (() => void)[] = [];
  const hold = (reply: Buffer) => (socket: Socket) => void answers.push(() => socket.write(reply));
  const { connection, received } = await open(
    hold(Buffer.concat([failure('ERROR', '42P01'), ready])),
    hold(Buffer.concat([column, row('2'), complete, ready])),
  );
  const first = faultOf(connection.query('SELECT 1'));
  const second = connection.queryObjects('SELECT 2');
  await until(() => answers.length === 1);
  expect(received[0]).toHaveLength(3);
  answers[0]!();
  expect(await first).toMatchObject({ kind: 'missing', code: 'TableMissing' });
  await until(() => answers.length === 2);
  answers[1]!();
  expect(await second).toEqual([{ c: '2' }]);
  expect(connection.fault).toBeUndefined();
});

test('a time-out kills the connection, what waits for it, and what comes later', async () => {
  const { connection } = await open('hang');
  const waiting = faultOf(connection.query('SELECT 1', { timeoutMs: 30 }));
  const queued = faultOf(connection.query('SELECT 2'));
  for (const fault of [await waiting, await queued, await faultOf(connection.query('SELECT 3'))])
    expect(fault).toMatchObject({ kind: 'timeout', code: 'QueryTimeout' });
});

test('an abort while waiting for a turn leaves alone what runs', async () => {
  let answer = (): void => undefined;
  const { connection, received } = await open((socket) => {
    answer = () => socket.write(Buffer.concat([column, row('1'), complete, ready]));
  });
  const first = connection.query('SELECT 1');
  const abort = new AbortController();
  const second = faultOf(connection.query('SELECT 2', { signal: abort.signal }));
  abort.abort();
  expect(await second).toMatchObject({ kind: 'cancelled' });
  await until(() => received[0]!.length === 3);
  answer();
  expect(await first).toEqual([['1']]);
});

test('the last words of a server say why it closed', async () => {
  const { connection } = await open((socket) => socket.end(failure('FATAL', '57P01')));
  expect(await faultOf(connection.query('SELECT 1'))).toMatchObject({ kind: 'unreachable', code: 'SourceStopping' });
  expect(await faultOf(connection.query('SELECT 1'))).toMatchObject({ code: 'SourceStopping' });
});

test('a copy is read no further than a bounded piece ahead, and ended early it is cancelled at the server', async () => {
  const chunk = Buffer.concat(Array.from({ length: 64 }, () => copied(1000)));
  const { connection, dialled, received } = await open((socket) => {
    socket.write(copyOutResponse);
    const more = (): void => {
      while (!socket.destroyed && socket.write(chunk));
    };
    socket.on('drain', more);
    more();
  });
  const buffers = connection.copyOut('COPY t TO STDOUT');
  const first = await buffers.next();
  expect((first.value as Uint8Array)[0]).toBe(tag.copyData);
  await until(() => dialled[0]!.bytesRead > 1024 * 1024 && dialled[0]!.isPaused());
  expect(dialled[0]!.bytesRead).toBeLessThan(4 * 1024 * 1024);
  await buffers.return(undefined);
  await until(() => received[1]?.length === 1);
  expect(received[1]![0]!.toString('hex')).toBe('00000010' + '04d2162e' + '0000004d' + '01020304');
  expect(await faultOf(connection.query('SELECT 1'))).toMatchObject({ code: 'ConnectionClosed' });
});

test.each([
  [
    'an error in the midst',
    Buffer.concat([copyOutResponse, copied(3), failure('ERROR', '57014'), ready]),
    'cancelled',
    'StatementCancelled',
  ],
  [
    'a row that is too large',
    Buffer.concat([copyOutResponse, copied(3), Buffer.from('641fffffff', 'hex')]),
    'unsupported',
    'ValueTooLarge',
  ],
  ['another kind of answer', Buffer.concat([column, complete, ready]), 'bug', 'NotCopyOut'],
])('a copy with %s gives its rows, then the fault', async (_, reply, kind, code) => {
  const { connection } = await open(reply);
  let bytes = 0;
  const drain = async (): Promise<void> => {
    for await (const buffer of connection.copyOut('COPY t TO STDOUT')) bytes += buffer.length;
  };
  expect(await faultOf(drain())).toMatchObject({ kind, code });
  expect(bytes).toBe(kind === 'bug' ? 0 : 8);
});

test('a replication stream: reads, writes, rests after busy reads only, ends in order and frees the connection', async () => {
  let peer: Socket | undefined;
  const { connection, dialled, received } = await open(
    (socket) => {
      peer = socket;
      socket.write(Buffer.concat([copyBothResponse, copied(10)]));
    },
    'hang',
    (socket) => socket.write(Buffer.concat([copied(1), message(tag.copyDone), complete, complete, ready])),
    Buffer.concat([column, row('1'), complete, ready]),
  );
  const stream = await connection.copyBoth('START_REPLICATION', { paceMs: 50 });
  expect(await stream.read()).toHaveLength(15);
  expect(dialled[0]!.isPaused()).toBe(false);
  stream.write(Buffer.from('r'));
  await until(() => received[0]!.length === 4);
  expect(received[0]![3]!.toString('latin1')).toBe('d\0\0\0\x05r');
  const busy = stream.read();
  peer!.write(Buffer.concat(Array.from({ length: 30 }, () => copied(1000))));
  await busy;
  await until(() => dialled[0]!.isPaused());
  await until(() => !dialled[0]!.isPaused());
  const lastReceivedAtMs = stream.lastReceivedAtMs;
  expect(performance.now() - lastReceivedAtMs).toBeLessThan(10_000);
  const query = connection.query('SELECT 1');
  await stream.end();
  expect(await stream.read()).toBeUndefined();
  expect(await query).toEqual([['1']]);
});

test('a paused replication stream leaves the socket alone', async () => {
  const { connection, dialled } = await open((socket) => {
    socket.write(copyBothResponse);
    socket.write(Buffer.concat(Array.from({ length: 3000 }, () => copied(1000))));
  });
  const stream = await connection.copyBoth('START_REPLICATION');
  stream.pause();
  const before = dialled[0]!.bytesRead;
  await new Promise((settle) => setImmediate(settle));
  expect(dialled[0]!.isPaused()).toBe(true);
  expect(dialled[0]!.bytesRead - before).toBeLessThan(256 * 1024);
  stream.resume();
  let bytes = 0;
  while (bytes < 3000 * 1005) bytes += (await stream.read())!.length;
  expect(stream.bufferedBytes).toBe(0);
});

test.each([
  ['an error', Buffer.concat([copyBothResponse, failure('ERROR', '55006'), ready]), 'conflict', 'ObjectInUse'],
  ['a shutdown', (socket: Socket) => socket.end(Buffer.concat([copyBothResponse, complete])), 'unreachable', 'ConnectionLost'],
  [
    'its last words',
    (socket: Socket) => socket.end(Buffer.concat([copyBothResponse, failure('FATAL', '57P02')])),
    'unreachable',
    'SourceCrashed',
  ],
] as const)('a replication stream that ends with %s', async (_, reply, kind, code) => {
  const { connection } = await open(reply);
  const stream = await connection.copyBoth('START_REPLICATION');
  expect(await faultOf(stream.read())).toMatchObject({ kind, code });
  await stream.end();
});

test('a server that does not end its side is left after a while, an aborted stream at once', async () => {
  const { connection } = await open(copyBothResponse);
  const stream = await connection.copyBoth('START_REPLICATION');
  const reading = faultOf(stream.read());
  await stream.end(20);
  expect(await reading).toMatchObject({ code: 'ConnectionClosed' });
  const abort = new AbortController();
  const other = await open(copyBothResponse);
  const aborted = await other.connection.copyBoth('START_REPLICATION', { signal: abort.signal });
  const pending = faultOf(aborted.read());
  abort.abort();
  expect(await pending).toMatchObject({ kind: 'cancelled' });
  expect(await faultOf(other.connection.query('SELECT 1'))).toMatchObject({ kind: 'cancelled' });
});

test('closing says goodbye', async () => {
  const { connection, received } = await open();
  await connection.close();
  await until(() => received[0]!.length === 3);
  expect(received[0]![2]!.toString('hex')).toBe('5800000004');
  expect(await faultOf(connection.query('SELECT 1'))).toMatchObject({ kind: 'cancelled', code: 'ConnectionClosed' });
});
