import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { JWK } from 'jose';
import type { Authenticator } from '#arm/access.ts';
import { newStatus, type JsonObject, type Resource } from '#arm/resource.ts';
import type { ActionCall, ResourceType } from '#arm/resource-type.ts';
import { parseResourceId } from '#arm/resource-id.ts';
import { must } from '#base/fault.ts';
import { openSqliteStore, type SqliteStore } from '../store/sqlite-store.ts';
import { audienceRule, type AudienceRule } from './audiences.ts';
import { authenticator } from './authenticator.ts';
import { usualNames } from './certificates.ts';
import { externalIssuers, type ExternalIssuersOptions } from './external-issuers.ts';
import { openInstallation } from './installation.ts';
import { principalDirectory, type PrincipalDirectory } from './principal-directory.ts';
import { principalId, principalResourceType, principalType, type PrincipalProperties } from './principals.ts';
import { signInDesk, type SignInDesk } from './sign-in.ts';
import { newSigningKey, signingKeys, type SigningKeys } from './signing-keys.ts';
import { tokenAuthority, type TokenAuthority } from './token-authority.ts';
import type { TokenAnswer } from './token-answers.ts';

export const origin = 'https://localhost:4433';

/** One key for all tests of a file: making one takes a while. */
let sharedKey: Promise<JWK> | undefined;

export interface Scene extends AsyncDisposable {
  readonly folder: string;
  readonly store: SqliteStore;
  readonly tenant: string;
  readonly key: JWK;
  readonly keys: SigningKeys;
  readonly directory: PrincipalDirectory;
  readonly audiences: AudienceRule;
  readonly desk: SignInDesk;
  readonly authority: TokenAuthority;
  readonly authenticator: Authenticator;
  readonly type: ResourceType<PrincipalProperties>;
  /** Milliseconds since 1970. */
  readonly clock: { nowMs: number };
}

export interface Credentials {
  readonly clientId: string;
  readonly clientSecret: string;
  readonly keyId: string;
}

export async function openScene(external: readonly ExternalIssuersOptions['issuers'][number][] = []): Promise<Scene> {
  const folder = await mkdtemp(join(tmpdir(), 'isthmus-identity-'));
  const store = await openSqliteStore({ path: join(folder, 'store.db') });
  const { tenant } = await openInstallation(store);
  const clock = { nowMs: Date.now() };
  const now = (): number => clock.nowMs;
  const key = await (sharedKey ??= newSigningKey());
  const keys = await signingKeys([key]);
  const directory = principalDirectory(store, tenant);
  const audiences = audienceRule(usualNames);
  const options = { store, keys, directory, audiences, tenant, now };
  const desk = signInDesk({ store, directory, now });
  return {
    folder,
    store,
    tenant,
    key,
    keys,
    directory,
    audiences,
    clock,
    type: principalResourceType({ store, now }),
    desk,
    authority: tokenAuthority({ ...options, desk }),
    authenticator: authenticator({ ...options, external: externalIssuers({ issuers: external, now }) }),
    [Symbol.asyncDispose]: async () => {
      await store[Symbol.asyncDispose]();
      await rm(folder, { recursive: true });
    },
  };
}

/** Makes a service principal as the loop does. */
export async function makePrincipal({ store, type }: Scene, name: string): Promise<Resource<PrincipalProperties>> {
  const id = principalId(name);
  const asked = { location: undefined, tags: {}, envelope: {}, properties: {} };
  const self = await store.write((transaction) =>
    transaction.put({ ...asked, id, type: principalType, references: [], principal: 'test', ready: false }),
  );
  const outcome = await must(type.reconcile, 'principals are reconciled')(self as Resource<PrincipalProperties>, {
    resources: store,
    signal: new AbortController().signal,
  });
  const outputs = outcome.kind === 'ready' ? (outcome.outputs ?? {}) : {};
  await store.write((transaction) =>
    transaction.settle(id, self.generation, { status: { ...newStatus, outcome: 'ready', outputs }, retryAtMs: undefined }),
  );
  return must(await store.get(id), 'it was made') as Resource<PrincipalProperties>;
}

export async function addPassword(scene: Scene, self: Resource<PrincipalProperties>, input: JsonObject = {}): Promise<Credentials> {
  const body = (await act(scene, self, 'addPassword', input)) as Readonly<Record<string, string>>;
  return { clientId: body['appId']!, clientSecret: body['secretText']!, keyId: body['keyId']! };
}

export async function act(scene: Scene, self: Resource<PrincipalProperties>, name: string, input: JsonObject): Promise<unknown> {
  const action = must(scene.type.actions[name], 'there is such an action');
  const call: ActionCall<PrincipalProperties, unknown> = {
    self,
    id: parseResourceId(self.id),
    input: action.input.parse(input),
    resources: scene.store,
    principal: { id: 'admin-oid', name: 'admin', tenant: scene.tenant },
    signal: new AbortController().signal,
    update: async () => self,
  };
  return (await action.run(call)).body;
}

export async function deletePrincipal({ store }: Scene, name: string): Promise<void> {
  await store.write((transaction) => transaction.markDeleting(principalId(name), 'test'));
}

export type Fields = Readonly<Record<string, string>>;

/** Asks for a token; the fields are those of version 2 unless given. */
export function askToken(scene: Scene, fields: Fields, more: Partial<Parameters<TokenAuthority['token']>[0]> = {}): Promise<TokenAnswer> {
  return scene.authority.token({
    origin,
    tenant: scene.tenant,
    shape: 'v2',
    correlationId: 'c0ffee00-0000-4000-8000-000000000000',
    form: new URLSearchParams({ grant_type: 'client_credentials', scope: `${origin}/.default`, ...fields }),
    authorization: undefined,
    address: '192.0.2.1',
    ...more,
  });
}

export function fieldsOf({ clientId, clientSecret }: Credentials): Fields {
  return { client_id: clientId, client_secret: clientSecret };
}

/** A principal that is there, and a token of it. */
export async function signedIn(scene: Scene, name = 'alice'): Promise<{ readonly credentials: Credentials; readonly token: string }> {
  const credentials = await addPassword(scene, await makePrincipal(scene, name));
  const answer = await askToken(scene, fieldsOf(credentials));
  return { credentials, token: answer.body['access_token'] as string };
}
