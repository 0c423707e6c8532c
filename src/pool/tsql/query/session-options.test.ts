import { expect, it } from 'vitest';
import { openPlannedPool } from '#test/tsql/planned-pool.ts';
import { planBulk, planStatement } from './statement.ts';
import type { Plan } from './plan.ts';

it('takes numbers for an identity column while IDENTITY_INSERT is on, and goes on from the furthest', async () => {
  await using pool = await openPlannedPool();
  await pool.run('CREATE TABLE n (id int IDENTITY(1,1), a int)');
  expect(await pool.run('INSERT INTO n (a) VALUES (1)')).toBe('(identity [1])');
  pool.identityInsert = { schema: 'dbo', name: 'N' };
  expect(await pool.run('INSERT INTO n (id, a) VALUES (50, 2), (7, 3)')).toBe('(identity [50] [7])');
  expect(await pool.run('INSERT INTO n (a) VALUES (4)')).toMatch(/^!! 545 /);
  expect(await pool.run('INSERT INTO n VALUES (4, 4)')).toMatch(/^!! 8101 /);
  pool.identityInsert = undefined;
  expect(await pool.run('INSERT INTO n (a) VALUES (5)')).toBe('(identity [51])');
  expect(await pool.run('SELECT id, a FROM n ORDER BY id')).toBe('[id:int! a:int] [1,1] [7,3] [50,2] [51,5]');
});

it('looks at as many rows as SET ROWCOUNT says', async () => {
  await using pool = await openPlannedPool();
  pool.rowCount = '2';
  expect(await pool.run('SELECT id FROM t ORDER BY id')).toBe('[id:int!] [1] [2]');
  expect(await pool.run('SELECT COUNT(*) FROM (SELECT id FROM t) x')).toBe('[:int!] [4]');
  expect(await pool.run('DELETE FROM t')).toBe('(change 2)');
  pool.rowCount = undefined;
  expect(await pool.run('SELECT COUNT(*) FROM t')).toBe('[:int!] [2]');
});

it('inserts given rows by the rules of INSERT', async () => {
  await using pool = await openPlannedPool();
  await pool.run('CREATE TABLE b (id int IDENTITY, a varchar(3) NOT NULL, n int DEFAULT 9)');
  const facts = pool.context.names.table('dbo', 'b')!;
  const given = {
    reference: 'temp.main."given"',
    columns: [{ name: 'a', type: { name: 'nvarchar', length: 10 }, nullable: true }],
  } as const;
  const plan: Plan = planBulk(facts, ['a'], given, pool.context);
  expect(plan).toMatchObject({ command: 'insert', writes: 'pool', changesNames: false });
  expect(plan.steps.map(({ kind }) => kind)).toEqual(['identity']);
  expect(plan.steps[0]!.sql).toContain('FROM temp.main."given"');
  expect(() => planBulk(facts, ['a', 'n'], given, pool.context)).toThrow(/fewer items/);
});

it('says what a statement writes, and what it changes of names', async () => {
  await using pool = await openPlannedPool();
  const { parseBatch } = await import('../syntax/parse.ts');
  const planOf = (sql: string): Plan => {
    const [statement] = parseBatch(sql, { quotedIdentifier: true });
    return planStatement(statement as Parameters<typeof planStatement>[0], pool.context);
  };
  expect(planOf('SELECT 1')).toMatchObject({ writes: 'nothing', changesNames: false, counts: true, command: 'select' });
  expect(planOf('UPDATE t SET qty = 1')).toMatchObject({ writes: 'pool', command: 'update' });
  expect(planOf('CREATE TABLE #a (b int)')).toMatchObject({ writes: 'session', changesNames: true, counts: false, command: 'other' });
  expect(planOf('CREATE TABLE a (b int)')).toMatchObject({ writes: 'pool', changesNames: true });
  expect(planOf('SELECT id INTO #a FROM t').temporary).toMatchObject([
    { kind: 'created', table: { name: '#a', reference: 'temp.main."#a"' } },
  ]);
});
