import { connect, type TLSSocket } from 'node:tls';

export interface Load {
  readonly host: string;
  readonly port: number;
  readonly ca: string;
  readonly connections: number;
  readonly seconds: number;
  /** The whole request as bytes, for the n-th one sent. */
  readonly request: (number: number) => string;
  /** Statuses that count. */
  readonly expected: readonly number[];
}

/**
 * Requests a second over HTTPS keep-alive: each connection sends the next request when the last was answered. Written by hand and lean, since the
 * client shares the cores with the server: answers are only scanned for status and length.
 */
export async function requestsPerSecond(load: Load): Promise<number> {
  const sockets = await Promise.all(Array.from({ length: load.connections }, () => open(load)));
  let sent = 0;
  let answered = 0;
  const begun = performance.now();
  const endAt = begun + load.seconds * 1000;
  await Promise.all(
    sockets.map(async (socket) => {
      while (performance.now() < endAt) {
        await ask(socket, load.request(sent++), load.expected);
        answered += 1;
      }
    }),
  );
  const seconds = (performance.now() - begun) / 1000;
  for (const socket of sockets) socket.destroy();
  return answered / seconds;
}

function open({ host, port, ca }: Load): Promise<TLSSocket> {
  return new Promise((settle, fail) => {
    const socket = connect({ host, port, ca, servername: host }, () => settle(socket));
    socket.setNoDelay(true);
    socket.once('error', fail);
  });
}

/** Sends one request and waits for its whole answer. */
function ask(socket: TLSSocket, request: string, expected: readonly number[]): Promise<string> {
  return new Promise((settle, fail) => {
    let text = '';
    const done = (): void => {
      socket.off('data', take);
      socket.off('close', lost);
    };
    const lost = (): void => {
      done();
      fail(new Error(`the connection closed: ${text.slice(0, 300)}`));
    };
    const take = (bytes: Buffer): void => {
      text += bytes.toString('latin1');
      const head = text.indexOf('\r\n\r\n');
      if (head < 0) return;
      const length = Number(/\r\ncontent-length: *(\d+)/i.exec(text.slice(0, head + 2))?.[1] ?? 0);
      if (text.length < head + 4 + length) return;
      done();
      const status = Number(text.slice(9, 12));
      if (expected.includes(status)) settle(text.slice(head + 4));
      else fail(new Error(`${request.slice(0, 80)} → ${text.slice(0, 600)}`));
    };
    socket.on('data', take);
    socket.once('close', lost);
    socket.write(request);
  });
}

/** One request as text. */
export function httpRequest(parts: {
  readonly method: string;
  readonly path: string;
  readonly host: string;
  readonly token: string;
  readonly body?: string;
}): string {
  const { method, path, host, token, body } = parts;
  const length = body === undefined ? '' : `content-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n`;
  return `${method} ${path} HTTP/1.1\r\nhost: ${host}\r\nauthorization: Bearer ${token}\r\naccept: application/json\r\n${length}\r\n${body ?? ''}`;
}
