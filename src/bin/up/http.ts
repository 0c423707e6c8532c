import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { fault } from '#base/fault.ts';
import type { UpStatus } from './status.ts';

export interface WatchServer extends AsyncDisposable {
  /** `http://127.0.0.1:9464`. */
  readonly url: string;
}

export interface Watched {
  /** All measurements, in Prometheus' text form. */
  readonly metrics: () => Promise<string>;
  readonly status: () => UpStatus;
  /** What a question for `/status` must carry as a bearer token: it names tables. */
  readonly token: string;
}

const usualPort = 9464;
const loopback = '127.0.0.1';

/**
 * Serves `/metrics`, `/healthz`, `/readyz` and `/status` on loopback. Without a port the usual one is taken, or any free one if that is in use.
 * Fault: `PortInUse` (conflict).
 */
export async function serveWatch(watched: Watched, port: number | undefined): Promise<WatchServer> {
  const server = createServer((request, response) => {
    answer(watched, request, response).catch(() => response.destroy());
  });
  server.requestTimeout = 10_000;
  if (!(await listens(server, port ?? usualPort))) {
    if (port !== undefined) {
      throw fault('conflict', 'PortInUse', `Port ${port} on ${loopback} is in use by another program.`, {
        target: `${loopback}:${port}`,
        remedy: 'Name another port with --metrics-port, or 0 for any free one.',
      });
    }
    await listens(server, 0);
  }
  const address = server.address();
  const bound = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    url: `http://${loopback}:${bound}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((settle) => server.close(settle));
    },
  };
}

function listens(server: Server, port: number): Promise<boolean> {
  return new Promise((settle, fail) => {
    const onError = (error: NodeJS.ErrnoException): void => {
      if (error.code === 'EADDRINUSE' || error.code === 'EACCES') settle(false);
      else fail(error);
    };
    server.once('error', onError);
    server.listen(port, loopback, () => {
      server.removeListener('error', onError);
      settle(true);
    });
  });
}

async function answer(watched: Watched, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const send = (status: number, type: string, body: string): void => {
    response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' }).end(body);
  };
  const text = 'text/plain; charset=utf-8';
  // A web page that resolves its own name to loopback comes with that name.
  if (!/^(127\.0\.0\.1|localhost)(:\d+)?$/.test(request.headers.host ?? '')) return send(421, text, 'not the host asked for\n');
  if (request.method !== 'GET' && request.method !== 'HEAD') return send(405, text, 'only GET\n');
  switch (new URL(request.url ?? '/', 'http://localhost').pathname) {
    case '/metrics':
      return send(200, 'text/plain; version=0.0.4; charset=utf-8', await watched.metrics());
    case '/healthz':
      return send(200, text, 'ok\n');
    case '/readyz': {
      const { ready, links } = watched.status();
      const behind = links
        .filter((link) => !link.following || link.tables.some((one) => one.state !== 'Replicating'))
        .map((link) => link.name);
      return ready ? send(200, text, 'ok\n') : send(503, text, `not ready: ${behind.join(', ') || 'no link yet'}\n`);
    }
    case '/status': {
      if (request.headers.authorization !== `Bearer ${watched.token}`)
        return send(401, text, 'a bearer token is needed: see up.json in the data folder\n');
      return send(200, 'application/json', `${JSON.stringify(watched.status())}\n`);
    }
    default:
      return send(404, text, 'there are /metrics, /healthz, /readyz and /status\n');
  }
}
