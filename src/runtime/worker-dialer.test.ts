import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { expect, test } from 'vitest';
import type { FaultText } from '#base/fault-text.ts';
import { toFault } from '#base/fault.ts';
import { wayKey } from './channel.ts';
import { doorDialer, WayNews, type SocketDialer } from './worker-dialer.ts';

const never = new AbortController().signal;
const pending: FaultText = { kind: 'denied', code: 'EndpointPending', message: 'Not approved.', target: 'e', remedy: 'Approve it.' };

/** Listens on an address that connections come to from another one, as from a network that carries them, or from the same. */
async function listen(
  how: 'carried' | 'passed on',
  take: (socket: Socket) => void,
): Promise<{ server: Server; host: string; port: number }> {
  const host = how === 'carried' ? '127.0.0.2' : '127.0.0.1';
  const server = createServer(take).listen(0, host);
  await once(server, 'listening');
  return { server, host, port: (server.address() as AddressInfo).port };
}

interface Dialled {
  readonly dialer: SocketDialer;
  readonly news: WayNews;
  asked: number;
}

function dialerTo(target: { readonly host: string; readonly port: number }, why: FaultText | null = null): Dialled {
  const news = new WayNews();
  const dialled: Dialled = {
    news,
    asked: 0,
    dialer: doorDialer({
      own: () => null,
      news,
      target,
      why: async () => {
        dialled.asked += 1;
        return why;
      },
    }),
  };
  return dialled;
}

async function closedPort(host: string): Promise<number> {
  const server = createServer().listen(0, host);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

const codeOf = (dial: Promise<unknown>): Promise<string> =>
  dial.then(
    () => 'connected',
    (error: unknown) => toFault(error).code,
  );

test('a connection that the network carries counts once it is connected; nobody is asked about it', async () => {
  const { server, ...target } = await listen('carried', (socket) => socket.end('hello'));
  const dialled = dialerTo(target);
  const socket = await dialled.dialer.dial(target.host, target.port, never);
  expect(String((await once(socket, 'data'))[0])).toBe('hello');
  expect(dialled.asked).toBe(0);
  socket.destroy();
  server.close();
});

test('one that is passed on waits for the news of what became of it, and its fault is theirs', async () => {
  const ports: number[] = [];
  const { server, ...target } = await listen('passed on', (socket) => void ports.push(socket.remotePort ?? 0));
  const { dialer, news } = dialerTo(target);
  const waits = dialer.dial(target.host, target.port, never);
  await expect.poll(() => ports.length).toBe(1);
  let isThere = false;
  void waits.then(() => (isThere = true));
  const second = codeOf(dialer.dial(target.host, target.port, never));
  await expect.poll(() => ports.length).toBe(2);
  expect(isThere).toBe(false);
  news.tell(wayKey(target.host, target.port, ports[1] ?? 0), pending);
  expect(await second).toBe('EndpointPending');
  expect(isThere).toBe(false);
  news.tell(wayKey(target.host, target.port, ports[0] ?? 0), null);
  (await waits).destroy();
  server.close();
});

test('where nobody answers the network says why, for the target of the job; and it is tried once more if nothing stands in the way', async () => {
  const target = { host: '127.0.0.2', port: await closedPort('127.0.0.2') };
  const denied = dialerTo(target, pending);
  expect(await codeOf(denied.dialer.dial(target.host, target.port, never))).toBe('EndpointPending');
  const open = dialerTo(target);
  expect(await codeOf(open.dialer.dial(target.host, target.port, never))).toBe('ConnectionFailed');
  expect([denied.asked, open.asked]).toEqual([1, 1]);
  const other = await closedPort('127.0.0.2');
  expect(await codeOf(denied.dialer.dial(target.host, other, never))).toBe('ConnectionFailed');
  const unknown = dialerTo({ host: 'no-such-name.invalid', port: 1 }, { ...pending, code: 'NameNotFound' });
  expect(await codeOf(unknown.dialer.dial('no-such-name.invalid', 1, never))).toBe('NameNotFound');
  expect(denied.asked).toBe(1);
});

/** Connects, is answered so many times, and is then reset. */
async function resetAfter(answers: number, why: FaultText | null): Promise<{ readonly code: string; readonly asked: number }> {
  const { server, ...target } = await listen('carried', (socket) => {
    let left = answers;
    socket.on('data', () => {
      if (left === 0) return void socket.resetAndDestroy();
      left -= 1;
      socket.write('answer');
    });
  });
  const dialled = dialerTo(target, why);
  const socket = await dialled.dialer.dial(target.host, target.port, never);
  socket.on('data', () => socket.write('more'));
  socket.write('anybody?');
  const code = await codeOf(once(socket, 'close'));
  server.close();
  return { code, asked: dialled.asked };
}

test('one that is reset before a byte came ends with what the network says; later, or where it says nothing, as it was', async () => {
  const unreachable: FaultText = { ...pending, kind: 'unreachable', code: 'TargetUnreachable' };
  expect(await resetAfter(0, unreachable)).toEqual({ code: 'TargetUnreachable', asked: 1 });
  expect(await resetAfter(0, null)).toEqual({ code: toFault(Object.assign(new Error(), { code: 'ECONNRESET' })).code, asked: 1 });
  expect(await resetAfter(1, unreachable)).toMatchObject({ asked: 0 });
});

test(
  'one that is passed on and reset, of which no news comes, is over soon: its door was taken away as it came',
  { timeout: 20_000 },
  async () => {
    const { server, ...target } = await listen('passed on', resetLater);
    expect(await codeOf(dialerTo(target).dialer.dial(target.host, target.port, never))).toBe('ConnectionLost');
    // News that come after its end say why.
    const later = await listen('passed on', (socket) => {
      const { remotePort = 0 } = socket;
      socket.once('close', () => setTimeout(() => dialled.news.tell(wayKey(later.host, later.port, remotePort), pending), 100));
      resetLater(socket);
    });
    const dialled = dialerTo(later);
    expect(await codeOf(dialled.dialer.dial(later.host, later.port, never))).toBe('EndpointPending');
    server.close();
    later.server.close();
  },
);

/** Once the other end has connected. */
function resetLater(socket: Socket): void {
  setTimeout(() => socket.resetAndDestroy(), 20);
}
