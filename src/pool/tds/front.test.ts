import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { Connection } from 'tedious';
import { describe, expect, test, vi } from 'vitest';
import { encodeLogin7, usualFlags, type Login7 } from '#wire/tds/login7.ts';
import { MessageReader, packetsOf, packetType, type TdsMessage } from '#wire/tds/packets.ts';
import { decodePrelogin, encodePrelogin, type TdsEncryption } from '#wire/tds/prelogin.ts';
import { encodeSqlBatch } from '#wire/tds/sql-batch.ts';
import { decodeTokens, type Token } from '#wire/tds/tokens.ts';
import { tdsVersion, type TdsVersion } from '#wire/tds/version.ts';
import { ask, frontScene, password, tedious, user } from './front-scene.contract.ts';

describe('tedious', () => {
  for (const [encryption, encrypt, encrypted] of [
    ['off', false, 'nothing'],
    ['support', false, 'nothing'],
    ['support', true, 'all'],
    ['require', true, 'all'],
    ['strict', 'strict', 'all'],
    ['require', 'strict', 'all'],
  ] as const)
    test(`logs in with encrypt=${encrypt} where the front says ${encryption}`, async () => {
      await using scene = await frontScene({ encryption });
      const connection = await tedious({ port: scene.front.port, encrypt, ca: scene.ca });
      try {
        expect((await ask(connection, 'count 3')).rows).toEqual([[0], [1], [2]]);
        expect(scene.parrots[0]?.terms).toMatchObject({ tds: '7.4', peer: { encrypted } });
      } finally {
        connection.close();
      }
    });

  test('is refused where it does not encrypt what must be, and by a wrong password', async () => {
    await using scene = await frontScene({ encryption: 'require' });
    await expect(tedious({ port: scene.front.port, encrypt: false })).rejects.toThrow('encrypted connections only');
    const wrong = tedious({ port: scene.front.port, encrypt: true, ca: scene.ca, login: { user, password: 'guess' } });
    await expect(wrong).rejects.toThrow("Login failed for user 'ada'.");
    expect(scene.parrots).toEqual([]);
  });

  test('reads many rows in packets of its own size', async () => {
    await using scene = await frontScene({ encryption: 'off' });
    for (const packetSize of [512, 4096, 32_767]) {
      const connection = await tedious({ port: scene.front.port, encrypt: false, packetSize });
      const { rows, count } = await ask(connection, 'count 30000');
      expect([rows.length, rows.at(-1), count]).toEqual([30_000, [29_999], 30_000]);
      connection.close();
    }
    expect(scene.parrots.map(({ terms }) => terms.packetBytes)).toEqual([512, 4096, 32_767]);
  });

  for (const sentence of ['hang', 'hang-within'])
    for (const encrypt of [false, true])
      test(`cancels "${sentence}", encrypt=${encrypt}, and goes on with the same connection`, async () => {
        await using scene = await frontScene();
        const connection = await tedious({ port: scene.front.port, encrypt, ca: scene.ca });
        for (let turn = 1; turn <= 3; turn += 1) {
          const asked = ask(connection, sentence, () => void cancelOnceBusy(connection, scene.parrots[0]!));
          await expect(asked).rejects.toThrow('Canceled.');
          expect(scene.parrots[0]!.broken).toBe(turn);
          expect((await ask(connection, 'count 1')).rows).toEqual([[0]]);
        }
        connection.close();
      });

  test('resets its connection', async () => {
    await using scene = await frontScene();
    const connection = await tedious({ port: scene.front.port, encrypt: true, ca: scene.ca });
    await new Promise<void>((resolve, reject) => connection.reset((error) => (error ? reject(error) : resolve())));
    expect(scene.parrots[0]!.resets).toEqual(['all']);
    expect((await ask(connection, 'count 2')).rows).toHaveLength(2);
    expect(scene.parrots[0]!.resets).toEqual(['all']);
    connection.close();
  });

  test('is sent elsewhere and logs in there', async () => {
    await using there = await frontScene();
    await using scene = await frontScene({
      login: () => Promise.resolve({ kind: 'routed', host: 'localhost', port: there.front.port }),
    });
    const connection = await tedious({ port: scene.front.port, encrypt: false });
    expect((await ask(connection, 'count 1')).rows).toHaveLength(1);
    expect(there.parrots).toHaveLength(1);
    connection.close();
  });

  test('is told of a bug behind the front, and that is all', async () => {
    await using scene = await frontScene();
    const connection = await tedious({ port: scene.front.port, encrypt: true, ca: scene.ca });
    await expect(ask(connection, 'fail')).rejects.toThrow('the conversation has a bug');
    connection.close();
    await vi.waitFor(() => expect(scene.parrots[0]!.ended).toBe(true));
  });
});

