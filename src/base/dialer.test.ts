import { once } from 'node:events';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { expect, test } from 'vitest';
import { directDialer } from './dialer.ts';

const never = new AbortController().signal;

/** Answers everybody with what they sent. */
async function echo(): Promise<{ readonly port: number } & AsyncDisposable> {
  const server: Server = createServer((socket) => socket.pipe(socket)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: () => new Promise((settle) => server.close(() => settle())),
  };
}

test('gives a stream of bytes, both ways', async () => {
  await using server = await echo();
  const stream = await directDialer.dial('127.0.0.1', server.port, never);
  stream.write('hello');
  const [bytes] = (await once(stream, 'data')) as [Buffer];
  expect(bytes.toString()).toBe('hello');
  stream.destroy();
});

test('nobody listening, and a name that does not exist, are unreachable, with target and remedy', async () => {
  const closed = await echo();
  await closed[Symbol.asyncDispose]();
  await expect(directDialer.dial('127.0.0.1', closed.port, never)).rejects.toMatchObject({
    kind: 'unreachable',
    code: 'ConnectionFailed',
    target: `127.0.0.1:${closed.port}`,
    remedy: expect.anything(),
  });
  await expect(directDialer.dial('nowhere.invalid', 5432, never)).rejects.toMatchObject({ kind: 'unreachable', code: 'HostNotFound' });
});

test('a cancelled dial ends at once, before and while it runs', async () => {
  await expect(directDialer.dial('127.0.0.1', 9, AbortSignal.abort())).rejects.toMatchObject({ kind: 'cancelled' });
  const stop = new AbortController();
  const dialling = directDialer.dial('127.0.0.1', 9, stop.signal);
  stop.abort();
  await expect(dialling).rejects.toMatchObject({ kind: 'cancelled' });
});

test('a cancellation after the connection is made leaves the stream alone', async () => {
  await using server = await echo();
  const stop = new AbortController();
  const stream = await directDialer.dial('127.0.0.1', server.port, stop.signal);
  stop.abort();
  stream.write('still here');
  const [bytes] = (await once(stream, 'data')) as [Buffer];
  expect(bytes.toString()).toBe('still here');
  stream.destroy();
});
