import { Duplex } from 'node:stream';
import { toFault } from '#base/fault.ts';
import { MessageReader, packetsOf, packetType } from '#wire/tds/packets.ts';
import { encodePrelogin } from '#wire/tds/prelogin.ts';
import { dialServer, type Connecting } from '../connecting.ts';
import { drop, secureLine, type Line, type LineAsk } from './secure-line.ts';
import { TdsTransport } from './transport.ts';
import type { Dialer } from '#base/dialer.ts';
import type { HostPort } from './routes.ts';

const mostGreetingBytes = 64 * 1024;

/**
 * A connection for the driver on which hands are shaken already, by our rules of encryption: the driver's own first message is answered here
 * with "no encryption", and all else passes. Faults: the dialer's, those of `secureLine`.
 */
export async function openTediousLine(dialer: Dialer, at: HostPort, ask: Omit<LineAsk, 'whole'>, connecting: Connecting): Promise<Duplex> {
  const stream = await dialServer(dialer, at.host, at.port, connecting);
  const line: Line = { transport: new TdsTransport(connecting.target), connecting, streams: [stream] };
  try {
    const { serverVersion } = await secureLine(stream, { ...ask, whole: true }, line);
    return greeted(line.transport.detach(), serverVersion, line);
  } catch (error) {
    drop(line.streams);
    throw error;
  }
}

/** Answers the first message, which is a PRELOGIN, and passes all bytes on from then. */
function greeted(below: Duplex, serverVersion: string, { streams }: Line): Duplex {
  const reader = new MessageReader(mostGreetingBytes);
  let isGreeted = false;
  const greet = (chunk: Uint8Array, done: (error?: Error | null) => void): void => {
    try {
      reader.push(chunk);
    } catch (error) {
      return done(toFault(error));
    }
    if (reader.next() !== undefined) {
      isGreeted = true;
      const payload = encodePrelogin({ version: serverVersion, subBuild: 0, encryption: 'not-supported', mars: false });
      stream.push(packetsOf({ type: packetType.response, payload }));
    }
    done();
  };
  const stream = new Duplex({
    read: () => void below.resume(),
    write: (chunk: Uint8Array, _encoding, done) => void (isGreeted ? below.write(chunk, done) : greet(chunk, done)),
    final: (done) => void below.end(done),
    destroy: (error, done) => {
      drop(streams);
      done(error);
    },
  });
  below.on('data', (bytes: Uint8Array) => {
    if (!stream.push(bytes)) below.pause();
  });
  below.on('end', () => stream.push(null));
  below.on('error', (error) => stream.destroy(error));
  below.on('close', () => stream.destroy());
  // What the driver says to a socket; the dialer has said it already.
  return Object.assign(stream, { setNoDelay: () => stream, setKeepAlive: () => stream });
}
