import { armClient, type ArmClient } from '#arm/client.ts';
import { httpsFetch } from '#cli/https-fetch.ts';
import { findIdentity, tokenOf } from '#cli/identity.ts';
import type { CachedToken, StateFolder } from '#cli/state-folder.ts';

/** Asks the control plane of a data folder as its administrator, as the command line of this machine does. */
export interface LocalClient extends Disposable {
  readonly arm: ArmClient;
}

/** Faults: those of `findIdentity`. */
export function openLocalClient(folder: string, signal: AbortSignal): LocalClient {
  const state = memoryState();
  const identity = findIdentity(state, folder);
  const connection = httpsFetch(identity.ca);
  const arm = armClient({
    endpoint: identity.endpoint,
    fetch: (url, request) => connection.fetch(url, { signal, ...request }),
    token: (refused) => tokenOf(identity, { state, fetch: connection.fetch }, { refused, signal }),
  });
  return { arm, [Symbol.dispose]: () => connection[Symbol.dispose]() };
}

/** Nothing of it is kept: who else signed in on this machine is not touched. */
function memoryState(): StateFolder {
  const tokens = new Map<string, CachedToken>();
  return {
    path: '',
    signIn: () => undefined,
    putSignIn: () => undefined,
    token: (key) => tokens.get(key),
    putToken: (key, token) => void tokens.set(key, token),
    forgetTokens: () => tokens.clear(),
  };
}
