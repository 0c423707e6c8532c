import { expect, test } from 'vitest';
import { directDialer } from '#base/dialer.ts';
import { startPostgres } from '#test/servers/postgres.ts';
import { PgConnection } from '../connection.ts';
import { parsePgUrl } from '../url.ts';
import { checkLiterals } from './test-literals-check.ts';
import { checkRandomRows } from './test-random-rows.ts';

const never = new AbortController().signal;

test.each([13, 14, 15, 16, 17] as const)(
  'PostgreSQL %i: literals of all types give the same columns whichever way they come',
  async (version) => {
    await using server = await startPostgres({ version });
    await using connection = await PgConnection.connect({ ...parsePgUrl(server.url()), dialer: directDialer }, never);
    const { literals, differences } = await checkLiterals(connection);
    expect(differences).toEqual([]);
    expect(literals).toBeGreaterThanOrEqual(400);
    expect(await checkRandomRows(connection, 5000)).toEqual([]);
  },
);
