import { randomBytes, randomUUID, scrypt, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { secret, type Secret } from '#base/secret.ts';

/** A password of a principal, as it is kept. What it is cannot be read from it. */
export interface Credential {
  /** A GUID: names it, for removal. */
  readonly keyId: string;
  readonly displayName: string | undefined;
  /** ISO 8601, UTC. */
  readonly startDateTime: string;
  /** Undefined: it does not end. */
  readonly endDateTime: string | undefined;
  /** Its first characters after the prefix: tells which of several was given without trying all, and helps people to find where it is used. */
  readonly hint: string;
  /** base64url. */
  readonly salt: string;
  readonly hash: string;
  /** scrypt's N; r is 8 and p is 1. */
  readonly cost: number;
}

export const credentialSchema: z.ZodType<Credential> = z.object({
  keyId: z.string(),
  displayName: z.string().optional(),
  startDateTime: z.string(),
  endDateTime: z.string().optional(),
  hint: z.string(),
  salt: z.string(),
  hash: z.string(),
  cost: z.number().int(),
}) as unknown as z.ZodType<Credential>;

export interface CredentialRequest {
  readonly displayName: string | undefined;
  readonly startMs: number;
  /** Undefined: it does not end. */
  readonly endMs: number | undefined;
}

/** Lets programs that look for leaked secrets know one. No '-' in front, which command lines take for a flag. */
const prefix = 'ist_';
const hintLength = 6;
const hashBytes = 32;
const saltBytes = 16;
/** 16 MB and some 40 ms a try. The text is random and long, so this only slows down those who hold the store. */
const cost = 16_384;
const longestSecret = 512;
/** A clock may be set back a little after a password was made. */
const setBackMs = 300_000;

/** A new password: 36 random bytes, of which the 6 characters of the hint are told. `text` is kept nowhere. */
export async function newCredential(request: CredentialRequest): Promise<{ readonly credential: Credential; readonly text: Secret }> {
  const text = newSecretText();
  return { credential: await hashCredential(text, request), text: secret(text) };
}

export function newSecretText(): string {
  return prefix + randomBytes(36).toString('base64url');
}

/** How `text` is kept. */
export async function hashCredential(text: string, { displayName, startMs, endMs }: CredentialRequest): Promise<Credential> {
  const salt = randomBytes(saltBytes);
  return {
    keyId: randomUUID(),
    displayName,
    startDateTime: new Date(startMs).toISOString(),
    endDateTime: endMs === undefined ? undefined : new Date(endMs).toISOString(),
    hint: hintOf(text),
    salt: salt.toString('base64url'),
    hash: (await digest(text, salt, cost)).toString('base64url'),
    cost,
  };
}

export type Match = { readonly kind: 'good'; readonly keyId: string } | { readonly kind: 'expired' | 'early' | 'wrong' };

const nobody: Credential = {
  keyId: '',
  displayName: undefined,
  startDateTime: '1970-01-01T00:00:00.000Z',
  endDateTime: undefined,
  hint: '',
  salt: randomBytes(saltBytes).toString('base64url'),
  hash: randomBytes(hashBytes).toString('base64url'),
  cost,
};

/** Whether `text` is one of the credentials. Takes the same work when there are none, or none like it. */
export async function matchCredential(text: string, credentials: readonly Credential[], nowMs: number): Promise<Match> {
  const given = text.slice(0, longestSecret);
  const alike = credentials.filter((one) => one.hint === hintOf(given));
  let match: Match = { kind: 'wrong' };
  for (const one of alike.length === 0 ? [nobody] : alike) {
    if (await isSame(given, one)) match = judge(one, nowMs);
  }
  return text.length > longestSecret ? { kind: 'wrong' } : match;
}

async function isSame(text: string, credential: Credential): Promise<boolean> {
  const expected = Buffer.from(credential.hash, 'base64url');
  const given = await digest(text, Buffer.from(credential.salt, 'base64url'), credential.cost);
  return given.length === expected.length && timingSafeEqual(given, expected) && credential !== nobody;
}

function judge({ keyId, startDateTime, endDateTime }: Credential, nowMs: number): Match {
  if (nowMs < Date.parse(startDateTime) - setBackMs) return { kind: 'early' };
  if (endDateTime !== undefined && nowMs >= Date.parse(endDateTime)) return { kind: 'expired' };
  return { kind: 'good', keyId };
}

function hintOf(text: string): string {
  return text.startsWith(prefix) ? text.slice(prefix.length, prefix.length + hintLength) : '';
}

function digest(text: string, salt: Uint8Array, N: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(text, salt, hashBytes, { N, r: 8, p: 1, maxmem: 256 * N * 8 }, (error, key) => {
      if (error === null) resolve(key);
      else reject(error);
    });
  });
}
