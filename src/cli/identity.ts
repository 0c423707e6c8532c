import { join } from 'node:path';
import { z } from 'zod';
import { environmentVariable } from '#base/config.ts';
import { fault, type Fault } from '#base/fault.ts';
import { secret, type Secret } from '#base/secret.ts';
import type { FetchLike } from '#arm/client-fetch.ts';
import { faultOfAnswer, objectOf, readAnswer, textOf } from '#arm/client-answer.ts';
import { readIfThere, type SignIn, type StateFolder } from './state-folder.ts';

/** Somebody who can ask for tokens. */
export interface Identity extends Omit<SignIn, 'secretFile'> {
  /** How it came to be: by `isthmus login`, or because the data folder can be read. */
  readonly by: 'login' | 'data folder';
  /** Undefined: it is not at hand, and only tokens that are kept can be used. */
  readonly secret: () => Secret | undefined;
}

const secretVariable = 'ISTHMUS_CLIENT_SECRET';
const defaultData = './.isthmus';

interface Administrator {
  readonly clientId: string;
  readonly clientSecret: string;
  readonly tenant: string;
}

const administratorSchema: z.ZodType<Administrator> = z.object({ clientId: z.string(), clientSecret: z.string(), tenant: z.string() });
const announcementSchema = z.object({ arm: z.string().optional(), subscription: z.string().optional(), ca: z.string().optional() });

/**
 * Who asks: with `data` the administrator of the `isthmus up` of that folder; without, whoever signed in; else the administrator of the
 * usual folder. Faults: `NotSignedIn` (unauthenticated), `NotRunning` (unreachable), `AdministratorFileBroken` (corrupt), `StateDenied`.
 */
export function findIdentity(state: StateFolder, data: string | undefined): Identity {
  const named = data ?? environmentVariable('ISTHMUS_DATA');
  if (named === undefined) {
    const signIn = state.signIn();
    if (signIn) return { ...signIn, by: 'login', secret: () => secretOf(signIn) };
  }
  return administratorOf(named ?? defaultData, named !== undefined);
}

/** The data folder that is meant where none is named. */
export function dataFolder(): string {
  return environmentVariable('ISTHMUS_DATA') ?? defaultData;
}

export function secretOf({ secretFile }: Pick<SignIn, 'secretFile'>): Secret | undefined {
  const text = environmentVariable(secretVariable) ?? (secretFile === undefined ? undefined : readIfThere(secretFile)?.trim());
  return text === undefined ? undefined : secret(text);
}

/** What a data folder says to whoever may read it: address, CA, tenant. */
export interface LocalServer {
  readonly endpoint: string | undefined;
  readonly subscription: string | undefined;
  readonly ca: string | undefined;
  readonly administrator: Administrator | undefined;
}

export function readLocalServer(data: string): LocalServer {
  const announced = parsed(readIfThere(join(data, 'up.json')), announcementSchema);
  const file = join(data, 'identity', 'administrator.json');
  const text = readIfThere(file);
  const administrator = parsed(text, administratorSchema);
  if (text !== undefined && !administrator) {
    throw fault('corrupt', 'AdministratorFileBroken', `The file ${file} cannot be understood.`, {
      target: file,
      remedy: 'Delete it and start isthmus up again, which makes a new one.',
    });
  }
  return {
    endpoint: announced?.arm,
    subscription: announced?.subscription,
    ca: readIfThere(announced?.ca ?? join(data, 'ca.pem')),
    administrator,
  };
}

function parsed<T>(text: string | undefined, schema: z.ZodType<T>): T | undefined {
  if (text === undefined) return undefined;
  try {
    return schema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

function administratorOf(data: string, isNamed: boolean): Identity {
  const { administrator, endpoint, ca, subscription } = readLocalServer(data);
  if (!administrator) {
    const where = isNamed ? `, and ${data} is not the data folder of an isthmus up` : '';
    throw fault('unauthenticated', 'NotSignedIn', `Nobody is signed in${where}.`, {
      target: data,
      remedy: 'Sign in with isthmus login, or name the data folder of isthmus up on this machine with --data.',
    });
  }
  if (endpoint === undefined) {
    throw fault('unreachable', 'NotRunning', `No isthmus up runs in ${data}.`, {
      target: data,
      remedy: `Start it: isthmus up --data ${data}`,
    });
  }
  const { clientId, clientSecret, tenant } = administrator;
  return { by: 'data folder', endpoint, tenant, clientId, ca, subscription, secret: () => secret(clientSecret) };
}

/** A token is asked for anew this long before it ends. */
const spareMs = 120_000;

export interface TokenRequest {
  /** `https://management.azure.com`; undefined: Isthmus itself. */
  readonly resource?: string | undefined;
  /** One that will not do, though it has not ended. */
  readonly refused?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A bearer token, kept between commands. Faults: `SignInExpired`, `SignInRefused` (unauthenticated) and those of the connection. */
export async function tokenOf(
  identity: Identity,
  { state, fetch }: { readonly state: StateFolder; readonly fetch: FetchLike },
  { resource, refused, signal }: TokenRequest = {},
): Promise<string> {
  const endpoint = identity.endpoint.replace(/\/+$/, '');
  const scope = `${(resource ?? endpoint).replace(/\/+$/, '')}/.default`;
  const key = `${endpoint} ${identity.tenant} ${identity.clientId} ${scope}`;
  const kept = state.token(key);
  const text = identity.secret();
  if (kept && kept.token !== refused && kept.expiresAtMs > Date.now() + (text === undefined ? 0 : spareMs)) return kept.token;
  if (text === undefined) throw expired();
  const form = new URLSearchParams({
    grant_type: 'client_credentials',
    client_id: identity.clientId,
    client_secret: text.reveal(),
    scope,
  });
  const url = `${endpoint}/${encodeURIComponent(identity.tenant)}/oauth2/v2.0/token`;
  const headers = { accept: 'application/json', 'content-type': 'application/x-www-form-urlencoded' };
  const sent = await fetch(url, { method: 'POST', headers, body: form.toString(), ...(signal === undefined ? {} : { signal }) });
  const answer = await readAnswer(sent, url);
  const { access_token: token, expires_in: seconds } = objectOf(answer.body);
  if (answer.status !== 200 || typeof token !== 'string')
    throw refusedSignIn(faultOfAnswer(answer, url), textOf(objectOf(answer.body)['error']));
  state.putToken(key, { token, expiresAtMs: Date.now() + Number(seconds ?? 0) * 1_000 });
  return token;
}

function expired(): Fault {
  return fault('unauthenticated', 'SignInExpired', 'The sign-in has ended, and the secret is not kept.', {
    remedy: `Sign in again with isthmus login; with ${secretVariable} or --secret-file that happens by itself.`,
  });
}

function refusedSignIn(trouble: Fault, error: string | undefined): Fault {
  if (error !== 'invalid_client' && error !== 'unauthorized_client' && trouble.kind !== 'unauthenticated') return trouble;
  return fault('unauthenticated', 'SignInRefused', `The sign-in was refused: ${trouble.message.split('\n')[0]}`, {
    remedy: 'See that client id, secret and tenant are those that isthmus credential create printed.',
    cause: trouble,
  });
}
