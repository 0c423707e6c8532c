// Runs for a moment inside a worker's network, started by the gateway: listens where it is told and hands the sockets to the gateway, which
// stays outside. A socket keeps the network that it was made in. The worker cannot see this process.
// Plain JavaScript: taking types off would take as long as all the rest, each time that an endpoint is approved.
import { once } from 'node:events';
import { createServer } from 'node:net';

const backlog = 1_024;

for (const { key, address, port } of JSON.parse(process.argv[2] ?? '[]')) {
  const server = createServer();
  try {
    server.listen({ host: address, port, backlog, exclusive: true });
    await once(server, 'listening');
    await tell({ key }, server);
  } catch (error) {
    await tell({ key, failed: error.code ?? 'failed' });
  }
}
process.disconnect();
process.exit(0);

function tell(reply, server) {
  return new Promise((settle) => process.send(reply, server, {}, () => settle()));
}