describe('byte by byte', () => {
  test('a login without PRELOGIN, of TDS 7.1', async () => {
    await using scene = await frontScene();
    using client = await Raw.connect(scene.front.port);
    client.send({ type: packetType.login7, payload: login7({ tdsVersion: tdsVersion['7.1'] }) });
    await client.receive();
    expect(scene.parrots[0]!.terms).toMatchObject({ tds: '7.1', peer: { encrypted: 'nothing' } });
    client.send({ type: packetType.sqlBatch, payload: Buffer.from('settle', 'utf16le') });
    await client.receive();
    expect(scene.parrots[0]!.broken).toBe(0);
  });

  for (const [encryption, asked, agreed] of [
    ['off', 'on', 'not-supported'],
    ['off', 'off', 'not-supported'],
    ['support', 'off', 'off'],
    ['support', 'on', 'on'],
    ['support', 'required', 'on'],
    ['support', 'not-supported', 'not-supported'],
    ['require', 'off', 'required'],
    ['require', 'on', 'on'],
    ['require', 'not-supported', 'not-supported'],
  ] as const)
    test(`${encryption} answers a client that says ${asked} with ${agreed}`, async () => {
      await using scene = await frontScene({ encryption });
      using client = await Raw.connect(scene.front.port);
      client.send({ type: packetType.prelogin, payload: prelogin(asked) });
      expect(decodePrelogin((await client.receive()).payload).encryption).toBe(agreed);
    });

  test('an interruption while nothing runs is answered, and one while something runs once', async () => {
    await using scene = await frontScene();
    using client = await loggedIn(scene.front.port);
    client.attention();
    expect(await client.tokens()).toEqual([{ kind: 'done', status: 0x20, command: 0, rows: 0n }]);
    client.batch('hang');
    client.attention();
    expect(await client.tokens()).toEqual([{ kind: 'done', status: 0x02, command: 0, rows: 0n }]);
    expect(await client.tokens()).toEqual([{ kind: 'done', status: 0x20, command: 0, rows: 0n }]);
    client.batch('settle');
    expect(await client.tokens()).toEqual([{ kind: 'done', status: 0, command: 0xf9, rows: 0n }]);
  });

  test('a request that is broken off while it is sent is not run', async () => {
    await using scene = await frontScene();
    using client = await loggedIn(scene.front.port);
    const packet = packetsOf({ type: packetType.sqlBatch, payload: encodeSqlBatch({ sql: 'hang', transaction: 0n }) });
    packet[1] = 0x03;
    client.socket.write(packet);
    expect(await client.tokens()).toEqual([{ kind: 'done', status: 0x02, command: 0, rows: 0n }]);
  });

  test('the bits of a reset come before the request, and are acknowledged', async () => {
    await using scene = await frontScene();
    using client = await loggedIn(scene.front.port);
    for (const bit of [0x08, 0x10]) {
      const packet = packetsOf({ type: packetType.sqlBatch, payload: encodeSqlBatch({ sql: 'settle', transaction: 0n }) });
      packet[1] = 0x01 | bit;
      client.socket.write(packet);
      expect((await client.tokens()).map(({ kind }) => kind)).toEqual(['env-change', 'done']);
    }
    expect(scene.parrots[0]!.resets).toEqual(['all', 'keeps-transaction']);
  });

  test('a bulk load of any size is read as it comes', async () => {
    await using scene = await frontScene();
    using client = await loggedIn(scene.front.port);
    client.send({ type: packetType.bulkLoad, payload: new Uint8Array(5_000_000) });
    expect(await client.tokens()).toMatchObject([{ kind: 'done', rows: 5_000_000n }]);
  });

  test('a request that is cut anywhere is the same', async () => {
    await using scene = await frontScene();
    using client = await loggedIn(scene.front.port);
    const bytes = packetsOf({ type: packetType.sqlBatch, payload: encodeSqlBatch({ sql: 'count 2', transaction: 0n }) }, 16);
    for (const byte of bytes) {
      client.socket.write(Uint8Array.of(byte));
      await new Promise(setImmediate);
    }
    expect((await client.tokens()).map(({ kind }) => kind)).toEqual(['columns', 'row', 'row', 'done']);
  });
});

