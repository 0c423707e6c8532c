import { environmentVariable } from '#base/config.ts';
import { fault } from '#base/fault.ts';
import { armClient, type ArmClient } from '#arm/client.ts';
import { textOf } from '#arm/client-answer.ts';
import { httpsFetch } from './https-fetch.ts';
import { findIdentity, tokenOf, type Identity } from './identity.ts';
import { stateFolder } from './state-folder.ts';
import type { CliTerminal } from './terminal.ts';

export interface SessionOptions {
  /** The data folder of an `isthmus up` on this machine, whose administrator asks. */
  readonly data?: string;
  readonly subscription?: string;
}

/** A server, and somebody who may ask it. */
export interface Session extends Disposable {
  readonly identity: Identity;
  readonly arm: ArmClient;
  readonly terminal: CliTerminal;
  /** The one that was named, else that of the sign-in, else the only or first one. Fault: `NoSubscription`. */
  subscription(): Promise<string>;
  token(resource?: string): Promise<string>;
}

/** Faults: those of `findIdentity`. */
export function openSession({ data, subscription }: SessionOptions, terminal: CliTerminal): Session {
  const state = stateFolder();
  const identity = findIdentity(state, data);
  const connection = httpsFetch(identity.ca);
  const places = { state, fetch: connection.fetch };
  const signal = terminal.interrupted;
  const arm = armClient({
    endpoint: identity.endpoint,
    fetch: (url, request) => connection.fetch(url, { signal, ...request }),
    token: (refused) => tokenOf(identity, places, { refused, signal }),
  });
  const named = subscription ?? environmentVariable('ISTHMUS_SUBSCRIPTION') ?? identity.subscription;
  return {
    identity,
    arm,
    terminal,
    subscription: () => (named === undefined ? firstSubscription(arm) : Promise.resolve(named)),
    token: (resource) => tokenOf(identity, places, { resource, signal }),
    [Symbol.dispose]: () => connection[Symbol.dispose](),
  };
}

async function firstSubscription(arm: ArmClient): Promise<string> {
  const [first] = await arm.list('/subscriptions');
  const id = textOf(first?.['subscriptionId']);
  if (id !== undefined) return id;
  throw fault('missing', 'NoSubscription', 'There is no subscription that you may see.', {
    remedy: 'Name one with --subscription, or ask its Owner for a role on it.',
  });
}
