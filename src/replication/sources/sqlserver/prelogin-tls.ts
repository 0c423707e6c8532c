import { Duplex } from 'node:stream';
import { toFault } from '#base/fault.ts';
import { MessageReader, packetsOf, packetType } from '#wire/tds/packets.ts';

/** What lies between TLS and the connection in TDS 7. */
export interface PreloginTls {
  /** For `tls.connect` or a `TLSSocket` of the server's side. */
  readonly stream: Duplex;
  /** Hands are shaken: TLS travels as it is from now on. */
  bare(): void;
  /** Reads nothing any more: the connection below is read by somebody else, in the clear. What TLS still sends is passed on until `mute`. */
  leave(): void;
  /** Sends nothing any more, so that the end of TLS does not end the connection. */
  mute(): void;
}

const mostHandshakeBytes = 64 * 1024;
/** First bytes of TLS records: change of cipher, alert, handshake, content. No packet that carries a handshake begins so. */
const firstRecord = 0x14;
const lastRecord = 0x17;

/**
 * While hands are shaken TLS travels inside PRELOGIN messages (MS-TDS 2.2.6.5), of either side. Each flight is one message, as clients expect it.
 * The stream fails with `MalformedMessage` (corrupt) where something else comes.
 */
export function preloginTls(below: Duplex): PreloginTls {
  const reader = new MessageReader(mostHandshakeBytes);
  let [framesOut, framesIn, muted] = [true, true, false];
  let flight: Uint8Array[] = [];

  const flush = (): void => {
    if (flight.length === 0 || muted) return;
    below.write(packetsOf({ type: packetType.prelogin, payload: Buffer.concat(flight) }));
    flight = [];
  };
  const write = (chunk: Uint8Array, done: (error?: Error | null) => void): void => {
    if (muted) return done();
    if (!framesOut) return void below.write(chunk, done);
    if (flight.length === 0) setImmediate(flush);
    flight.push(Uint8Array.from(chunk));
    done();
  };
  const stream = new Duplex({
    read: () => undefined,
    write: (chunk: Uint8Array, _encoding, done) => write(chunk, done),
    final: (done) => done(),
    destroy: (error, done) => {
      below.removeListener('data', onBytes);
      done(error);
    },
  });
  const onBytes = (bytes: Uint8Array): void => {
    if (framesIn && reader.isBetween && isRecord(bytes[0]!)) framesIn = false;
    if (!framesIn) return void stream.push(bytes);
    try {
      reader.push(bytes);
      for (let message = reader.next(); message !== undefined; message = reader.next()) stream.push(message.payload);
    } catch (error) {
      stream.destroy(toFault(error));
    }
  };
  below.on('data', onBytes);
  below.once('error', (error) => stream.destroy(error));
  below.once('close', () => stream.destroy());
  below.resume();
  return {
    stream,
    bare: () => {
      flush();
      framesOut = false;
    },
    leave: () => {
      below.removeListener('data', onBytes);
      below.pause();
    },
    mute: () => {
      muted = true;
    },
  };
}

function isRecord(byte: number): boolean {
  return byte >= firstRecord && byte <= lastRecord;
}
