import type { Duplex } from 'node:stream';
import { fault, toFault, type Fault } from '#base/fault.ts';
import { Steps, type TestAsk, type TestStep } from './test-connection.ts';

export interface GreetingAsk {
  /** What is said first; undefined: the server begins. */
  readonly request: Uint8Array | undefined;
  /** A sentence about what came; undefined: more bytes are needed. Throws where it is something else. */
  readonly read: (bytes: Uint8Array) => string | undefined;
  readonly server: string;
}

export async function testGreeting(ask: TestAsk, signal: AbortSignal, greeting: GreetingAsk): Promise<readonly TestStep[]> {
  const { host, port } = ask.address;
  const steps = new Steps(ask.onStep);
  const deadline = AbortSignal.any([signal, AbortSignal.timeout(ask.timeoutMs)]);
  let next: TestStep['name'] = 'TCP';
  try {
    const stream = await ask.dialer.dial(host, port, deadline);
    steps.done('TCP', `${host}:${port} takes connections.`);
    next = 'protocol';
    steps.done('protocol', await exchange(stream, greeting, { target: `${host}:${port}`, deadline }));
    next = 'login';
    throw fault(
      'unsupported',
      'LoginNotTested',
      `Login to ${greeting.server} is not tested yet: user, password and rights are not known to be right.`,
      {
        remedy: 'Everything up to the server is open. Try the login with a client of your own.',
      },
    );
  } catch (error) {
    steps.failed(next, error);
  }
  return steps.all;
}

const mostGreetingBytes = 8192;

/** Says what is to be said, and answers what was read. The stream is gone afterwards. */
async function exchange(
  stream: Duplex,
  { request, read, server }: GreetingAsk,
  { target, deadline }: { readonly target: string; readonly deadline: AbortSignal },
): Promise<string> {
  const silent = (): Fault =>
    fault('timeout', 'ServerSilent', `${target} took the connection and does not answer as a ${server} server.`, {
      target,
      remedy: 'Check the server behind the path, and what the forwarder passes on to.',
    });
  const onAbort = (): void => void stream.destroy(silent());
  deadline.addEventListener('abort', onAbort, { once: true });
  try {
    if (request !== undefined) stream.write(request);
    let bytes: Uint8Array = new Uint8Array(0);
    for await (const chunk of stream as AsyncIterable<Uint8Array>) {
      bytes = Buffer.concat([bytes, chunk]);
      const said = read(bytes);
      if (said !== undefined) return said;
      if (bytes.length > mostGreetingBytes) break;
    }
    throw fault('unreachable', 'ConnectionLost', `${target} ended the connection before it said what it is.`, {
      target,
      remedy: `Check that a ${server} server stands behind the path.`,
    });
  } catch (error) {
    if (deadline.aborted) throw silent();
    throw lostFault(error, target);
  } finally {
    deadline.removeEventListener('abort', onAbort);
    stream.on('error', () => stream.destroy());
    stream.destroy();
  }
}

function lostFault(error: unknown, target: string): Fault {
  const trouble = toFault(error);
  if (trouble.kind !== 'bug') return trouble;
  return fault('unreachable', 'ConnectionLost', `The connection to ${target} broke.`, {
    target,
    remedy: 'Check the network and that the server still runs; its log says whether it ended the connection.',
    cause: error,
  });
}
