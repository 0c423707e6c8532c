import { generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto';

/** An authority of a test's own, which signs certificates. Written here because Node can read X.509 but not make it. */
export interface TestAuthority {
  /** PEM. */
  readonly certificate: string;
  issue(request: CertificateRequest): { readonly certificate: string; readonly key: string };
}

export interface CertificateRequest {
  readonly commonName: string;
  /** Names that the certificate holds. */
  readonly dnsNames?: readonly string[];
  /** 1 unless given; a negative number has expired. */
  readonly validForDays?: number;
}

const ecdsaWithSha256 = der(0x30, [Buffer.from('06082a8648ce3d040302', 'hex')]);
const commonNameOid = Buffer.from('0603550403', 'hex');
const basicConstraintsOid = Buffer.from('0603551d13', 'hex');
const subjectAltNameOid = Buffer.from('0603551d11', 'hex');
const yes = Buffer.from('0101ff', 'hex');
const dayMs = 86_400_000;

export function makeAuthority(name: string): TestAuthority {
  const keys = newKeys();
  const certificate = makeCertificate(
    { issuer: name, signer: keys.privateKey, subject: keys.publicKey, authority: true },
    { commonName: name },
  );
  return {
    certificate,
    issue: (request) => {
      const own = newKeys();
      return {
        certificate: makeCertificate({ issuer: name, signer: keys.privateKey, subject: own.publicKey, authority: false }, request),
        key: own.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
      };
    },
  };
}

function newKeys(): { publicKey: KeyObject; privateKey: KeyObject } {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' });
}

interface Parties {
  readonly issuer: string;
  readonly signer: KeyObject;
  readonly subject: KeyObject;
  readonly authority: boolean;
}

/** RFC 5280 section 4.1. */
function makeCertificate(parties: Parties, request: CertificateRequest): string {
  const endMs = Date.now() + (request.validForDays ?? 1) * dayMs;
  const names = (request.dnsNames ?? []).map((name) => der(0x82, [Buffer.from(name, 'latin1')]));
  const extensions = [
    ...(parties.authority ? [der(0x30, [basicConstraintsOid, yes, der(0x04, [der(0x30, [yes])])])] : []),
    ...(names.length > 0 ? [der(0x30, [subjectAltNameOid, der(0x04, [der(0x30, names)])])] : []),
  ];
  const signed = der(0x30, [
    der(0xa0, [Buffer.from('020102', 'hex')]),
    der(0x02, [Buffer.concat([Buffer.from([1]), randomBytes(8)])]),
    ecdsaWithSha256,
    distinguishedName(parties.issuer),
    der(0x30, [time(endMs - 10 * dayMs), time(endMs)]),
    distinguishedName(request.commonName),
    parties.subject.export({ type: 'spki', format: 'der' }),
    ...(extensions.length > 0 ? [der(0xa3, [der(0x30, extensions)])] : []),
  ]);
  const signature = sign('sha256', signed, parties.signer);
  const bytes = der(0x30, [signed, ecdsaWithSha256, der(0x03, [Buffer.from([0]), signature])]);
  // No line is empty: PEM ends there for OpenSSL.
  const lines = bytes.toString('base64').match(/.{1,64}/g) ?? [];
  return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n');
}

function distinguishedName(commonName: string): Buffer {
  return der(0x30, [der(0x31, [der(0x30, [commonNameOid, der(0x0c, [Buffer.from(commonName, 'utf8')])])])]);
}

/** GeneralizedTime. */
function time(atMs: number): Buffer {
  return der(0x18, [Buffer.from(`${new Date(atMs).toISOString().replaceAll(/[-:T]/g, '').slice(0, 14)}Z`, 'latin1')]);
}

/** One value of the distinguished encoding rules (X.690). */
function der(tag: number, parts: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(parts);
  const length = body.length < 128 ? [body.length] : body.length < 256 ? [0x81, body.length] : [0x82, body.length >> 8, body.length & 255];
  return Buffer.concat([Buffer.from([tag, ...length]), body]);
}
