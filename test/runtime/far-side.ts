// Runs in a network that workers are joined to, in tests: a database that sends back what comes, and a resolver that knows one name.
import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';
import { decode, encode } from 'dns-packet';

const [name = '', database = '', port = '', resolver = ''] = process.argv.slice(2);
const said = (what: object): void => void process.send?.(what);

createServer((socket) => {
  said({ kind: 'opened', from: socket.remoteAddress });
  socket.on('error', () => undefined);
  socket.once('close', () => said({ kind: 'closed' }));
  socket.pipe(socket);
}).listen({ host: database, port: Number(port) }, () => {
  const names = createSocket('udp4');
  names.on('message', (bytes, { address, port: from }) => {
    const { id, questions = [] } = decode(bytes);
    const [question] = questions;
    said({ kind: 'asked', name: question?.name, from: address });
    const isKnown = question?.name.toLowerCase() === name;
    const answers = isKnown && question.type === 'A' ? [{ type: 'A' as const, name, ttl: 1, data: database }] : [];
    const recursionDesired = 0x0100;
    const nameError = 3;
    names.send(encode({ type: 'response', id, flags: recursionDesired | (isKnown ? 0 : nameError), questions, answers }), from, address);
  });
  names.bind({ address: resolver, port: 53 }, () => said({ kind: 'ready' }));
});
