import { createTransport } from 'nodemailer';
import { Fault, fault } from '#base/fault.ts';
import type { Secret } from '#base/secret.ts';

/** A server that takes e-mail. */
export interface MailServer {
  readonly host: string;
  readonly port: number;
  /** TLS from the first byte; otherwise STARTTLS, where the server offers it. */
  readonly isSecure: boolean;
  readonly user: string | undefined;
  readonly password: Secret | undefined;
  /** Whose name is on it. */
  readonly from: string;
}

export interface Mail {
  readonly to: string;
  readonly subject: string;
  readonly text: string;
  /** Same for each try of a delivery. */
  readonly deliveryId: string;
}

const timeoutMs = 20_000;

/** Hands a message to the server. A password is sent over TLS only. Faults: `MailRefused` (unsupported), and what may pass: `MailFailed` (unreachable). */
export async function sendMail(server: MailServer, { to, subject, text, deliveryId }: Mail, signal: AbortSignal): Promise<void> {
  const { host, port, isSecure, user, password, from } = server;
  const transport = createTransport({
    host,
    port,
    secure: isSecure,
    requireTLS: password !== undefined,
    ...(user === undefined ? {} : { auth: { user, pass: password?.reveal() ?? '' } }),
    connectionTimeout: timeoutMs,
    greetingTimeout: timeoutMs,
    socketTimeout: timeoutMs,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  const { promise: aborted, reject: abort } = Promise.withResolvers<never>();
  const onAbort = (): void => abort(fault('cancelled', 'Canceled', 'The message was not sent to its end.'));
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    const sent = transport.sendMail({
      from,
      to,
      subject,
      text,
      messageId: `<${deliveryId}@isthmus.invalid>`,
      headers: { 'x-isthmus-delivery': deliveryId, 'auto-submitted': 'auto-generated' },
    });
    // The library cannot be told to stop in the middle of it.
    await Promise.race([sent, aborted]);
  } catch (error) {
    throw error instanceof Fault ? error : failed(error, `${host}:${port}`);
  } finally {
    signal.removeEventListener('abort', onAbort);
    transport.close();
  }
}

function failed(error: unknown, target: string): Fault {
  const {
    code = 'failed',
    responseCode = 0,
    command,
  } = error as { readonly code?: string; readonly responseCode?: number; readonly command?: string };
  // A login that is refused is mended by whoever runs the server, an address that is refused is not.
  if (responseCode >= 500 && (command === 'RCPT TO' || command === 'DATA'))
    return fault('unsupported', 'MailRefused', `The mail server ${target} refused the message (${responseCode}).`, {
      target,
      remedy: 'Look at the address of the receiver, and at who may send there.',
    });
  const status = responseCode === 0 ? '' : `, ${responseCode}`;
  return fault('unreachable', 'MailFailed', `The mail server ${target} did not take the message (${code}${status}).`, {
    target,
    remedy: 'Check --smtp, its password, and that the server can be reached. It is tried again.',
  });
}
