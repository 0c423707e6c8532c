import type { Socket } from 'node:net';
import { expect, test } from 'vitest';
import { startScripted, type ScriptedServer } from '#test/servers/scripted.ts';
import { directDialer } from '#base/dialer.ts';
import { silentLog } from '#base/log.ts';
import type { JobEvent } from '../job.ts';
import { testConnection, testConnectionJob } from './test-connection-job.ts';
import type { DatabaseAddress } from './test-connection.ts';

function address(kind: DatabaseAddress['kind'], { port }: ScriptedServer): DatabaseAddress {
  const login = { database: 'shop', user: 'reader', password: undefined, tls: 'prefer' as const, certificateName: undefined };
  return { kind, host: '127.0.0.1', port, ...login };
}

async function tested(kind: DatabaseAddress['kind'], speak: (socket: Socket) => void, timeoutMs = 10_000): Promise<readonly unknown[]> {
  await using server = await startScripted(speak);
  const steps = await testConnection({ address: address(kind, server), dialer: directDialer, timeoutMs }, AbortSignal.timeout(20_000));
  return steps.map(({ name, ok, fault }) => (ok ? name : `${name} ${fault?.code}`));
}

test.for<[kind: DatabaseAddress['kind'], what: string, speak: (socket: Socket) => void, expected: string]>([
  ['sqlserver', 'something else', (socket) => socket.end('SSH-2.0-x\r\n'), 'TLS NotTds'],
  ['mysql', 'something else', (socket) => socket.end('SSH-2.0-x\r\n'), 'TLS NotMySql'],
  ['sqlserver', 'an end', (socket) => socket.end(), 'TLS ConnectionLost'],
  ['mysql', 'an end', (socket) => socket.end(), 'TLS ConnectionLost'],
  ['postgresql', 'an end', (socket) => socket.end(), 'TLS ConnectionLost'],
  ['postgresql', 'something else', (socket) => socket.end('HTTP/1.1 400\r\n'), 'TLS NotPostgres'],
])('%s: %s is named', async ([kind, , speak, expected]) => {
  expect(await tested(kind, speak)).toEqual(['TCP', expected]);
});

test.for(['sqlserver', 'mysql', 'postgresql'] as const)('%s: a server that says nothing is given up', async (kind) => {
  const steps = await tested(kind, () => undefined, 200);
  expect(steps).toEqual(['TCP', 'TLS ServerSilent']);
});

test.for(['sqlserver', 'mysql', 'postgresql'] as const)('%s: nobody listens', async (kind) => {
  const server = await startScripted(() => undefined);
  const nobody = address(kind, server);
  await server[Symbol.asyncDispose]();
  const [step, ...more] = await testConnection({ address: nobody, dialer: directDialer, timeoutMs: 5_000 }, AbortSignal.timeout(10_000));
  expect([step?.name, step?.fault?.code, more]).toEqual(['TCP', 'ConnectionFailed', []]);
});

test('as a job it tells each step, and a step that fails is no failure of the job', async () => {
  await using server = await startScripted((socket) => socket.end('SSH-2.0-x\r\n'));
  const told: JobEvent[] = [];
  const login = { database: 'shop', user: 'reader', password: 'kept to itself', tls: 'prefer' as const, certificateName: null };
  await testConnectionJob(
    { kind: 'test-connection', store: { kind: 'mysql', host: '127.0.0.1', port: server.port, ...login }, timeoutMs: 10_000 },
    {
      dialer: directDialer,
      signal: AbortSignal.timeout(20_000),
      log: silentLog,
      tell: (event) => void told.push(event),
      onMessage: () => undefined,
    },
  );
  expect(told.map((event) => event.kind === 'step' && [event.step.name, event.step.fault?.code])).toEqual([
    ['TCP', undefined],
    ['TLS', 'NotMySql'],
  ]);
  expect(JSON.stringify(told)).not.toContain('kept to itself');
});
