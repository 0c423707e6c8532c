import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import type { Duplex } from 'node:stream';
import { checkServerIdentity, connect, createSecureContext, getCACertificates, type SecureContext, type TLSSocket } from 'node:tls';
import { Fault } from '#base/fault.ts';
import { serverEndPoint } from '#wire/pg/auth.ts';
import { sslRequest } from '#wire/pg/frontend.ts';
import { certificateFault, connectionFault } from './faults.ts';
import { abortFault } from './transport.ts';
import type { PgAddress } from './url.ts';

export interface SecuredStream {
  readonly stream: Duplex;
  readonly encrypted: boolean;
  /** For SCRAM's channel binding. */
  readonly endPoint: Uint8Array | undefined;
}

const accepted = 0x53;
const declined = 0x4e;

/**
 * Brings TLS onto a fresh connection as `sslMode` asks (PostgreSQL documentation, "SSL Session Encryption").
 * Nothing but the request is sent before the certificate is found good. On a fault the stream is destroyed.
 * Faults: `precondition` (the server has no TLS), `unauthenticated` (certificate), `invalid` (files), `corrupt`, `unreachable`, the signal's.
 */
export async function secure(stream: Duplex, address: PgAddress, signal: AbortSignal): Promise<SecuredStream> {
  if (address.sslMode === 'disable') return { stream, encrypted: false, endPoint: undefined };
  const target = `${address.host}:${address.port}`;
  try {
    const context = await readContext(address, target);
    if ((await askForTls(stream, target, signal)) === 'declined') {
      if (address.sslMode === 'prefer') return { stream, encrypted: false, endPoint: undefined };
      throw connectionFault('tlsRefused', target);
    }
    const socket = await shakeHands(stream, { address, context, target }, signal);
    verify(socket, address, target);
    const certificate = socket.getPeerX509Certificate();
    const endPoint = certificate === undefined ? undefined : serverEndPoint(certificate.raw, certificate.signatureAlgorithm);
    return { stream: socket, encrypted: true, endPoint };
  } catch (error) {
    stream.destroy();
    throw error;
  }
}

/** A root certificate given together with `require` is used, as libpq does. */
function verifies(address: PgAddress): boolean {
  return (
    address.sslMode === 'verify-ca' ||
    address.sslMode === 'verify-full' ||
    (address.sslMode === 'require' && address.sslRootCert !== undefined)
  );
}

async function readContext(address: PgAddress, target: string): Promise<SecureContext> {
  const { sslRootCert, sslCert, sslKey } = address;
  try {
    return createSecureContext({
      ...(sslRootCert === undefined || !verifies(address)
        ? {}
        : { ca: sslRootCert === 'system' ? getCACertificates('system') : await readFile(sslRootCert) }),
      ...(sslCert === undefined || sslKey === undefined ? {} : { cert: await readFile(sslCert), key: await readFile(sslKey) }),
    });
  } catch (cause) {
    throw connectionFault('tlsFile', target, cause);
  }
}

/** Sends SSLRequest and takes its one byte of answer. */
function askForTls(stream: Duplex, target: string, signal: AbortSignal): Promise<'accepted' | 'declined'> {
  return new Promise((resolve, reject) => {
    const settle = (): void => {
      stream.removeListener('data', onBytes);
      stream.removeListener('error', onLost);
      stream.removeListener('close', onLost);
      signal.removeEventListener('abort', onAbort);
    };
    const fail = (fault: Fault): void => {
      settle();
      stream.on('error', () => stream.destroy());
      reject(fault);
    };
    const onLost = (cause?: unknown): void => fail(connectionFault('lost', target, cause));
    const onAbort = (): void => fail(abortFault(signal, target));
    const onBytes = (bytes: Uint8Array): void => {
      stream.pause();
      const answer = bytes[0];
      if (answer !== accepted && answer !== declined) return fail(connectionFault('notPostgres', target));
      // Bytes behind the answer were not sent by whom the certificate will name (CVE-2021-23222).
      if (bytes.length > 1) return fail(connectionFault('tlsInjected', target));
      settle();
      resolve(answer === accepted ? 'accepted' : 'declined');
    };
    if (signal.aborted) return onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    stream.on('data', onBytes);
    stream.on('error', onLost);
    stream.on('close', onLost);
    stream.write(sslRequest());
  });
}

interface Handshake {
  readonly address: PgAddress;
  readonly context: SecureContext;
  readonly target: string;
}

function shakeHands(stream: Duplex, handshake: Handshake, signal: AbortSignal): Promise<TLSSocket> {
  const { address, context, target } = handshake;
  const name = address.tlsServerName ?? address.host;
  return new Promise((resolve, reject) => {
    const socket = connect({
      socket: stream,
      secureContext: context,
      // Chain and name are checked below, before anything is sent, so that each has a fault of its own.
      rejectUnauthorized: false,
      checkServerIdentity: () => undefined,
      ...(isIP(name) === 0 ? { servername: name } : {}),
    });
    const settle = (): void => {
      socket.removeListener('error', onLost);
      socket.removeListener('close', onLost);
      signal.removeEventListener('abort', onAbort);
    };
    const fail = (fault: Fault): void => {
      settle();
      socket.on('error', () => socket.destroy());
      socket.destroy();
      reject(fault);
    };
    const onLost = (cause?: unknown): void => fail(connectionFault('tlsFailed', target, cause));
    const onAbort = (): void => fail(abortFault(signal, target));
    if (signal.aborted) return onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    socket.on('error', onLost);
    socket.on('close', onLost);
    socket.once('secureConnect', () => {
      settle();
      resolve(socket);
    });
  });
}

function verify(socket: TLSSocket, address: PgAddress, target: string): void {
  let refused: Fault | undefined;
  if (verifies(address) && !socket.authorized) refused = certificateFault(String(socket.authorizationError), target);
  else if (address.sslMode === 'verify-full') {
    const wrong = checkServerIdentity(address.tlsServerName ?? address.host, socket.getPeerCertificate());
    if (wrong !== undefined) refused = connectionFault('certificateName', target, wrong);
  }
  if (refused === undefined) return;
  socket.on('error', () => socket.destroy());
  socket.destroy();
  throw refused;
}
