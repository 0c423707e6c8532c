import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { fault, type Fault } from '#base/fault.ts';
import type { Secret } from '#base/secret.ts';
import type { SmtpSettings } from './channel.ts';

/** What the options, the configuration and the environment say of e-mail. */
export interface SmtpOptions {
  /** `smtp://user@host:port`, or `smtps://…` for TLS from the first byte. */
  readonly smtp?: string | undefined;
  readonly smtpFrom?: string | undefined;
  readonly smtpPasswordFile?: string | undefined;
  /** The value of `ISTHMUS_SMTP_PASSWORD`. */
  readonly password: Secret | undefined;
}

/** Fault: `BadConfig` (invalid), never with a password. */
export function smtpSettings({ smtp, smtpFrom, smtpPasswordFile, password }: SmtpOptions): SmtpSettings | undefined {
  if (smtp === undefined) {
    if (smtpFrom === undefined && smtpPasswordFile === undefined) return undefined;
    throw bad('There is a sender or a password of e-mail, and no server.', 'Name it: --smtp smtp://user@host:587.');
  }
  if (!URL.canParse(smtp)) throw bad('The address of the mail server is none.', 'Write it like smtp://user@host:587.');
  const url = new URL(smtp);
  if (url.protocol !== 'smtp:' && url.protocol !== 'smtps:')
    throw bad('The address of the mail server begins with neither smtp:// nor smtps://.', 'Write it like smtp://user@host:587.');
  if (url.password !== '')
    throw bad(
      'The address of the mail server has a password in it, where others can read it.',
      'Put the password into the environment as ISTHMUS_SMTP_PASSWORD, or into a file: --smtp-password-file FILE.',
    );
  if (url.hostname === '') throw bad('The address of the mail server has no host.', 'Write it like smtp://user@host:587.');
  const isSecure = url.protocol === 'smtps:';
  const user = url.username === '' ? undefined : decodeURIComponent(url.username);
  const secretText = password?.reveal() ?? (smtpPasswordFile === undefined ? undefined : passwordOf(smtpPasswordFile));
  if ((user === undefined) !== (secretText === undefined))
    throw bad(
      'A user of the mail server needs a password, and a password a user.',
      'Write smtp://user@host:587, and the password as ISTHMUS_SMTP_PASSWORD; or neither.',
    );
  const port = url.port === '' ? (isSecure ? 465 : 587) : Number(url.port);
  const from = smtpFrom ?? (user?.includes('@') === true ? user : `isthmus@${hostname()}`);
  return { host: url.hostname.replace(/^\[|\]$/g, ''), port, isSecure, user, password: secretText, from };
}

function passwordOf(file: string): string {
  try {
    return readFileSync(file, 'utf8').trimEnd();
  } catch (cause) {
    throw fault('invalid', 'BadConfig', `The file with the mail server's password cannot be read: ${file}.`, {
      target: file,
      remedy: 'Name a file that the user who runs isthmus up can read.',
      cause,
    });
  }
}

function bad(message: string, remedy: string): Fault {
  return fault('invalid', 'BadConfig', message, { target: 'smtp', remedy });
}