describe('limits', () => {
  test('a client that goes away ends its request', async () => {
    await using scene = await frontScene();
    const client = await loggedIn(scene.front.port);
    client.batch('hang');
    await vi.waitFor(() => expect(scene.parrots[0]!.isBusy).toBe(true));
    client[Symbol.dispose]();
    await vi.waitFor(() => expect([scene.parrots[0]!.broken, scene.parrots[0]!.ended, scene.front.connections]).toEqual([1, true, 0]));
  });

  test('who does not log in in time is sent away', async () => {
    await using scene = await frontScene({ limits: { loginMs: 100 } });
    for (const first of [[], [0x12], [0x16, 3, 1]]) {
      using client = await Raw.connect(scene.front.port);
      client.socket.write(Uint8Array.from(first));
      await client.closed;
    }
    expect(scene.front.connections).toBe(0);
  });

  test('packets without end and without anything in them are no message, and take no memory', async () => {
    await using scene = await frontScene();
    using client = await loggedIn(scene.front.port);
    const nothing = Buffer.from([packetType.sqlBatch, 0, 0, 8, 0, 0, 1, 0]);
    client.socket.write(Buffer.concat(Array.from({ length: 20_000 }, () => nothing)));
    const letters = encodeSqlBatch({ sql: `count 2 ${' '.repeat(9_000)}`, transaction: 0n });
    const packets = Array.from(letters, (byte, at) =>
      Buffer.from([packetType.sqlBatch, at === letters.length - 1 ? 1 : 0, 0, 9, 0, 0, 1, 0, byte]),
    );
    client.socket.write(Buffer.concat(packets));
    expect((await client.tokens()).filter(({ kind }) => kind === 'row')).toHaveLength(2);
  });

  test('interruptions whose answers nobody reads are not read either', async () => {
    await using scene = await frontScene({ encryption: 'off' });
    const accepted = Promise.withResolvers<Socket>();
    const hear = (message: unknown): void => accepted.resolve((message as { readonly socket: Socket }).socket);
    subscribe('net.server.socket', hear);
    using client = await loggedIn(scene.front.port);
    unsubscribe('net.server.socket', hear);
    const server = await accepted.promise;
    // As where the client takes nothing, and the kernel's buffers are full.
    server.cork();
    const many = 20_000;
    const one = packetsOf({ type: packetType.attention, payload: new Uint8Array(0) });
    client.socket.write(Buffer.alloc(one.length * many, one));
    await vi.waitFor(() => expect([server.writableNeedDrain, server.isPaused()]).toEqual([true, true]));
    for (let turn = 0; turn < 200; turn += 1) await new Promise(setImmediate);
    expect([server.isPaused(), server.writableLength < 100_000]).toEqual([true, true]);
    server.uncork();
    for (let answer = 0; answer < many; answer += 1) await client.receive();
  });

  test('what is no TDS ends the connection', async () => {
    await using scene = await frontScene();
    for (const bytes of [
      'GET / HTTP/1.1\r\n\r\n',
      '\u0012\u0001\u00ff\u00ff\u0000\u0000\u0000\u0000',
      '\u0010\u0001\u0000\u0009\u0000\u0000\u0000\u0000x',
    ]) {
      using client = await Raw.connect(scene.front.port);
      client.socket.write(Buffer.from(bytes, 'latin1'));
      await client.closed;
    }
    using client = await loggedIn(scene.front.port);
    client.socket.write(packetsOf({ type: packetType.login7, payload: login7({}) }));
    await client.closed;
    await vi.waitFor(() => expect(scene.front.connections).toBe(0));
  });

  test('a request above the limit ends the connection', async () => {
    await using scene = await frontScene({ limits: { requestBytes: 10_000 } });
    using client = await loggedIn(scene.front.port);
    client.send({ type: packetType.sqlBatch, payload: encodeSqlBatch({ sql: 'x'.repeat(10_000), transaction: 0n }) });
    await client.closed;
    await vi.waitFor(() => expect(scene.front.connections).toBe(0));
  });

  test('sessions above the limit are told, connections above it ended', async () => {
    await using scene = await frontScene({ encryption: 'off', limits: { sessions: 1, connectionsOfPeer: 2 } });
    const first = await tedious({ port: scene.front.port, encrypt: false });
    await expect(tedious({ port: scene.front.port, encrypt: false })).rejects.toThrow('session limit for the database is 1');
    await vi.waitFor(() => expect(scene.front.connections).toBe(1));
    using _second = await Raw.connect(scene.front.port);
    using third = await Raw.connect(scene.front.port);
    await third.closed;
    first.close();
    await vi.waitFor(() => expect(scene.front.sessions).toBe(0));
  });

  test('a version before 7.1 is refused by name', async () => {
    await using scene = await frontScene();
    using client = await Raw.connect(scene.front.port);
    client.send({ type: packetType.login7, payload: login7({ tdsVersion: 0x7000_0000 }) });
    expect(await client.tokens('7.1')).toMatchObject([{ kind: 'error', number: 17_832 }, { kind: 'done' }]);
  });
});

