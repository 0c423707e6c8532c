import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { fault } from '#base/fault.ts';
import { makePrivateFolder, readIfThere, writeDurably } from './durable-file.ts';

export interface CertificateRequest {
  /** The data folder. */
  readonly folder: string;
  /** Names of this host beside those that every installation has. */
  readonly hostNames: readonly string[];
  /** PEM files of the owner's own certificate (with its chain) and key, instead of one of ours. */
  readonly own?: { readonly certFile: string; readonly keyFile: string } | undefined;
  /** Milliseconds since 1970. Given by tests. */
  readonly now?: () => number;
}

export interface Certificates {
  /** PEM: the server's certificate, and what signed it. */
  readonly cert: string;
  /** PEM. */
  readonly key: string;
  /** What clients trust: the CA's certificate, or the owner's own file. */
  readonly caPath: string;
}

/** Names by which every installation is reached. `*.dev.isthmus.localhost` are workspaces. */
export const usualNames: readonly string[] = ['localhost', '127.0.0.1', '::1', '*.dev.isthmus.localhost'];

/** Others cannot stand in a certificate, and no client asks for them. */
const hostName = /^(?:\*\.)?[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*$/;

const dayMs = 86_400_000;
/** Apple's clients refuse certificates for longer than 825 days, browsers those of public CAs for longer than 398. */
const serverDays = 397;
const renewDays = 30;
const authorityDays = 20 * 365;

/**
 * The certificate to serve with. First start: makes a CA (`FOLDER/ca.pem`, with its key `FOLDER/identity/ca.pem`) and a certificate signed
 * by it (`FOLDER/identity/server.pem`). That one is made anew when it ends within 30 days or the names differ; the CA stays. Call it daily
 * and give the answer to `server.setSecureContext`. After a crash at any point the next call puts right what is missing.
 * Faults: `BadCertificate` (invalid) for one's own; `IdentityFileBroken` (corrupt), `IdentityFileDenied` (denied).
 */
export async function openCertificates(request: CertificateRequest): Promise<Certificates> {
  const nowMs = (request.now ?? Date.now)();
  if (request.own !== undefined) return openOwn(request.own, nowMs);
  const home = join(request.folder, 'identity');
  const caPath = join(request.folder, 'ca.pem');
  await makePrivateFolder(home);
  const authority = await openAuthority(join(home, 'ca.pem'), nowMs);
  const shown = await readIfThere(caPath, 0o644);
  if (shown?.toString('utf8') !== authority.cert) await writeDurably(caPath, authority.cert, 0o644);
  const given = request.hostNames.map((name) => name.toLowerCase()).filter((name) => isIP(name) !== 0 || hostName.test(name));
  const names = [...new Set([...usualNames, ...given])];
  const server = await openServer(join(home, 'server.pem'), { authority, names, nowMs });
  return { cert: server.cert + authority.cert, key: server.key, caPath };
}

/** A certificate and its key, as PEM. In a file: one after the other, so that they never disagree. */
export interface SignedPair {
  readonly cert: string;
  readonly key: string;
}

async function openAuthority(path: string, nowMs: number): Promise<SignedPair> {
  const there = await readPair(path);
  if (there !== undefined && remainingDays(there, nowMs) > renewDays) return there;
  const { makeAuthority } = await import('./certificate-making.ts');
  return writePair(path, await makeAuthority({ fromMs: nowMs, untilMs: nowMs + authorityDays * dayMs }));
}

interface ServerRequest {
  readonly authority: SignedPair;
  readonly names: readonly string[];
  readonly nowMs: number;
}

async function openServer(path: string, { authority, names, nowMs }: ServerRequest): Promise<SignedPair> {
  const there = await readPair(path);
  if (there !== undefined && remainingDays(there, nowMs) > renewDays && isFor(there, names) && isSignedBy(there, authority)) return there;
  const { makeServer } = await import('./certificate-making.ts');
  const untilMs = Math.min(nowMs + serverDays * dayMs, new X509Certificate(authority.cert).validToDate.getTime());
  return writePair(path, await makeServer({ authority, names, fromMs: nowMs, untilMs }));
}

function remainingDays({ cert }: SignedPair, nowMs: number): number {
  return (new X509Certificate(cert).validToDate.getTime() - nowMs) / dayMs;
}

function isFor({ cert }: SignedPair, names: readonly string[]): boolean {
  const certificate = new X509Certificate(cert);
  const count = certificate.subjectAltName?.split(', ').length;
  return count === names.length && names.every((name) => (isIP(name) === 0 ? certificate.checkHost(name) : certificate.checkIP(name)));
}

function isSignedBy({ cert }: SignedPair, authority: SignedPair): boolean {
  const ca = new X509Certificate(authority.cert);
  return new X509Certificate(cert).verify(ca.publicKey);
}

async function writePair(path: string, pair: SignedPair): Promise<SignedPair> {
  await writeDurably(path, pair.key + pair.cert, 0o600);
  return pair;
}

async function readPair(path: string): Promise<SignedPair | undefined> {
  const text = (await readIfThere(path, 0o600))?.toString('utf8');
  if (text === undefined) return undefined;
  const key = /-----BEGIN PRIVATE KEY-----[^-]*-----END PRIVATE KEY-----\n/.exec(text)?.[0];
  const cert = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----\n/.exec(text)?.[0];
  if (key !== undefined && cert !== undefined && belongTogether(cert, key)) return { key, cert };
  throw fault('corrupt', 'IdentityFileBroken', `The file ${path} does not hold a key and its certificate.`, {
    target: path,
    remedy: 'Put it back from a backup, or delete it: a new one is made. With a new CA, clients must trust the new ca.pem.',
  });
}

function belongTogether(cert: string, key: string): boolean {
  try {
    return new X509Certificate(cert).checkPrivateKey(createPrivateKey(key));
  } catch {
    return false;
  }
}

async function openOwn(
  { certFile, keyFile }: { readonly certFile: string; readonly keyFile: string },
  nowMs: number,
): Promise<Certificates> {
  const [cert, key] = await Promise.all([readOwn(certFile), readOwn(keyFile)]);
  if (!belongTogether(cert, key)) {
    throw badCertificate(certFile, `${certFile} and ${keyFile} are not a certificate and its key, in PEM without a passphrase.`);
  }
  if (remainingDays({ cert, key }, nowMs) <= 0) throw badCertificate(certFile, `The certificate in ${certFile} has expired.`);
  return { cert, key, caPath: certFile };
}

async function readOwn(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw badCertificate(path, `The file ${path} cannot be read.`, cause);
  }
}

function badCertificate(target: string, message: string, cause?: unknown): Error {
  const remedy = 'Give --tls-cert the certificate followed by its chain and --tls-key its key, both in PEM, or leave out both.';
  return fault('invalid', 'BadCertificate', message, { target, remedy, cause });
}
