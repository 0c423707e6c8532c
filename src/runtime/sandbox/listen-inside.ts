// Runs for a moment inside a worker's network, started by the gateway: listens where it is told and hands the sockets to the gateway, which
// stays outside. A socket keeps the network that it was made in. The worker cannot see this process.
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';

export interface ListenRequest {
  readonly key: string;
  readonly address: string;
  readonly port: number;
}

export type ListenReply = { readonly key: string; readonly failed?: string };

const backlog = 1_024;

for (const { key, address, port } of JSON.parse(process.argv[2] ?? '[]') as ListenRequest[]) {
  const server = createServer();
  try {
    server.listen({ host: address, port, backlog, exclusive: true });
    await once(server, 'listening');
    await tell({ key }, server);
  } catch (error) {
    await tell({ key, failed: (error as { code?: string }).code ?? 'failed' });
  }
}
process.disconnect();
process.exit(0);

function tell(reply: ListenReply, server?: Server): Promise<void> {
  return new Promise((settle) => process.send?.(reply, server, {}, () => settle()));
}
