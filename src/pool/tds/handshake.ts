import { once } from 'node:events';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { createSecureContext, TLSSocket, type SecureContext } from 'node:tls';
import { fault, type Fault } from '#base/fault.ts';
import { preloginTls } from '#replication/sources/sqlserver/prelogin-tls.ts';
import { malformed } from '#wire/tds/bytes.ts';
import { decodeLogin7, type Login7 } from '#wire/tds/login7.ts';
import { packetsOf, packetType } from '#wire/tds/packets.ts';
import { decodePrelogin, encodePrelogin, type TdsEncryption } from '#wire/tds/prelogin.ts';
import { lost } from './answer-writer.ts';
import type { Peer } from './conversation-terms.ts';
import type { FrontEncryption } from './front-options.ts';
import { RequestsIn } from './requests-in.ts';

export interface HandshakeOptions {
  readonly encryption: FrontEncryption;
  readonly tls: TlsContexts | undefined;
  readonly version: string;
  readonly signal: AbortSignal;
}

export interface Handshake {
  /** What follows is read and written here. */
  readonly stream: Duplex;
  readonly login: Login7;
  readonly encrypted: Peer['encrypted'];
  /** Why the client may not come in, however it logs in: it did not encrypt what is to be encrypted. */
  readonly refused: boolean;
}

/** This client ends its TLS before it reads the answer, and Java then throws away what has come by that moment: it would wait for good. */
const hasty = 'jTDS';
const hastyMs = 200;
/** As much as a LOGIN7 may have, and a token sent with it. */
const mostLoginBytes = 128 * 1024;
/** The first byte of a connection that begins with TLS. */
const tlsHandshake = 0x16;
const tds8 = 'tds/8.0';

export interface TlsContexts {
  /** Within PRELOGIN there is no place for what TLS 1.3 sends after the handshake. */
  readonly within: SecureContext;
  readonly first: SecureContext;
}

export function tlsContextsOf({ cert, key }: { readonly cert: string; readonly key: string }): TlsContexts {
  return { within: createSecureContext({ cert, key, maxVersion: 'TLSv1.2' }), first: createSecureContext({ cert, key }) };
}

/** PRELOGIN, TLS as both sides have it, LOGIN7 (MS-TDS 3.3.5). Faults: `ConnectionLost`, `MalformedMessage`, `TlsFailed`, those of the signal. */
export async function shakeHands(socket: Socket, options: HandshakeOptions): Promise<Handshake> {
  const first = await firstByte(socket, options.signal);
  if (first === tlsHandshake) return await strict(socket, options);
  if (options.encryption === 'strict') throw notStrict();
  const messages = new RequestsIn(socket, { mostBytes: mostLoginBytes, types: [packetType.prelogin, packetType.login7] });
  const { type, payload } = await messages.next();
  // Old clients that do not encrypt log in at once.
  if (type === packetType.login7) return inClear(messages, { socket, login: decodeLogin7(payload), encryption: options.encryption });
  const asked = decodePrelogin(payload);
  const agreed = agree(options.encryption, asked.encryption);
  // Bytes behind it were not sent by whom TLS will speak for.
  if (agreed !== 'not-supported' && !messages.isBetween) throw malformed('something behind a PRELOGIN that is not answered yet');
  answerPrelogin(socket, options.version, agreed);
  if (agreed === 'not-supported') return inClear(messages, { socket, login: await readLogin(messages), encryption: options.encryption });
  messages.leave();
  return await insidePrelogin(socket, agreed, options);
}

async function strict(socket: Socket, options: HandshakeOptions): Promise<Handshake> {
  const stream = await serveTls(socket, options, 'first');
  const messages = new RequestsIn(stream, { mostBytes: mostLoginBytes, types: [packetType.prelogin, packetType.login7] });
  const { type, payload } = await messages.next();
  if (type !== packetType.prelogin) throw malformed('a login before PRELOGIN');
  decodePrelogin(payload);
  answerPrelogin(stream, options.version, 'not-supported');
  const login = await readLogin(messages);
  messages.leave();
  return { stream, login, encrypted: 'all', refused: false };
}

