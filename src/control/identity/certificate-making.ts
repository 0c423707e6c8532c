// First: what is imported after it asks for it.
import './reflect-metadata.ts';
import * as x509 from '@peculiar/x509';
import type { webcrypto } from 'node:crypto';
import { isIP } from 'node:net';
import type { SignedPair } from './certificates.ts';

// Only loaded when a certificate is to be made, since the package takes 0.2 s to load.

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
/** Clocks of clients may be behind. */
const backdatedMs = 3_600_000;

interface Validity {
  readonly fromMs: number;
  readonly untilMs: number;
}

export async function makeAuthority(validity: Validity): Promise<SignedPair> {
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    // A number in the name tells the CAs of several installations apart in a client's store.
    name: [{ CN: [`Isthmus local CA ${randomHex(4)}`] }],
    serialNumber: serialNumber(),
    keys,
    signingAlgorithm: algorithm,
    ...dates(validity),
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return pem(certificate, keys.privateKey);
}

export async function makeServer({
  authority,
  names,
  ...validity
}: Validity & { readonly authority: SignedPair; readonly names: readonly string[] }): Promise<SignedPair> {
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const ca = new x509.X509Certificate(authority.cert);
  const pkcs8 = x509.PemConverter.decodeFirst(authority.key);
  const certificate = await x509.X509CertificateGenerator.create({
    subject: [{ CN: ['Isthmus'] }],
    issuer: ca.subjectName,
    serialNumber: serialNumber(),
    publicKey: keys.publicKey,
    signingKey: await crypto.subtle.importKey('pkcs8', pkcs8, algorithm, false, ['sign']),
    signingAlgorithm: algorithm,
    ...dates(validity),
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension(names.map((value) => ({ type: isIP(value) === 0 ? 'dns' : 'ip', value }))),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      await x509.AuthorityKeyIdentifierExtension.create(ca.publicKey),
    ],
  });
  return pem(certificate, keys.privateKey);
}

function dates({ fromMs, untilMs }: Validity): { readonly notBefore: Date; readonly notAfter: Date } {
  return { notBefore: new Date(fromMs - backdatedMs), notAfter: new Date(untilMs) };
}

/** Positive, at most 20 bytes, and random: RFC 5280, 4.1.2.2. */
function serialNumber(): string {
  return `4${randomHex(16).slice(1)}`;
}

function randomHex(bytes: number): string {
  return Buffer.from(crypto.getRandomValues(new Uint8Array(bytes))).toString('hex');
}

async function pem(certificate: x509.X509Certificate, key: webcrypto.CryptoKey): Promise<SignedPair> {
  const pkcs8 = await crypto.subtle.exportKey('pkcs8', key);
  return { cert: `${certificate.toString('pem').trim()}\n`, key: `${x509.PemConverter.encode(pkcs8, 'PRIVATE KEY').trim()}\n` };
}
