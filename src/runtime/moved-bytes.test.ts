import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { connect as connectTls, createServer as createTlsServer, type TLSSocket } from 'node:tls';
import { expect, test } from 'vitest';
import { makeAuthority } from '#replication/sources/postgres/test-certificates.ts';
import { MovedBytes } from './moved-bytes.ts';

async function listening(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

/** Passes bytes on to a port and counts those that it reads from either side. */
async function countingRelay(port: number): Promise<{ readonly server: Server; readonly port: number; sent: number; received: number }> {
  const relay = { server: undefined as unknown as Server, port: 0, sent: 0, received: 0 };
  relay.server = createServer({ allowHalfOpen: true }, (client) => {
    const far = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    client.on('data', (bytes) => (relay.sent += bytes.length)).pipe(far);
    far.on('data', (bytes) => (relay.received += bytes.length)).pipe(client);
    client.on('error', () => far.destroy());
    far.on('error', () => client.destroy());
  });
  relay.port = await listening(relay.server);
  return relay;
}

async function dial(port: number, moved: MovedBytes): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1' });
  await once(socket, 'connect');
  moved.follow(socket);
  return socket;
}

/** Sends so many bytes, and reads until it was sent three times as many. */
async function exchange(socket: Socket, size: number): Promise<void> {
  let heard = 0;
  const whole = new Promise<void>((settle) => {
    socket.on('data', (bytes: Buffer) => {
      heard += bytes.length;
      if (heard === size * 3) settle();
    });
  });
  socket.write(Buffer.alloc(size, 1));
  await whole;
}

const threefold = (socket: Socket): void => void socket.on('data', (bytes) => socket.write(Buffer.concat([bytes, bytes, bytes])));

test('what living and ended connections move is summed up, to the byte', async () => {
  const server = createServer(threefold);
  const relay = await countingRelay(await listening(server));
  const moved = new MovedBytes();
  expect(moved.total).toEqual({ sent: 0, received: 0 });
  const [first, second] = [await dial(relay.port, moved), await dial(relay.port, moved)];
  await exchange(first, 1_000_000);
  await exchange(second, 7);
  expect(moved.total).toEqual({ sent: 1_000_007, received: 3_000_021 });
  first.end();
  await once(first, 'close');
  await exchange(second, 5);
  const all = { sent: 1_000_012, received: 3_000_036 };
  expect(moved.total).toEqual(all);
  second.destroy();
  await moved.rest(10_000);
  expect(moved.total).toEqual(all);
  expect(relay).toMatchObject(all);
  for (const one of [server, relay.server]) one.close();
});

test('what is secured counts as it crosses the network, with its handshake and its end', async () => {
  const authority = makeAuthority('authority of a test');
  const { certificate: cert, key } = authority.issue({ commonName: 'db', dnsNames: ['db.test'] });
  const server = createTlsServer({ cert, key }, threefold);
  const relay = await countingRelay(await listening(server));
  const moved = new MovedBytes();
  const socket = await dial(relay.port, moved);
  const secured: TLSSocket = connectTls({ socket, ca: authority.certificate, servername: 'db.test' });
  await once(secured, 'secureConnect');
  await exchange(secured, 100_000);
  expect(moved.total.sent).toBeGreaterThan(100_000);
  expect(moved.total.received).toBeGreaterThan(300_000);
  await expect.poll(() => ({ ...moved.total })).toEqual({ sent: relay.sent, received: relay.received });
  const before = moved.total;
  secured.end();
  await moved.rest(10_000);
  expect(moved.total.sent).toBeGreaterThan(before.sent);
  await expect.poll(() => ({ sent: relay.sent, received: relay.received })).toEqual(moved.total);
  for (const one of [server, relay.server]) one.close();
});

test('what was queued and never written does not count, and what was said before a connection was handed out does not either', async () => {
  const server = createServer((socket) => {
    // Of all that comes it reads the first part.
    socket.once('data', () => socket.pause());
    socket.on('error', () => undefined);
    socket.write('head');
  });
  const moved = new MovedBytes();
  const socket = connect({ port: await listening(server), host: '127.0.0.1' });
  await once(socket, 'readable');
  expect(String(socket.read())).toBe('head');
  socket.write('token');
  moved.follow(socket);
  for (let count = 0; count < 64; count += 1) socket.write(Buffer.alloc(1_000_000));
  const living = moved.total;
  socket.destroy();
  await moved.rest(10_000);
  expect(moved.total.sent).toBeLessThan(64_000_000);
  expect(moved.total.sent).toBeGreaterThanOrEqual(living.sent);
  expect(moved.total.received).toBe(0);
  server.close();
});
