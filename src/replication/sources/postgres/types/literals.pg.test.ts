import { expect, test } from 'vitest';
import { directDialer } from '#base/dialer.ts';
import { startPostgres } from '#test/servers/postgres.ts';
import { PgConnection } from '../connection.ts';
import { parsePgUrl } from '../url.ts';
import { builtInTypes } from './built-in-types.ts';
import { checkLiterals } from './test-literals-check.ts';
import { checkRandomRows } from './test-random-rows.ts';

const never = new AbortController().signal;

test('literals of all types: copied, selected and sent by pgoutput they give the same columns', async () => {
  await using server = await startPostgres();
  await using connection = await PgConnection.connect({ ...parsePgUrl(server.url()), dialer: directDialer }, never);
  const { literals, differences } = await checkLiterals(connection);
  expect(differences).toEqual([]);
  expect(literals).toBeGreaterThanOrEqual(400);
  expect(await checkRandomRows(connection, 20_000)).toEqual([]);

  const rows = await connection.query(`
    SELECT t.oid, t.typname FROM pg_catalog.pg_type t
    WHERE t.typnamespace = 'pg_catalog'::pg_catalog.regnamespace AND t.typtype IN ('b', 'r', 'm') AND NOT (t.typelem <> 0 AND t.typname ~ '^_')`);
  const documented = new Set(builtInTypes.flatMap((group) => group.types.map((type) => String(type.oid))));
  expect(rows.filter((row) => !documented.has(row[0]!)).map((row) => row[1])).toEqual([]);
});
