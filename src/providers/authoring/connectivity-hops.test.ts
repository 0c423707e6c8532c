import { expect, test } from 'vitest';
import { fault, type FaultKind } from '#base/fault.ts';
import type { StoreLogin } from '#runtime/job.ts';
import type { TestStep } from '#runtime/jobs/test-connection.ts';
import { azureError, stepHops } from './connectivity-hops.ts';

const login: StoreLogin = {
  kind: 'sqlserver',
  host: 'sqlmi.example',
  port: 1433,
  database: 'shop',
  user: 'reader',
  password: null,
  tls: 'verify-full',
  certificateName: null,
};

function refused(name: TestStep['name'], kind: FaultKind, code: string, errorNumber?: number): TestStep {
  return { name, ok: false, ms: 1, detail: 'What is wrong.', fault: fault(kind, code, 'What is wrong.', { remedy: 'Do.' }), errorNumber };
}

test.for<[step: TestStep, code: string, ends: string, side: string]>([
  [
    refused('login', 'unauthenticated', 'WrongPassword', 18_456),
    'SqlUnauthorizedAccess',
    "'What is wrong.' SqlErrorNumber=18456",
    'your side',
  ],
  [refused('login', 'missing', 'DatabaseMissing', 4060), 'SqlUnauthorizedAccess', ' SqlErrorNumber=4060', 'your side'],
  [refused('login', 'denied', 'FirewallDenied', 40_615), 'SqlFailedToConnect', ' SqlErrorNumber=40615', "server's owner"],
  [refused('login', 'denied', 'PublicAccessDenied', 47_073), 'SqlFailedToConnect', ' SqlErrorNumber=47073', "server's owner"],
  [refused('login', 'timeout', 'ServerSilent'), 'SqlOpenConnectionTimeout', "after '20' seconds.", 'your side'],
  [refused('connection policy', 'precondition', 'ConnectionRedirected'), 'SqlFailedToConnect', 'to access.', 'its connection policy'],
  [refused('TLS', 'unauthenticated', 'CertificateName'), 'SqlUnauthorizedAccess', "'What is wrong.'", "the database's side"],
])("Azure's code and wording: %o", ([step, code, ends, side]) => {
  const { failed, hops } = stepHops([{ name: 'TCP', ok: true, ms: 1, detail: 'Open.', fault: undefined }, step]);
  expect(hops.map(({ ok }) => ok)).toEqual([true, false]);
  expect(failed?.side).toContain(side);
  const error = azureError(failed!, 'AzureSqlMI', login) as { readonly code: string; readonly message: string };
  expect([error.code, error.message.slice(-ends.length)]).toEqual([code, ends]);
});

test('the number of another kind of server is none of SQL Server', () => {
  const { failed } = stepHops([refused('login', 'unauthenticated', 'WrongPassword', 1045)]);
  expect(JSON.stringify(azureError(failed!, 'MySql', { ...login, kind: 'mysql' }))).not.toContain('SqlErrorNumber');
});
