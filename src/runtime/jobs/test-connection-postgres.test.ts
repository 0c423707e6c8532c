import type { Socket } from 'node:net';
import { expect, test } from 'vitest';
import { answering, startScripted } from '#test/servers/scripted.ts';
import { directDialer } from '#base/dialer.ts';
import { secret } from '#base/secret.ts';
import { testConnection } from './test-connection-job.ts';

/** A message of the server: its kind, four bytes of length that counts itself, what it holds. */
function message(kind: string, ...body: readonly number[]): Uint8Array {
  return Uint8Array.from([kind.charCodeAt(0), 0, 0, 0, body.length + 4, ...body]);
}

const noTls = Buffer.from('N');
const loggedIn = Buffer.concat([message('R', 0, 0, 0, 0), message('Z', 0x49)]);

async function tested(speak: (socket: Socket) => void, timeoutMs = 300): Promise<readonly string[]> {
  await using server = await startScripted(speak);
  const login = {
    database: 'shop',
    user: 'reader',
    password: secret('kept-to-itself-7'),
    tls: 'prefer' as const,
    certificateName: undefined,
  };
  const startedMs = performance.now();
  const steps = await testConnection(
    { address: { kind: 'postgresql', host: '127.0.0.1', port: server.port, ...login }, dialer: directDialer, timeoutMs },
    AbortSignal.timeout(20_000),
  );
  expect(performance.now() - startedMs).toBeLessThan(timeoutMs + 2_000);
  return steps.map(({ name, ok, fault }) => (ok ? name : `${name} ${fault?.code}`));
}

test.for<[what: string, speak: (socket: Socket) => void, expected: readonly string[]]>([
  ['where it is asked for TLS', () => undefined, ['TCP', 'TLS ServerSilent']],
  ['in the TLS handshake', answering(Buffer.from('S')), ['TCP', 'TLS ServerSilent']],
  ['where it is told who comes', answering(noTls), ['TCP', 'TLS', 'login ServerSilent']],
  ['where it has the password', answering(noTls, message('R', 0, 0, 0, 5, 1, 2, 3, 4)), ['TCP', 'TLS', 'login ServerSilent']],
  ['before it takes questions', answering(noTls, message('R', 0, 0, 0, 0)), ['TCP', 'TLS', 'login ServerSilent']],
  ['at the question', answering(noTls, loggedIn), ['TCP', 'TLS', 'login', 'rights ServerSilent']],
])('a server that hangs %s is given up', async ([, speak, expected]) => {
  expect(await tested(speak)).toEqual(expected);
});