async function cancelOnceBusy(connection: Connection, parrot: { readonly isBusy: boolean }): Promise<void> {
  await vi.waitFor(() => expect(parrot.isBusy).toBe(true));
  connection.cancel();
}

function prelogin(encryption: TdsEncryption): Uint8Array {
  return encodePrelogin({ version: '1.0.0', subBuild: 0, encryption });
}

function login7(parts: Partial<Login7>): Uint8Array {
  const none = new Uint8Array(0);
  return encodeLogin7({
    tdsVersion: tdsVersion['7.4'],
    packetBytes: 4096,
    clientVersion: 1,
    clientProcess: 1,
    connectionId: 0,
    flags: usualFlags,
    timeZone: 0,
    locale: 0,
    hostName: 'here',
    userName: user,
    password,
    appName: 'test',
    serverName: 'there',
    libraryName: '',
    language: '',
    database: '',
    clientId: new Uint8Array(6),
    sspi: none,
    attachFile: '',
    newPassword: '',
    features: [],
    ...parts,
  });
}

async function loggedIn(port: number): Promise<Raw> {
  const client = await Raw.connect(port);
  client.send({ type: packetType.login7, payload: login7({}) });
  await client.receive();
  return client;
}

/** A client that sends what it is told to. */
class Raw implements Disposable {
  readonly socket: Socket;
  readonly closed: Promise<unknown>;
  readonly #reader = new MessageReader(100_000_000);

  private constructor(socket: Socket) {
    this.socket = socket;
    this.closed = new Promise((resolve) => socket.once('close', resolve));
    socket.on('data', (bytes) => this.#reader.push(bytes));
    socket.on('error', () => socket.destroy());
  }

  static async connect(port: number): Promise<Raw> {
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    return new Raw(socket);
  }

  send(message: TdsMessage): void {
    this.socket.write(packetsOf(message));
  }

  batch(sql: string): void {
    this.send({ type: packetType.sqlBatch, payload: encodeSqlBatch({ sql, transaction: 0n }) });
  }

  attention(): void {
    this.send({ type: packetType.attention, payload: new Uint8Array(0) });
  }

  async receive(): Promise<TdsMessage> {
    for (;;) {
      const message = this.#reader.next();
      if (message !== undefined) return message;
      await once(this.socket, 'data', { signal: AbortSignal.timeout(5_000) });
    }
  }

  async tokens(version?: TdsVersion): Promise<readonly Token[]> {
    return decodeTokens((await this.receive()).payload, version);
  }

  [Symbol.dispose](): void {
    this.socket.destroy();
  }
}
