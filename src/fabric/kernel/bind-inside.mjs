// Runs for a moment inside the hub's network, started by the engine: binds one UDP socket there and hands it out. A socket keeps the network that
// it was made in. Plain JavaScript: taking types off would take as long as all the rest.
import { createSocket } from 'node:dgram';
import { once } from 'node:events';

const [address, port] = process.argv.slice(2);
const socket = createSocket('udp4');
try {
  socket.bind({ address, port: Number(port), exclusive: true });
  await once(socket, 'listening');
  await tell({ bound: true }, socket);
} catch (error) {
  await tell({ bound: false, trouble: `${error.syscall ?? 'bind'} ${error.code ?? error}` });
}
process.disconnect();
process.exit(0);

function tell(reply, handle) {
  return new Promise((settle) => process.send(reply, handle, {}, () => settle()));
}
