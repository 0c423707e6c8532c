import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { takeEnvironmentSecret } from '#base/config.ts';
import { fault } from '#base/fault.ts';
import { secret, type Secret } from '#base/secret.ts';
import type { TrustedIssuerSettings } from './channel.ts';

/** An issuer as the configuration says, with its secret read. */
export interface ConfiguredIssuer extends Omit<TrustedIssuerSettings, 'clientSecret'> {
  readonly clientSecret: Secret | undefined;
}

export interface IssuerSetting {
  readonly issuer: string;
  readonly audience: string;
  readonly claim: string;
  readonly principals: Readonly<Record<string, string>>;
  readonly name?: string | undefined;
  readonly clientId?: string | undefined;
  readonly clientSecretFile?: string | undefined;
  /** The name of a variable of the environment. */
  readonly clientSecretVariable?: string | undefined;
}

const issuerSetting: z.ZodType<IssuerSetting> = z.strictObject({
  issuer: z.url(),
  audience: z.string().min(1),
  claim: z.string().min(1),
  principals: z.record(z.string(), z.string()),
  name: z.string().min(1).max(60).optional(),
  clientId: z.string().min(1).optional(),
  clientSecretFile: z.string().min(1).optional(),
  clientSecretVariable: z.string().min(1).optional(),
});

/** `issuers` in the configuration of `isthmus up`. */
export const issuerSettings: z.ZodDefault<z.ZodArray<z.ZodType<IssuerSetting>>> = z.array(issuerSetting).default([]);

/** Fault: `BadConfig` (invalid), naming the issuer. */
export function withSecrets({ clientSecretFile, clientSecretVariable, ...rest }: IssuerSetting): ConfiguredIssuer {
  const { issuer, clientId, name } = rest;
  const isGiven = clientSecretFile !== undefined || clientSecretVariable !== undefined;
  if (isGiven && clientId === undefined)
    throw badIssuer(issuer, 'has a secret and no clientId', 'Give the clientId that the secret belongs to.');
  if (clientSecretFile !== undefined && clientSecretVariable !== undefined)
    throw badIssuer(issuer, 'has its secret in two places', 'Give either clientSecretFile or clientSecretVariable.');
  const fromFile = clientSecretFile === undefined ? undefined : secretIn(clientSecretFile, issuer);
  const clientSecret = clientSecretVariable === undefined ? fromFile : takeEnvironmentSecret(clientSecretVariable);
  if (isGiven && clientSecret === undefined)
    throw badIssuer(issuer, `has an empty secret`, 'Put the secret there that the issuer gave to this client.');
  return { ...rest, name, clientId, clientSecret };
}

function secretIn(file: string, issuer: string): Secret | undefined {
  try {
    const text = readFileSync(file, 'utf8').trim();
    return text === '' ? undefined : secret(text);
  } catch (cause) {
    throw badIssuer(issuer, `has its secret in ${file}, which cannot be read`, 'Name a file that this user may read.', cause);
  }
}

function badIssuer(issuer: string, what: string, remedy: string, cause?: unknown): Error {
  return fault('invalid', 'BadConfig', `The configuration is wrong: the issuer ${issuer} ${what}.`, { target: issuer, remedy, cause });
}
