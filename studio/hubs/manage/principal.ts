import { objectOf, textOf } from '#arm/client-answer.ts';
import type { JsonObject } from '#arm/resource.ts';
import type { ShownResource } from '#studio/data/queries.ts';

export interface Password {
  readonly keyId: string;
  readonly displayName: string | undefined;
  /** Its first characters. */
  readonly hint: string;
  readonly start: string;
  /** Undefined: it does not end. */
  readonly end: string | undefined;
}

export interface ServicePrincipal {
  readonly id: string;
  readonly name: string;
  readonly displayName: string | undefined;
  /** What signs in. */
  readonly clientId: string;
  /** What roles name. */
  readonly objectId: string;
  readonly passwords: readonly Password[];
}

export function principalOf({ id, name, properties }: ShownResource): ServicePrincipal {
  const passwords = properties['passwordCredentials'];
  return {
    id,
    name,
    displayName: textOf(properties['displayName']),
    clientId: textOf(properties['appId']) ?? '',
    objectId: textOf(properties['principalId']) ?? '',
    passwords: Array.isArray(passwords) ? (passwords as readonly JsonObject[]).map(passwordOf) : [],
  };
}

function passwordOf(shown: JsonObject): Password {
  const word = (name: string): string => textOf(shown[name]) ?? '';
  return {
    keyId: word('keyId'),
    displayName: textOf(shown['displayName']),
    hint: word('hint'),
    start: word('startDateTime'),
    end: textOf(shown['endDateTime']),
  };
}

/** What is answered once, and never again. */
export interface NewSecret {
  readonly clientId: string;
  readonly secret: string;
  readonly tenant: string;
  readonly end: string | undefined;
}

export function newSecretOf(answer: JsonObject): NewSecret {
  const word = (name: string): string => textOf(answer[name]) ?? '';
  return { clientId: word('appId'), secret: word('secretText'), tenant: word('tenantId'), end: textOf(objectOf(answer)['endDateTime']) };
}

/** The state of a principal's passwords, as a sentence. */
export function passwordsWord({ passwords }: Pick<ServicePrincipal, 'passwords'>, nowMs: number): string {
  const good = passwords.filter(({ end }) => end === undefined || Date.parse(end) > nowMs);
  if (passwords.length === 0) return 'none: nobody can sign in with it';
  if (good.length === 0) return `${passwords.length} over`;
  return `${good.length}${good.length < passwords.length ? `, ${passwords.length - good.length} over` : ''}`;
}

export const lifetimes: readonly { readonly value: string; readonly text: string }[] = [
  { value: 'PT12H', text: '12 hours' },
  { value: 'P7D', text: '7 days' },
  { value: 'P90D', text: '90 days' },
  { value: 'P1Y', text: '1 year' },
];
