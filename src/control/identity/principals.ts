import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { JsonObject, Resource } from '#arm/resource.ts';
import { resourceType, type Action, type ActionCall, type Outcome, type ResourceType } from '#arm/resource-type.ts';
import type { ResourceStore, StoreTransaction } from '#arm/store.ts';
import { fault } from '#base/fault.ts';
import { newCredential, type Credential } from './credential.ts';
import { ensureRecord, readRecord, writeRecord, type PrincipalRecord } from './principal-record.ts';

export const principalType = 'Isthmus.Identity/servicePrincipals';

/** `/providers/Isthmus.Identity/servicePrincipals/NAME`. */
export function principalId(name: string): string {
  return `/providers/${principalType}/${name}`;
}

export interface PrincipalProperties {
  readonly displayName?: string | undefined;
}

interface PasswordRequest {
  readonly displayName?: string | undefined;
  readonly endDateTime?: string | undefined;
  readonly lifetime?: string | undefined;
}

const usualLifetime = 'P1Y';
const mostCredentials = 20;
/** ISO 8601: years, months, weeks, days; hours, minutes, seconds. */
const durationPattern =
  /^P(?=\d|T\d)(?:(\d{1,4})Y)?(?:(\d{1,5})M)?(?:(\d{1,5})W)?(?:(\d{1,5})D)?(?:T(?=\d)(?:(\d{1,6})H)?(?:(\d{1,7})M)?(?:(\d{1,9})S)?)?$/;

const passwordRequest: z.ZodType<PasswordRequest> = z.object({
  displayName: z.string().max(120).optional(),
  endDateTime: z.iso.datetime({ offset: true }).optional(),
  lifetime: z.string().regex(durationPattern, "must be a duration of ISO 8601, like 'P90D' or 'PT12H'").optional(),
});

const removal: z.ZodType<{ readonly keyId: string }> = z.object({ keyId: z.guid() });

export interface PrincipalOptions {
  readonly store: ResourceStore;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
}

/**
 * Service principals: `appId` (what signs in) and `principalId` (what roles name) are drawn when one is made and shown as outputs. Passwords
 * are hashed and kept beside the resource, so no body, answer or audit record ever holds one; `addPassword` answers the text once.
 */
export function principalResourceType({ store, now = Date.now }: PrincipalOptions): ResourceType<PrincipalProperties> {
  return resourceType<PrincipalProperties>({
    type: principalType,
    summary: 'Who may sign in: a program or a person with a client id and passwords.',
    scopes: ['tenant'],
    versions: { floor: '2026-11-01', implemented: '2026-11-01' },
    location: 'none',
    properties: z.object({ displayName: z.string().min(1).max(256).optional() }),
    show: (self) => showCredentials(store, self.id),
    reconcile: async (self) => readyWith(await store.write((transaction) => ensureRecord(transaction, self.id))),
    remove: async (self) => {
      await store.write((transaction) => writeRecord(transaction, self.id, undefined));
      return { kind: 'ready' };
    },
    actions: { addPassword: addPassword(store, now), removePassword: removePassword(store, now) },
  });
}

function readyWith(record: PrincipalRecord): Outcome {
  return { kind: 'ready', outputs: idsOf(record) };
}

/** The outputs of a principal that is ready. */
export function idsOf({ appId, principalId: id }: PrincipalRecord): JsonObject {
  return { appId, principalId: id };
}

async function showCredentials(store: ResourceStore, id: string): Promise<JsonObject> {
  const record = await readRecord(store, id);
  return record === undefined ? {} : { ...idsOf(record), passwordCredentials: record.credentials.map(shown) };
}

function shown({ keyId, displayName, startDateTime, endDateTime, hint }: Credential): JsonObject {
  return {
    keyId,
    hint,
    startDateTime,
    ...(displayName === undefined ? {} : { displayName }),
    ...(endDateTime === undefined ? {} : { endDateTime }),
  };
}

function addPassword(store: ResourceStore, now: () => number): Action<PrincipalProperties, PasswordRequest> {
  return {
    summary: 'Makes a new password. The answer holds its text, which is never shown again.',
    input: passwordRequest,
    run: async (call) => {
      const self = call.self!;
      const startMs = now();
      const endMs = endOf(call.input, startMs);
      const { credential, text } = await newCredential({ displayName: call.input.displayName, startMs, endMs });
      const record = await store.write(async (transaction) => {
        await refuseIfGoing(transaction, self);
        const before = await ensureRecord(transaction, self.id);
        if (before.credentials.length >= mostCredentials) throw tooMany(self);
        const grown = { ...before, credentials: [...before.credentials, credential] };
        await writeRecord(transaction, self.id, grown);
        await audit(transaction, call, { verb: 'write', keyId: credential.keyId, before: undefined, after: '***' });
        return grown;
      });
      return { body: { ...shown(credential), secretText: text.reveal(), appId: record.appId, tenantId: call.principal.tenant } };
    },
  };
}

