import { MySqlConnection } from '#replication/sources/mysql/connection.ts';
import { readMySqlRights } from './mysql-rights.ts';
import { Steps, type TestAsk, type TestStep } from './test-connection.ts';

/** Connects to a MySQL or MariaDB, up to what its user may do. Never rejects. */
export async function testMySql({ address, dialer, timeoutMs, onStep }: TestAsk, signal: AbortSignal): Promise<readonly TestStep[]> {
  const { host, port, user, database, tls, certificateName } = address;
  const steps = new Steps(onStep);
  const deadline = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
  let next: TestStep['name'] = 'TCP';
  try {
    await using connection = await MySqlConnection.connect(
      {
        ...address,
        dialer,
        onStage: (stage) => {
          if (stage.stage === 'dialled') steps.done('TCP', `${host}:${port} takes connections.`);
          else if (stage.encrypted)
            steps.done('TLS', tls === 'verify-full' ? `Encrypted; the certificate is for ${certificateName ?? host}.` : 'Encrypted.');
          else steps.done('TLS', `Not encrypted: ${tls === 'disable' ? 'none is asked for' : 'the server offers none'}.`);
          next = stage.stage === 'dialled' ? 'TLS' : 'login';
        },
      },
      deadline,
    );
    const where = database === '' ? 'without choosing a database' : `to the database ${database}`;
    steps.done('login', `${user} is logged in ${where} (version ${connection.serverVersion}).`);
    next = 'rights';
    steps.done('rights', await readMySqlRights(connection, user));
  } catch (error) {
    steps.failed(next, error);
  }
  return steps.all;
}
