import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { Json, JsonObject } from '#arm/resource.ts';
import type { StoreTransaction } from '#arm/store.ts';
import { must } from '#base/fault.ts';
import { credentialSchema, type Credential } from './credential.ts';

/** What is kept of a service principal beside its resource, where no answer and no audit record can show it. */
export interface PrincipalRecord {
  /** A GUID: its `client_id`, `appid` in tokens. */
  readonly appId: string;
  /** A GUID: `oid` in tokens; what roles are assigned to. */
  readonly principalId: string;
  readonly credentials: readonly Credential[];
  /** Sessions of browsers and links from before have ended, in milliseconds since 1970. Undefined: none was ended. */
  readonly signedOutMs?: number | undefined;
}

/** Every setting of a principal lives as long as its resource: one made anew under the same name has other ids. */
const recordSchema = z.object({
  appId: z.string(),
  principalId: z.string(),
  credentials: z.array(credentialSchema),
  signedOutMs: z.number().optional(),
});

function settingName(id: string): string {
  return `principal:${id.toLowerCase()}`;
}

/** Reads from the store or within a transaction. `id`: the resource's, in any casing. */
export async function readRecord(from: Pick<StoreTransaction, 'setting'>, id: string): Promise<PrincipalRecord | undefined> {
  const value = await from.setting(settingName(id));
  return value === undefined ? undefined : recordSchema.parse(value);
}

/** Its record, drawn now if it has none yet. The transaction decides when two ask at once. */
export async function ensureRecord(transaction: StoreTransaction, id: string): Promise<PrincipalRecord> {
  const there = await readRecord(transaction, id);
  if (there !== undefined) return there;
  const drawn: PrincipalRecord = { appId: randomUUID(), principalId: randomUUID(), credentials: [] };
  await writeRecord(transaction, id, drawn);
  return drawn;
}

/** `record` undefined: it is gone. */
export async function writeRecord(transaction: StoreTransaction, id: string, record: PrincipalRecord | undefined): Promise<void> {
  const value = record === undefined ? undefined : must(withoutUndefined({ ...record }), 'a record is an object');
  await transaction.putSetting(settingName(id), value);
}

function withoutUndefined(record: PrincipalRecord): JsonObject {
  return JSON.parse(JSON.stringify(record)) as { readonly [name: string]: Json };
}

/** Whether what began then still counts: a session of a browser, or a link that makes one. */
export async function isStillGood(from: Pick<StoreTransaction, 'setting'>, id: string, beganMs: number): Promise<boolean> {
  const record = await readRecord(from, id);
  return record !== undefined && (record.signedOutMs === undefined || beganMs > record.signedOutMs);
}
