import { createHmac, createSecretKey, randomBytes, timingSafeEqual } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fault } from '#base/fault.ts';
import type { AuditHead } from './audit-record.ts';

/** Seals the end of the log with a key that is kept beside the store and not in it. */
export interface AuditSeal {
  seal(head: Pick<AuditHead, 'sequence' | 'hash'>): string;
  holds(head: Pick<AuditHead, 'sequence' | 'hash'>, seal: string): boolean;
}

const keyBytes = 32;

/** Where the key of the store at `path` lies. */
export function auditKeyPath(path: string): string {
  return `${path}.audit-key`;
}

/**
 * Reads the key's file; with `create` it is made where it is missing, readable by this user only. Undefined: there is none.
 * Fault: `AuditKeyBroken` (corrupt).
 */
export function readAuditSeal(keyPath: string, { create }: { readonly create: boolean }): AuditSeal | undefined {
  if (!existsSync(keyPath)) {
    if (!create) return undefined;
    writeFileSync(keyPath, `${randomBytes(keyBytes).toString('hex')}\n`, { mode: 0o600, flush: true });
  }
  const text = readFileSync(keyPath, 'utf8').trim();
  if (!/^[0-9a-f]{64}$/.test(text)) {
    throw fault('corrupt', 'AuditKeyBroken', `${keyPath} does not hold the audit log's key.`, {
      target: keyPath,
      remedy: 'Restore it from a backup. If it is lost, delete the file: the log then says that its end was not sealed by the new key.',
    });
  }
  return auditSeal(Buffer.from(text, 'hex'));
}

function auditSeal(bytes: Uint8Array): AuditSeal {
  const key = createSecretKey(bytes);
  const mac = ({ sequence, hash }: Pick<AuditHead, 'sequence' | 'hash'>): Buffer =>
    createHmac('sha256', key).update(`isthmus audit head\n${sequence}\n${hash}`).digest();
  return {
    seal: (head) => mac(head).toString('hex'),
    holds: (head, seal) => {
      const given = Buffer.from(seal, 'hex');
      const right = mac(head);
      return given.length === right.length && timingSafeEqual(given, right);
    },
  };
}
