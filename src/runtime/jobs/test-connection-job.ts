import { faultText } from '#base/fault-text.ts';
import { secret } from '#base/secret.ts';
import type { RuntimeJob, StoreLogin } from '../job.ts';
import type { JobWork } from '../job-work.ts';
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

type Test = (ask: TestAsk, signal: AbortSignal) => Promise<readonly TestStep[]>;

/** Each loaded when it is needed: a worker has one job, with one database. */
const tests: Readonly<Record<DatabaseAddress['kind'], () => Promise<Test>>> = {
  postgresql: async () => (await import('./test-connection-postgres.ts')).testPostgres,
  sqlserver: async () => (await import('./test-connection-sqlserver.ts')).testSqlServer,
  mysql: async () => (await import('./test-connection-mysql.ts')).testMySql,
};

/** Connects to a database, logs in, and asks what the user may do there. Rejects only where the test itself cannot be loaded. */
export async function testConnection(ask: TestAsk, signal: AbortSignal): Promise<readonly TestStep[]> {
  const test = await tests[ask.address.kind]();
  return await test(ask, signal);
}
