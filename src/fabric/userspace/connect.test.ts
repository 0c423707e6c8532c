import { createServer } from 'node:net';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { connectInTurn } from './connect.ts';

test.each(['169.254.169.254', '0.0.0.0', '224.0.0.1', 'fe80::1', '::', 'ff02::1', '::ffff:169.254.169.254', 'fd00:ec2::254'])(
  'no network leads to %s',
  async (address) => {
    const tried: unknown[] = [];
    const options = {
      addresses: [address],
      port: 80,
      timeoutMs: 1_000,
      trying: (socket: unknown) => void tried.push(socket),
      wanted: () => true,
    };
    expect(await connectInTurn(options)).toMatchObject({ socket: undefined, problem: expect.stringContaining('no network leads') });
    expect(tried).toEqual([]);
  },
);

test('the next address is tried where one is forbidden', async () => {
  const server = createServer((socket) => socket.end()).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const options = { addresses: ['169.254.169.254', '127.0.0.1'], port, timeoutMs: 5_000, trying: () => undefined, wanted: () => true };
  const connected = await connectInTurn(options);
  expect(connected).toMatchObject({ address: '127.0.0.1' });
  connected.socket?.destroy();
  server.close();
});
