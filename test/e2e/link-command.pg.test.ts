import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startPostgres } from '#test/servers/postgres.ts';
import { connectTo } from './bank.ts';
import { isthmus, RunningProgram, until } from './program.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'isthmus-link-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('a link answers isthmus sql while it runs, ends by Ctrl-C with 130, and goes on where it was', async () => {
  await using server = await startPostgres();
  await using source = await connectTo(server.url());
  await source.query(
    `CREATE TABLE public.t (id bigint PRIMARY KEY, amount numeric(20,2), note text); INSERT INTO public.t SELECT n, n + 0.25, 'row ' || n FROM generate_series(1, 500) AS n`,
  );
  const file = join(folder, 'x.duckdb');
  const passwordFile = join(folder, 'password');
  writeFileSync(passwordFile, `${server.password}\n`);
  const link = ['link', '--from', `postgres://postgres@127.0.0.1:${server.port}/postgres`, '--to', file, '--password-file', passwordFile];
  const ask = async (sql: string): Promise<unknown> => {
    const { code, out } = await isthmus(['sql', '--file', file, '-o', 'json', sql]);
    return code === 0 ? (JSON.parse(out) as unknown) : undefined;
  };

  {
    await using running = new RunningProgram(link);
    await until(
      'the rows in the pool',
      async () => JSON.stringify(await ask('SELECT count(*) AS n, sum(amount) AS s FROM public.t')) === '[{"n":500,"s":"125375.00"}]',
    );
    await source.query(`UPDATE public.t SET amount = 9007199254740993.01 WHERE id = 7; DELETE FROM public.t WHERE id > 499`);
    await until(
      'the changes in the pool',
      async () =>
        JSON.stringify(await ask('SELECT amount AS a, (SELECT count(*) FROM public.t) AS n FROM public.t WHERE id = 7')) ===
        '[{"a":"9007199254740993.01","n":499}]',
    );
    running.process.kill('SIGINT');
    const ended = await running.ended;
    expect(ended.code).toBe(130);
    expect(ended.err).toContain('error Interrupted: ');
    expect(ended.err + ended.out).not.toContain(server.password);
  }

  await source.query(`INSERT INTO public.t VALUES (1000, 1, 'later')`);
  expect(await isthmus([...link, '--once'])).toMatchObject({ code: 0, out: '' });
  expect(await isthmus(['sql', '--file', file, '--format', 'csv', 'SELECT id, note FROM public.t WHERE id > 498 ORDER BY 1'])).toEqual({
    code: 0,
    err: '',
    out: 'id,note\r\n499,row 499\r\n1000,later\r\n',
  });
  expect(await isthmus([...link, '--release'])).toMatchObject({ code: 0 });
});

test('what cannot work ends at once, with what is wrong, a remedy, and the exit code of its kind', async () => {
  await using server = await startPostgres({ settings: { wal_level: 'replica' } });
  const file = join(folder, 'x.duckdb');
  const from = (url: string): string[] => ['link', '--from', url, '--to', file, '--once'];
  const here = `127.0.0.1:${server.port}`;
  const ends = async (args: readonly string[]): Promise<readonly [code: number, said: string]> => {
    const { code, err } = await isthmus(args);
    expect(err).toMatch(/^(.*\n)*error \w+: .+\nremedy: .+\n$/);
    expect(err).not.toContain('wrong-password');
    return [code, /^error (\w+):/m.exec(err)?.[1] ?? ''];
  };
  expect(await ends(from(`postgres://postgres:wrong-password@${here}/postgres`))).toEqual([3, 'WrongPassword']);
  expect(await ends(from(server.url('nowhere')))).toEqual([4, 'DatabaseMissing']);
  expect(await ends(from(server.url()))).toEqual([5, 'WalLevel']);
  expect(await ends(from('mysql://a@b/c'))).toEqual([2, 'SourceKind']);
  expect(await ends(['link', '--from', 'x'])).toEqual([2, 'BadUse']);
  expect(await ends(['sql', '--file', file, 'SELECT nothing FROM nowhere'])).toEqual([2, 'QueryInvalid']);
  expect(await ends(['sql', '--file', file, 'DROP SCHEMA isthmus CASCADE'])).toEqual([3, 'ReadOnly']);
  expect(await ends(['sql', '--file', join(folder, 'none.duckdb'), 'SELECT 1'])).toEqual([4, 'PoolMissing']);
});
