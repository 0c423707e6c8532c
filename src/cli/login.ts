import { resolve } from 'node:path';
import { fault } from '#base/fault.ts';
import { armClient, clientApiVersion } from '#arm/client.ts';
import { textOf } from '#arm/client-answer.ts';
import type { FetchLike } from '#arm/client-fetch.ts';
import { readText } from './documents.ts';
import { httpsFetch } from './https-fetch.ts';
import { readLocalServer, secretOf, tokenOf, type Identity } from './identity.ts';
import { stateFolder, type SignIn, type StateFolder } from './state-folder.ts';
import { askSecret, type CliTerminal } from './terminal.ts';

export interface LoginRequest {
  readonly endpoint: string | undefined;
  readonly clientId: string | undefined;
  readonly tenant: string | undefined;
  readonly secretFile: string | undefined;
  /** PEM file. */
  readonly ca: string | undefined;
  readonly subscription: string | undefined;
  /** The data folder of a server on this machine: for what is not given. */
  readonly data: string;
}

const usualEndpoint = 'https://localhost:4433';

/** Signs in as a service principal and remembers it, without the secret. Faults: `ClientIdMissing`, `TenantMissing`, those of tokens. */
export async function loginCommand(request: LoginRequest, terminal: CliTerminal): Promise<void> {
  const state = stateFolder();
  const local = readLocalServer(request.data);
  const endpoint = (request.endpoint ?? local.endpoint ?? usualEndpoint).replace(/\/+$/, '');
  const isLocal = endpoint === local.endpoint;
  const ca = request.ca === undefined ? local.ca : readText(request.ca);
  const clientId = request.clientId;
  if (clientId === undefined) {
    throw fault('invalid', 'ClientIdMissing', 'As whom to sign in was not said.', {
      remedy: 'Give --client-id, as isthmus credential create prints it. On the machine of the server nobody needs to sign in.',
    });
  }
  using connection = httpsFetch(ca);
  const tenant = request.tenant ?? (isLocal ? local.administrator?.tenant : undefined) ?? (await tenantOf(endpoint, connection.fetch));
  const secretFile = request.secretFile === undefined ? undefined : resolve(request.secretFile);
  if (secretFile !== undefined) readText(secretFile);
  const secret = secretOf({ secretFile }) ?? (await askSecret(terminal, `Secret of ${clientId}: `));
  const signIn: SignIn = { endpoint, tenant, clientId, ca, secretFile, subscription: request.subscription };
  const identity: Identity = { ...signIn, by: 'login', secret: () => secret };
  const token = await tokenOf(identity, { state: { ...state, token: () => undefined }, fetch: connection.fetch });
  const subscription = request.subscription ?? (await firstSubscription(endpoint, connection.fetch, token));
  state.putSignIn({ ...signIn, subscription });
  await terminal.write(
    `Signed in to ${endpoint}${subscription === undefined ? '; no subscription may be seen' : `, subscription ${subscription}`}.\n`,
  );
}

/** Where a server refuses, it says which tenant to ask. */
async function tenantOf(endpoint: string, fetch: FetchLike): Promise<string> {
  const answer = await fetch(`${endpoint}/subscriptions?api-version=${clientApiVersion}`, {
    method: 'GET',
    headers: { accept: 'application/json' },
  });
  await answer.text();
  const told = /authorization_uri="[^"]*\/([^"/]+)"/.exec(answer.headers.get('www-authenticate') ?? '')?.[1];
  if (told !== undefined) return told;
  throw fault('invalid', 'TenantMissing', `${endpoint} does not say which tenant it belongs to.`, {
    target: endpoint,
    remedy: 'Give --tenant, as isthmus credential create prints it.',
  });
}

async function firstSubscription(endpoint: string, fetch: FetchLike, token: string): Promise<string | undefined> {
  const [first] = await armClient({ endpoint, fetch, token: () => Promise.resolve(token) }).list('/subscriptions');
  return textOf(first?.['subscriptionId']);
}

/** Forgets who signed in, and all tokens. */
export async function logoutCommand(terminal: CliTerminal, state: StateFolder = stateFolder()): Promise<void> {
  const before = state.signIn();
  state.putSignIn(undefined);
  state.forgetTokens();
  await terminal.write(before ? `Signed out of ${before.endpoint}.\n` : 'Nobody was signed in.\n');
}