async function insidePrelogin(socket: Socket, agreed: TdsEncryption, options: HandshakeOptions): Promise<Handshake> {
  const frames = preloginTls(socket);
  const secured = await serveTls(frames.stream, options, 'within');
  frames.bare();
  const messages = new RequestsIn(secured, { mostBytes: mostLoginBytes, types: [packetType.login7] });
  const login = await readLogin(messages);
  messages.leave();
  if (agreed !== 'off') return { stream: secured, login, encrypted: 'all', refused: false };
  // Only the login was to be encrypted: what follows goes in the clear on the connection itself.
  frames.leave();
  frames.mute();
  if (login.libraryName === hasty) await delay(hastyMs, undefined, { signal: options.signal });
  return { stream: socket, login, encrypted: 'login', refused: false };
}

interface InClear {
  readonly socket: Socket;
  readonly login: Login7;
  readonly encryption: FrontEncryption;
}

function inClear(messages: RequestsIn, { socket, login, encryption }: InClear): Handshake {
  messages.leave();
  return { stream: socket, login, encrypted: 'nothing', refused: encryption === 'require' };
}

/** The table of MS-TDS 2.2.6.5: what the server answers decides. */
function agree(encryption: FrontEncryption, asked: TdsEncryption): TdsEncryption {
  if (encryption === 'off') return 'not-supported';
  if (encryption === 'require') return asked === 'on' ? 'on' : asked === 'not-supported' ? 'not-supported' : 'required';
  return asked === 'required' ? 'on' : asked;
}

function answerPrelogin(stream: Duplex, version: string, encryption: TdsEncryption): void {
  // An answer, though its payload is of the form of the request.
  const payload = encodePrelogin({ version, subBuild: 0, encryption, instance: '', threadId: 0, mars: false });
  stream.write(packetsOf({ type: packetType.response, payload }));
}

async function readLogin(messages: RequestsIn): Promise<Login7> {
  const { type, payload } = await messages.next();
  if (type !== packetType.login7) throw malformed('something else where a login is due');
  return decodeLogin7(payload);
}

async function serveTls(below: Duplex, { tls, signal }: HandshakeOptions, where: keyof TlsContexts): Promise<TLSSocket> {
  if (tls === undefined) throw tlsFailed('this server has no certificate');
  const secured = new TLSSocket(below, {
    isServer: true,
    secureContext: tls[where],
    ...(where === 'first' && { ALPNProtocols: [tds8] }),
  });
  secured.on('error', () => secured.destroy());
  below.once('close', () => secured.destroy());
  try {
    await Promise.race([once(secured, 'secure', { signal }), once(secured, 'close', { signal }).then(() => Promise.reject(lost()))]);
  } catch (error) {
    secured.destroy();
    throw tlsFailed('the handshake broke off', error);
  }
  return secured;
}

/** Looks at the first byte, and leaves it. */
async function firstByte(socket: Socket, signal: AbortSignal): Promise<number> {
  const came = once(socket, 'data', { signal });
  const [bytes] = (await Promise.race([came, once(socket, 'close', { signal }).then(() => Promise.reject(lost()))])) as [Buffer];
  socket.pause();
  socket.unshift(bytes);
  return bytes[0]!;
}

function notStrict(): Fault {
  return fault('unauthenticated', 'StrictEncryptionRequired', 'The client does not begin with TLS, as this server requires.', {
    remedy: 'Connect with encrypt=strict (TDS 8).',
  });
}

function tlsFailed(why: string, cause?: unknown): Fault {
  return fault('unreachable', 'TlsFailed', `TLS with the client failed: ${why}.`, {
    remedy: 'Check that the client trusts the certificate of this server, and speaks TLS 1.2.',
    cause,
  });
}
