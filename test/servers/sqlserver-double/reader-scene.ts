import type { DoubleLogin } from './logins.ts';
import { SqlServerDouble, type SqlServerDoubleOptions } from './server.ts';

export const readerPassword = 'kept-to-itself-7';

/** A user that sees four tables, reads three of them, and follows two. */
const reader: DoubleLogin = {
  password: readerPassword,
  viewState: true,
  select: ['dbo.t1', 'dbo.t2', 'dbo.t3'],
  viewTracking: ['dbo.t3', 'dbo.t4'],
};

/** A server whose database `shop` has four tables, and the user `reader`. */
export async function startReaderScene(options: SqlServerDoubleOptions = {}): Promise<SqlServerDouble> {
  const server = await SqlServerDouble.start({ logins: { reader }, ...options });
  for (const table of ['t1', 't2', 't3', 't4']) server.database('shop').create(`dbo.${table}`, { id: 'int' }, ['id']);
  return server;
}
