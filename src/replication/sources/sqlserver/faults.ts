import { fault, type Fault } from '#base/fault.ts';
import type { ServerMessage } from '#wire/tds/token-message.ts';
import { certificateRows, rowFault, type FaultRow } from '../fault-row.ts';
import { withErrorNumber } from '../error-number.ts';
import { certificateTrouble, type CertificateTrouble } from '../server-certificate.ts';
import { otherError, serverErrors } from './server-errors.ts';

export type ConnectionFaultName =
  | 'lost'
  | 'notTds'
  | 'outOfStep'
  | 'tlsRefused'
  | 'tlsRequired'
  | 'tlsFailed'
  | 'tlsInjected'
  | 'cleartextRefused'
  | 'loginTooLong'
  | 'certificateName'
  | CertificateTrouble;

const elsewhere = 'Check that host and port are those of the SQL Server, and what the forwarder passes on to.';

/** What goes wrong before the server takes questions. */
const rows: Readonly<Record<ConnectionFaultName, FaultRow>> = {
  lost: {
    kind: 'unreachable',
    code: 'ConnectionLost',
    sentence: '% ended the connection.',
    remedy:
      'Check that a SQL Server stands behind the path and still runs; one that asks for strict encryption (TDS 8) ends any other connection at once.',
  },
  notTds: {
    kind: 'corrupt',
    code: 'NotTds',
    sentence: 'What answers at % does not speak the protocol of SQL Server.',
    remedy: elsewhere,
  },
  outOfStep: { kind: 'corrupt', code: 'UnexpectedMessage', sentence: '% sent a message that does not belong here.', remedy: elsewhere },
  tlsRefused: {
    kind: 'precondition',
    code: 'TlsRefused',
    sentence: '% offers no encryption, which the linked service asks for.',
    remedy: 'Give the server a certificate; without encryption the password would travel readable.',
  },
  tlsRequired: {
    kind: 'precondition',
    code: 'TlsRequired',
    sentence: '% takes encrypted connections only.',
    remedy: 'Let the linked service encrypt: encrypt=mandatory, with trustServerCertificate=true if nobody here knows the authority.',
  },
  tlsFailed: {
    kind: 'unreachable',
    code: 'TlsFailed',
    sentence: 'The TLS handshake with % failed.',
    remedy: 'Check the TLS versions that the server allows (1.2 within TDS 7), its certificate, and its error log.',
  },
  tlsInjected: {
    kind: 'corrupt',
    code: 'UnencryptedBytes',
    sentence: '% sent bytes in the clear where only TLS may follow.',
    remedy: 'Something between may try to speak for the server. Check the network path.',
  },
  cleartextRefused: {
    kind: 'denied',
    code: 'CleartextPassword',
    sentence: '% would take the password in the clear only.',
    remedy: 'Give the server a certificate: it encrypts at least the login then.',
  },
  loginTooLong: {
    kind: 'invalid',
    code: 'LoginTooLong',
    sentence: 'User, password or database for % is longer than the 128 characters that SQL Server takes.',
    remedy: 'Check them in the linked service.',
  },
  ...certificateRows({
    name: 'Address the server by a name that its certificate holds, name that one in hostNameInCertificate, or set trustServerCertificate=true.',
    authority: 'Let the server use a certificate of a known authority, or set trustServerCertificate=true.',
  }),
};

export function connectionFault(name: ConnectionFaultName, target: string, cause?: unknown): Fault {
  return rowFault(rows[name], target, cause);
}

export function certificateFault(reason: string, target: string): Fault {
  return connectionFault(certificateTrouble(reason), target, fault('unauthenticated', 'Certificate', printable(reason)));
}

/** What a refused login says. Of several errors the first counts that says more than that the login failed. */
export function serverFault(errors: readonly ServerMessage[], target: string): Fault {
  const error = errors.find(({ number }) => number !== loginFailed && serverErrors[number] !== undefined) ?? errors[0]!;
  const { kind, code, sentence, remedy, quotes } = serverErrors[error.number] ?? otherError(error);
  const quoted = quotes?.exec(error.text)?.[1];
  const said = sentence.replace('%', target).replace('$', quoted === undefined ? 'not named' : printable(quoted));
  return withErrorNumber(
    fault(kind, code, `${said} (SQL Server error ${error.number}, state ${error.state}.)`, { target, remedy }),
    error.number,
  );
}

const loginFailed = 18_456;
const quotedCharacters = 200;

/** What a server says, fit to be shown. */
export function printable(text: string): string {
  return text.slice(0, quotedCharacters).replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ');
}
