import type { Socket } from 'node:net';
import { expect, test } from 'vitest';
import { answering, startScripted } from '#test/servers/scripted.ts';
import { directDialer } from '#base/dialer.ts';
import { secret } from '#base/secret.ts';
import { testConnection } from './test-connection-job.ts';
import type { DatabaseAddress } from './test-connection.ts';

/** Protocol::Packet: three bytes of length, the number in sequence, what it holds. */
function packet(number: number, ...parts: readonly (number | string)[]): Uint8Array {
  const body = Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part, 'latin1') : Uint8Array.of(part))));
  return Buffer.concat([Uint8Array.of(body.length & 0xff, body.length >> 8, 0, number), body]);
}

/** Protocol::HandshakeV10 of a MySQL 8.4, with and without TLS. */
const greeting = (tls: boolean): Uint8Array =>
  // Version, thread, first part of the scramble; lower flags, character set, status; upper flags, the rest of the scramble, its plugin.
  packet(
    0,
    10,
    '8.4.3\0',
    '\x01\0\0\0',
    '12345678\0',
    0x08,
    tls ? 0x8a : 0x82,
    8,
    '\x02\0',
    '\x08\0',
    21,
    '\0'.repeat(10),
    'abcdefghijkl\0',
    'mysql_native_password\0',
  );
const ok = packet(2, '\0\0\0\x02\0\0\0');
const refusal = (number: number, error: number): Uint8Array =>
  packet(number, 0xff, error & 0xff, error >> 8, '#HY000', 'A text with a value: 4711');
const switchTo = (plugin: string): Uint8Array => packet(2, 0xfe, `${plugin}\0`, 'abcdefghijklmnopqrst\0');

async function tested(
  speak: (socket: Socket) => void,
  { timeoutMs = 10_000, ...more }: Partial<DatabaseAddress> & { timeoutMs?: number } = {},
): Promise<readonly string[]> {
  await using server = await startScripted(speak);
  const login = { database: 'shop', user: 'reader', password: secret('kept-to-itself-7'), certificateName: undefined };
  const steps = await testConnection(
    { address: { kind: 'mysql', host: '127.0.0.1', port: server.port, tls: 'prefer', ...login, ...more }, dialer: directDialer, timeoutMs },
    AbortSignal.timeout(20_000),
  );
  expect(JSON.stringify(steps)).not.toMatch(/4711|kept-to-itself/);
  return steps.map(({ name, ok: passed, fault }) => (passed ? name : `${name} ${fault?.code}`));
}

/** Greets, then answers each piece that comes. */
const greets =
  (first: Uint8Array, ...answers: readonly Uint8Array[]) =>
  (socket: Socket): void => {
    socket.write(first);
    answering(...answers)(socket);
  };

test.for<[what: string, speak: (socket: Socket) => void, expected: readonly string[]]>([
  ['before its greeting', () => undefined, ['TCP', 'TLS ServerSilent']],
  ['in the TLS handshake', greets(greeting(true)), ['TCP', 'TLS ServerSilent']],
  ['at the login', greets(greeting(false)), ['TCP', 'TLS', 'login ServerSilent']],
  ['at the question', greets(greeting(false), ok), ['TCP', 'TLS', 'login', 'rights ServerSilent']],
])('a server that hangs %s is given up', async ([, speak, expected]) => {
  expect(await tested(speak, { timeoutMs: 300 })).toEqual(expected);
});

test.for<[what: string, speak: (socket: Socket) => void, expected: string]>([
  ['a host that is not let in', (socket) => socket.end(refusal(0, 1130)), 'TLS HostNotAllowed'],
  ['a host that is blocked, at the login', greets(greeting(false), refusal(2, 1129)), 'login HostBlocked'],
  ['no connection left', (socket) => socket.end(refusal(0, 1040)), 'TLS TooManyConnections'],
  ['an error that nobody knows', greets(greeting(false), refusal(2, 9999)), 'login ServerRefused'],
  ['a server that asks to encrypt', greets(greeting(false), refusal(2, 3159)), 'login TlsRequired'],
  ['an end in the TLS handshake', (socket) => void socket.once('data', () => socket.end()).write(greeting(true)), 'TLS TlsFailed'],
  ['rubbish in the TLS handshake', greets(greeting(true), Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n')), 'TLS TlsFailed'],
  ['an end at the login', (socket) => void socket.once('data', () => socket.end()).write(greeting(false)), 'login ConnectionLost'],
  ['a refusal at the question', greets(greeting(false), ok, refusal(1, 1142)), 'rights PermissionDenied'],
  ['an authentication that is not known', greets(greeting(false), switchTo('dialog')), 'login AuthenticationMethod'],
  ['a password asked for in the clear', greets(greeting(false), switchTo('mysql_clear_password')), 'login AuthenticationMethod'],
  [
    'a password for a key of anybody',
    greets(greeting(false), switchTo('caching_sha2_password'), packet(4, 1, 4)),
    'login CleartextPassword',
  ],
  ['a password for another key of anybody', greets(greeting(false), switchTo('sha256_password')), 'login CleartextPassword'],
])('%s is named', async ([, speak, expected]) => {
  expect((await tested(speak)).at(-1)).toBe(expected);
});

test('caching_sha2_password that the server remembers needs no TLS', async () => {
  const speak = greets(greeting(false), switchTo('caching_sha2_password'), Buffer.concat([packet(4, 1, 3), packet(5, '\0\0\0\x02\0\0\0')]));
  expect(await tested(speak, { timeoutMs: 300 })).toEqual(['TCP', 'TLS', 'login', 'rights ServerSilent']);
});