function endOf({ endDateTime, lifetime }: PasswordRequest, startMs: number): number {
  const remedy = "Give either endDateTime, such as '2027-06-30T00:00:00Z', or lifetime, such as 'P90D'; without both it lasts a year.";
  if (endDateTime !== undefined && lifetime !== undefined) {
    throw fault('invalid', 'InvalidPasswordLifetime', 'Both endDateTime and lifetime were given.', { target: 'lifetime', remedy });
  }
  const endMs = endDateTime === undefined ? after(startMs, lifetime ?? usualLifetime) : Date.parse(endDateTime);
  if (endMs > startMs && endMs < 8.64e15) return endMs;
  const target = endDateTime === undefined ? 'lifetime' : 'endDateTime';
  throw fault('invalid', 'InvalidPasswordLifetime', 'The password would have ended before it began.', { target, remedy });
}

/** By the calendar, in UTC: a month may have 28 days. */
function after(startMs: number, duration: string): number {
  const parts = (durationPattern.exec(duration) ?? []).slice(1).map((part) => Number(part ?? 0));
  const [years = 0, months = 0, weeks = 0, days = 0, hours = 0, minutes = 0, seconds = 0] = parts;
  const end = new Date(startMs);
  end.setUTCFullYear(end.getUTCFullYear() + years, end.getUTCMonth() + months, end.getUTCDate() + 7 * weeks + days);
  return end.getTime() + (hours * 3_600 + minutes * 60 + seconds) * 1_000;
}

function removePassword(store: ResourceStore, now: () => number): Action<PrincipalProperties, { readonly keyId: string }> {
  return {
    summary:
      'Removes a password: nobody signs in with it any more. Tokens that were given out for it last their hour; sessions of browsers end.',
    input: removal,
    run: async (call) => {
      const self = call.self!;
      const keyId = call.input.keyId.toLowerCase();
      await store.write(async (transaction) => {
        const before = await readRecord(transaction, self.id);
        const left = before?.credentials.filter((one) => one.keyId !== keyId);
        if (before === undefined || left?.length === before.credentials.length) throw noSuchPassword(self, keyId);
        await writeRecord(transaction, self.id, { ...before, credentials: left ?? [], signedOutMs: now() });
        await audit(transaction, call, { verb: 'delete', keyId, before: '***', after: undefined });
      });
      return {};
    },
  };
}

async function refuseIfGoing(transaction: StoreTransaction, self: Resource<PrincipalProperties>): Promise<void> {
  const current = await transaction.get(self.id);
  if (current !== undefined && !current.deleting) return;
  throw fault('conflict', 'PrincipalIsGoing', `The service principal ${self.name} is being deleted.`, {
    target: self.id,
    remedy: 'Wait until it is gone and make it anew.',
  });
}

function tooMany(self: Resource<PrincipalProperties>): Error {
  return fault('conflict', 'TooManyPasswords', `The service principal ${self.name} has ${mostCredentials} passwords already.`, {
    target: self.id,
    remedy: 'Remove one that is not used any more with removePassword.',
  });
}

function noSuchPassword(self: Resource<PrincipalProperties>, keyId: string): Error {
  return fault('missing', 'PasswordNotFound', `The service principal ${self.name} has no password ${keyId}.`, {
    target: 'keyId',
    remedy: 'Its passwords are listed in properties.passwordCredentials of the service principal.',
  });
}

/** What happened to a password, beside the record of the action itself: which one, in the transaction that did it. */
interface Step {
  readonly verb: 'write' | 'delete';
  readonly keyId: string;
  readonly before: string | undefined;
  readonly after: string | undefined;
}

async function audit(
  transaction: StoreTransaction,
  { self, principal, correlationId }: ActionCall<PrincipalProperties, unknown>,
  { verb, keyId, before, after: left }: Step,
): Promise<void> {
  await transaction.audit({
    action: `${principalType}/passwordCredentials/${verb}`,
    scope: self!.id,
    principal: principal.id,
    principalName: principal.name,
    outcome: 'succeeded',
    code: undefined,
    correlationId: correlationId ?? randomUUID(),
    changes: [{ name: `passwordCredentials.${keyId}`, before, after: left }],
  });
}
