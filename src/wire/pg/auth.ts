import { createHash, createHmac, pbkdf2, randomBytes, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { fault } from '#base/fault.ts';
import { malformed } from './bytes.ts';

const deriveKey = promisify(pbkdf2);
/** More rounds than this would keep a processor busy for seconds on a server's word alone. PostgreSQL's default is 4096. */
const mostIterations = 2_000_000;

/** The answer to AuthenticationMD5Password (PostgreSQL documentation, "Message Flow", "Start-up"). */
export function md5Answer(user: string, password: string, salt: Uint8Array): string {
  const inner = createHash('md5').update(password, 'utf8').update(user, 'utf8').digest('hex');
  return `md5${createHash('md5').update(inner, 'latin1').update(salt).digest('hex')}`;
}

export interface ScramOptions {
  readonly password: string;
  /** What the server offers. */
  readonly mechanisms: readonly string[];
  /** Over TLS: the hash of the server's certificate for `tls-server-end-point` (RFC 5929). Undefined: no binding possible. */
  readonly endPoint: Uint8Array | undefined;
  /** For tests: 18 random bytes as base64 otherwise. */
  readonly nonce?: string;
}

export interface ScramExchange {
  readonly mechanism: 'SCRAM-SHA-256' | 'SCRAM-SHA-256-PLUS';
  /** client-first-message, for SASLInitialResponse. */
  readonly first: Uint8Array;
  /** Takes the server-first-message; answers the client-final-message. Faults: `corrupt`, `unsupported`. */
  proceed(serverFirst: Uint8Array): Promise<Uint8Array>;
  /** Takes the server-final-message and proves that the server knows the password, too. Faults: `corrupt`, `unauthenticated`. */
  finish(serverFinal: Uint8Array): void;
}

/**
 * One SCRAM-SHA-256 exchange (RFC 5802, RFC 7677; PostgreSQL documentation, "SASL Authentication").
 * Fault: `unsupported` where the server offers none of the two mechanisms.
 */
export function startScram(options: ScramOptions): ScramExchange {
  const { password, mechanisms, endPoint } = options;
  const binds = endPoint !== undefined && mechanisms.includes('SCRAM-SHA-256-PLUS');
  if (!binds && !mechanisms.includes('SCRAM-SHA-256')) {
    throw fault('unsupported', 'AuthenticationMethod', 'The server asks for an authentication that is not supported.', {
      remedy: 'Let the server use scram-sha-256 for this user in pg_hba.conf.',
    });
  }
  // 'y' tells a server that could bind that someone took its offer away.
  const header = binds ? 'p=tls-server-end-point,,' : endPoint === undefined ? 'n,,' : 'y,,';
  const nonce = options.nonce ?? randomBytes(18).toString('base64');
  const firstBare = `n=,r=${nonce}`;
  const bound = Buffer.concat([Buffer.from(header, 'latin1'), binds ? endPoint : new Uint8Array(0)]).toString('base64');
  let expected: Buffer | undefined;
  return {
    mechanism: binds ? 'SCRAM-SHA-256-PLUS' : 'SCRAM-SHA-256',
    first: Buffer.from(header + firstBare, 'utf8'),
    proceed: async (serverFirst) => {
      const challenge = readChallenge(serverFirst, nonce);
      const salted = await deriveKey(normalized(password), challenge.salt, challenge.iterations, 32, 'sha256');
      const clientKey = hmac(salted, 'Client Key');
      const withoutProof = `c=${bound},r=${challenge.nonce}`;
      const signed = `${firstBare},${challenge.text},${withoutProof}`;
      const signature = hmac(createHash('sha256').update(clientKey).digest(), signed);
      expected = hmac(hmac(salted, 'Server Key'), signed);
      const proof = clientKey.map((byte, i) => byte ^ signature[i]!);
      return Buffer.from(`${withoutProof},p=${Buffer.from(proof).toString('base64')}`, 'latin1');
    },
    finish: (serverFinal) => {
      const verifier = attributes(serverFinal).get('v');
      if (verifier === undefined || expected === undefined) throw malformed('the end of the SCRAM exchange');
      const given = Buffer.from(verifier, 'base64');
      if (given.length === expected.length && timingSafeEqual(given, expected)) return;
      throw fault('unauthenticated', 'ServerNotProven', 'The server could not prove that it knows the password of this user.', {
        remedy: 'Something that is not the database may answer at this address: check host, port and sslmode.',
      });
    },
  };
}

function hmac(key: Uint8Array, text: string): Buffer {
  return createHmac('sha256', key).update(text, 'utf8').digest();
}

function attributes(message: Uint8Array): ReadonlyMap<string, string> {
  const text = Buffer.from(message).toString('utf8');
  return new Map(text.split(',').map((part) => [part.slice(0, 1), part.slice(2)]));
}

/** server-first-message: `r=` nonce, `s=` salt, `i=` rounds. */
function readChallenge(message: Uint8Array, clientNonce: string): { text: string; nonce: string; salt: Buffer; iterations: number } {
  const fields = attributes(message);
  const nonce = fields.get('r') ?? '';
  const salt = Buffer.from(fields.get('s') ?? '', 'base64');
  const rounds = fields.get('i') ?? '';
  const iterations = Number(rounds);
  if (!nonce.startsWith(clientNonce) || nonce.length === clientNonce.length) throw malformed('a SCRAM challenge for another exchange');
  if (salt.length === 0 || !/^[1-9][0-9]{0,9}$/.test(rounds)) throw malformed('a SCRAM challenge without salt or rounds');
  if (iterations > mostIterations) {
    throw fault('unsupported', 'ScramIterations', `The server asks for ${iterations} SCRAM rounds; at most ${mostIterations} are made.`, {
      remedy: 'Lower scram_iterations at the server and set the password of this user again.',
    });
  }
  return { text: Buffer.from(message).toString('utf8'), nonce, salt, iterations };
}

/** SASLprep (RFC 4013) as far as it changes a password: spaces that are not ASCII, characters mapped to nothing, NFKC. */
function normalized(password: string): string {
  if (/^[\x20-\x7e]*$/.test(password)) return password;
  const mapped = password
    .replaceAll(/[\u00A0\u1680\u2000-\u200B\u202F\u205F\u3000]/g, ' ')
    .replaceAll(/\u00AD|\u034F|\u1806|\u180B|\u180C|\u180D|\u200C|\u200D|\u2060|[\u{FE00}-\u{FE0F}]|\uFEFF/gu, '')
    .normalize('NFKC');
  // What SASLprep forbids is hashed as it was written, as the server does.
  return mapped === '' || /[\p{Cc}\p{Co}\p{Cs}\p{Cn}]/u.test(mapped) ? password : mapped;
}

const hashes: readonly (readonly [RegExp, string])[] = [
  [/sha-?512/i, 'sha512'],
  [/sha-?384/i, 'sha384'],
  [/sha-?224/i, 'sha224'],
  [/sha-?256|sha-?1|md5/i, 'sha256'],
];

/**
 * `tls-server-end-point` (RFC 5929 section 4.1): the certificate's hash by the hash function of its own signature, SHA-256 in place of MD5 and SHA-1.
 * Undefined where the signature has no single hash function (Ed25519, RSA-PSS): then there is no binding.
 */
export function serverEndPoint(certificate: Uint8Array, signatureAlgorithm: string | undefined): Uint8Array | undefined {
  const found = hashes.find(([pattern]) => signatureAlgorithm !== undefined && pattern.test(signatureAlgorithm));
  return found === undefined ? undefined : createHash(found[1]).update(certificate).digest();
}
