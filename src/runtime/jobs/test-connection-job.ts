import { faultText } from '#base/fault-text.ts';
import { secret } from '#base/secret.ts';
import type { RuntimeJob, StoreLogin } from '../job.ts';
import type { JobWork } from '../job-work.ts';
import { testMySql } from './test-connection-mysql.ts';
import { testPostgres } from './test-connection-postgres.ts';
import { testSqlServer } from './test-connection-sqlserver.ts';
import type { DatabaseAddress, TestAsk, TestStep } from './test-connection.ts';

/** Tells each step as soon as it is done. That a step fails is what was to be found out: the job itself is then done. */
export const testConnectionJob: JobWork<RuntimeJob & { readonly kind: 'test-connection' }> = async (job, context) => {
  const onStep = ({ fault: trouble, ...step }: TestStep): void =>
    context.tell({ kind: 'step', step: { ...step, fault: trouble === undefined ? null : faultText(trouble) } });
  await testConnection({ address: addressOf(job.store), dialer: context.dialer, timeoutMs: job.timeoutMs, onStep }, context.signal);
};

function addressOf({ password, certificateName, ...store }: StoreLogin): DatabaseAddress {
  return { ...store, password: password === null ? undefined : secret(password), certificateName: certificateName ?? undefined };
}

/** Connects to a database, logs in, and asks what the user may do there. Never rejects. */
export async function testConnection(ask: TestAsk, signal: AbortSignal): Promise<readonly TestStep[]> {
  switch (ask.address.kind) {
    case 'postgresql':
      return await testPostgres(ask, signal);
    case 'sqlserver':
      return await testSqlServer(ask, signal);
    case 'mysql':
      return await testMySql(ask, signal);
  }
}
