import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { z } from 'zod';
import type { Principal } from '#arm/resource-type.ts';
import { newStatus } from '#arm/resource.ts';
import type { ResourceStore, StoreTransaction } from '#arm/store.ts';
import { failpoint } from '#base/failpoint.ts';
import { fault } from '#base/fault.ts';
import { hashCredential, newSecretText } from './credential.ts';
import { makePrivateFolder, readIfThere, writeDurably } from './durable-file.ts';
import { writeRecord } from './principal-record.ts';
import { idsOf, principalId, principalType } from './principals.ts';

export interface AdministratorRequest {
  readonly store: ResourceStore;
  /** The data folder. */
  readonly folder: string;
  readonly tenant: string;
  /** Run in the transaction that makes the principal: assigns its role. */
  readonly grant: (transaction: StoreTransaction, administrator: Principal) => Promise<void>;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
}

export interface Administrator {
  /** Whether it was made by this call. */
  readonly created: boolean;
  /** Its id in roles. */
  readonly principalId: string;
  /** `FOLDER/identity/administrator.json` (0600): `{clientId, clientSecret, tenant}`, for the command line on this machine. May be moved away. */
  readonly file: string;
}

const name = 'administrator';
const setting = 'administrator';
const fileSchema = z.object({ clientId: z.guid(), clientSecret: z.string().min(32), tenant: z.guid(), principalId: z.guid() });
type Kept = z.output<typeof fileSchema>;

/**
 * Makes the first administrator, once in the life of a store. The file is written before the principal: a crash in between leaves
 * credentials that nobody accepts yet, and the next start takes them. Later neither is made again: who deletes them means it.
 * Faults: `IdentityFileDenied`.
 */
export async function ensureAdministrator({ store, folder, tenant, grant, now = Date.now }: AdministratorRequest): Promise<Administrator> {
  const home = join(folder, 'identity');
  const file = join(home, 'administrator.json');
  const there = await store.setting(setting);
  if (there !== undefined) return { created: false, principalId: there['principalId'] as string, file };
  await makePrivateFolder(home);
  const kept = await keptCredentials(file, tenant);
  const credential = await hashCredential(kept.clientSecret, { displayName: 'made on first start', startMs: now(), endMs: undefined });
  await failpoint('identity.administrator.before');
  await store.write(async (transaction) => {
    const id = principalId(name);
    if ((await transaction.get(id)) !== undefined) throw nameTaken(id);
    await putPrincipal(transaction, id, kept.principalId);
    const record = { appId: kept.clientId, principalId: kept.principalId, credentials: [credential] };
    await writeRecord(transaction, id, record);
    const resource = await transaction.get(id);
    const status = { ...newStatus, outcome: 'ready', outputs: idsOf(record) } as const;
    await transaction.settle(id, resource?.generation ?? 1, { status, retryAtMs: undefined });
    await grant(transaction, { id: kept.principalId, name, tenant });
    await transaction.putSetting(setting, { principalId: kept.principalId });
    await transaction.audit({
      action: `${principalType}/write`,
      scope: id,
      principal: kept.principalId,
      principalName: name,
      outcome: 'succeeded',
      code: undefined,
      correlationId: randomUUID(),
      changes: [{ name: `passwordCredentials.${credential.keyId}`, before: undefined, after: '***' }],
    });
  });
  await failpoint('identity.administrator.after');
  return { created: true, principalId: kept.principalId, file };
}

async function putPrincipal(transaction: StoreTransaction, id: string, principal: string): Promise<void> {
  await transaction.put({
    id,
    type: principalType,
    references: [],
    principal,
    ready: false,
    location: undefined,
    tags: {},
    envelope: {},
    properties: { displayName: 'Administrator' },
  });
}

/** Those of a first start that did not come to its end, or new ones. */
async function keptCredentials(file: string, tenant: string): Promise<Kept> {
  const text = await readIfThere(file, 0o600);
  const there = text === undefined ? undefined : fileSchema.safeParse(asJson(text.toString('utf8')));
  if (there?.success === true && there.data.tenant === tenant) return there.data;
  const kept: Kept = { clientId: randomUUID(), clientSecret: newSecretText(), tenant, principalId: randomUUID() };
  await writeDurably(file, `${JSON.stringify(kept, undefined, 2)}\n`, 0o600);
  return kept;
}

function asJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function nameTaken(id: string): Error {
  return fault('conflict', 'AdministratorExists', 'A service principal has the name of the first administrator already.', {
    target: id,
    remedy: 'The store was not made by this program: start with an empty data folder, or put back its backup as a whole.',
  });
}
