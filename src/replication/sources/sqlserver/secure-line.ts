import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { Fault } from '#base/fault.ts';
import { packetType } from '#wire/tds/packets.ts';
import { decodePrelogin, encodePrelogin, type TdsEncryption } from '#wire/tds/prelogin.ts';
import type { Connecting } from '../connecting.ts';
import { connectionFault } from './faults.ts';
import { preloginTls, type PreloginTls } from './prelogin-tls.ts';
import { shakeHands, type TlsAsk } from './secure.ts';
import type { TdsTransport } from './transport.ts';

/** How a connection is to be secured. */
export interface LineAsk {
  /** The name that is addressed, which the certificate must hold. */
  readonly host: string;
  /** The name that the certificate must hold, where it is not `host`. */
  readonly certificateName: string | undefined;
  /** `prefer`: at least the login is encrypted, by any certificate. */
  readonly tls: 'disable' | TlsAsk['mode'];
  /** TLS comes before anything else: TDS 8, `encrypt=strict`. */
  readonly tlsFirst: boolean;
  /** With `prefer`: everything is to be encrypted, not the login alone. */
  readonly whole: boolean;
}

/** A connection that is being opened. */
export interface Line {
  readonly transport: TdsTransport;
  readonly connecting: Connecting;
  /** From the inside out. */
  readonly streams: Duplex[];
}

export interface Secured {
  readonly encrypted: 'all' | 'login' | 'nothing';
  readonly serverVersion: string;
  /** Encrypts the login, and nothing else: the transport is attached to nothing then. */
  readonly hidden: { readonly frames: PreloginTls; readonly socket: TLSSocket } | undefined;
}

const clientVersion = '1.0.0';

export function drop(streams: readonly Duplex[]): void {
  for (const stream of streams) {
    stream.on('error', () => stream.destroy());
    stream.destroy();
  }
}

/**
 * PRELOGIN, and TLS as both sides have it (MS-TDS 3.2.5). A password never travels in the clear unless that was asked for, whatever the server
 * says. Faults: `NotTds`, `TlsRefused`, `TlsRequired`, `TlsFailed`, `CleartextPassword`, those of the certificate, those of the deadline.
 */
export async function secureLine(stream: Duplex, ask: LineAsk, line: Line): Promise<Secured> {
  const { transport } = line;
  // Strict encryption has no lesser form: the certificate is always verified.
  transport.attach(
    ask.tlsFirst ? await shake(stream, { first: true, mode: ask.tls === 'verify-ca' ? ask.tls : 'verify-full' }, { ask, line }) : stream,
  );
  const { version, encryption } = await prelogin(wanted(ask), line);
  const encrypted = ask.tlsFirst ? 'all' : agree(ask.tls, encryption, line.connecting.target);
  if (ask.tlsFirst || encrypted === 'nothing') return { encrypted, serverVersion: version, hidden: undefined };
  const frames = preloginTls(transport.detach());
  const socket = await shake(frames.stream, { first: false, mode: ask.tls === 'disable' ? 'prefer' : ask.tls }, { ask, line });
  frames.bare();
  if (encrypted === 'all') transport.attach(socket);
  return { encrypted, serverVersion: version, hidden: encrypted === 'all' ? undefined : { frames, socket } };
}

function wanted({ tlsFirst, tls, whole }: LineAsk): TdsEncryption {
  if (tlsFirst || tls === 'disable') return 'not-supported';
  return tls === 'prefer' && !whole ? 'off' : 'on';
}

async function prelogin(
  encryption: TdsEncryption,
  { transport, connecting }: Line,
): Promise<{ readonly version: string; readonly encryption: TdsEncryption }> {
  const payload = encodePrelogin({ version: clientVersion, subBuild: 0, encryption, instance: '', threadId: 0, mars: false });
  transport.send({ type: packetType.prelogin, payload });
  try {
    const answer = await transport.receive(connecting, 'the first answer');
    if (answer.type !== packetType.response) throw connectionFault('notTds', connecting.target);
    return decodePrelogin(answer.payload);
  } catch (error) {
    if (error instanceof Fault && error.kind === 'corrupt') throw connectionFault('notTds', connecting.target, error);
    throw error;
  }
}

/** What is encrypted, by the table of MS-TDS 2.2.6.5. */
function agree(tls: LineAsk['tls'], answered: TdsEncryption, target: string): Secured['encrypted'] {
  if (tls === 'disable') {
    if (answered === 'required' || answered === 'on') throw connectionFault('tlsRequired', target);
    return 'nothing';
  }
  if (answered === 'on' || answered === 'required') return 'all';
  if (tls !== 'prefer') throw connectionFault('tlsRefused', target);
  if (answered === 'not-supported') throw connectionFault('cleartextRefused', target);
  return 'login';
}

async function shake(
  below: Duplex,
  how: Pick<TlsAsk, 'first' | 'mode'>,
  { ask, line }: { readonly ask: LineAsk; readonly line: Line },
): Promise<TLSSocket> {
  const socket = await shakeHands(below, { ...how, name: ask.certificateName ?? ask.host }, line.connecting);
  line.streams.unshift(socket);
  return socket;
}
