// Runs inside a network of the tests (`worker-network.ts`): makes connections there and hands them out. A socket keeps the network that it was made in.
import { createSocket } from 'node:dgram';
import { connect, type Socket } from 'node:net';
import type { InsideAsk, InsideReply } from './worker-network.ts';

process.on('message', (ask: InsideAsk) => {
  if (ask.kind === 'udp') sendDatagram(ask);
  else connectTo(ask);
});
process.on('disconnect', () => process.exit(0));
tell({ id: 0 });

function connectTo({ id, host, port, from }: InsideAsk): void {
  const socket = connect({ host, port, allowHalfOpen: true, noDelay: true, ...(from !== undefined && { localAddress: from }) });
  // What comes is for whoever gets the socket.
  socket.pause();
  const failed = ({ code = 'failed' }: NodeJS.ErrnoException): void => tell({ id, code });
  socket.once('error', failed);
  socket.once('connect', () => {
    socket.off('error', failed);
    tell({ id }, socket);
  });
}

function sendDatagram({ id, host, port, from }: InsideAsk): void {
  const socket = createSocket('udp4');
  socket.once('error', ({ code = 'failed' }: NodeJS.ErrnoException) => tell({ id, code }));
  socket.bind(0, from, () => {
    socket.send('nobody hears this', port, host, (error) => {
      tell(error === null ? { id } : { id, code: (error as NodeJS.ErrnoException).code ?? 'failed' });
      socket.close();
    });
  });
}

function tell(reply: InsideReply, socket?: Socket): void {
  process.send?.(reply, socket);
}
