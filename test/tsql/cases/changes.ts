import { type CaseArea, error, rowsAfter } from '../tsql-case.ts';

const items = [
  `CREATE TABLE #i (id int NOT NULL PRIMARY KEY, name varchar(10) NULL, n int NOT NULL DEFAULT 7);
   INSERT INTO #i (id, name, n) VALUES (1, 'a', 10), (2, 'b', 20), (3, NULL, 30)`,
];
const after = (sql: string, ...expected: readonly (readonly (string | null)[])[]) => rowsAfter(items, sql, ...expected);
const then = (change: string, ...expected: readonly (readonly (string | null)[])[]) =>
  rowsAfter(items, `${change}; SELECT id, name, n FROM #i ORDER BY id`, ...expected);
const refused = (number: number, sql: string) => ({ ...error(number, sql), setup: items });
const first = ['1', 'a', '10'] as const;
const second = ['2', 'b', '20'] as const;
const third = ['3', null, '30'] as const;

export const inserts: CaseArea = {
  area: 'INSERT',
  cases: [
    then("INSERT INTO #i VALUES (4, 'd', 40)", first, second, third, ['4', 'd', '40']),
    then("INSERT #i (name, id) VALUES ('d', 4), ('e', 5)", first, second, third, ['4', 'd', '7'], ['5', 'e', '7']),
    then('INSERT #i (id, n) VALUES (4, DEFAULT)', first, second, third, ['4', null, '7']),
    then('INSERT #i SELECT id + 10, name, n * 2 FROM #i WHERE id < 3', first, second, third, ['11', 'a', '20'], ['12', 'b', '40']),
    then('INSERT TOP (1) #i (id) SELECT v FROM (VALUES (9)) x (v)', first, second, third, ['9', null, '7']),
    then('WITH c AS (SELECT 8 AS v) INSERT #i (id) SELECT v FROM c', first, second, third, ['8', null, '7']),
    then("INSERT #i (id, name) EXEC ('SELECT 6, ''x''')", first, second, third, ['6', 'x', '7']),
    after("INSERT #i (id, name) OUTPUT inserted.id, inserted.n VALUES (4, 'd'), (5, 'e')", ['4', '7'], ['5', '7']),
    after('DECLARE @o TABLE (k int); INSERT #i (id) OUTPUT inserted.id INTO @o VALUES (4); SELECT k FROM @o', ['4']),
    after('INSERT #i (id) VALUES (4), (5); SELECT @@ROWCOUNT', ['2']),
    rowsAfter(
      'CREATE TABLE #n (id int IDENTITY(10, 5), v int)',
      'INSERT #n (v) VALUES (1), (2); SELECT id, v FROM #n ORDER BY id; SELECT SCOPE_IDENTITY(), @@IDENTITY',
      ['10', '1'],
      ['15', '2'],
      ['15', '15'],
    ),
    rowsAfter(
      'CREATE TABLE #t (a decimal(5,2), b char(3), c date, d bit)',
      "INSERT #t VALUES (1.239, 'x', '20240201', 5); SELECT a, b + '|', c, d FROM #t",
      ['1.24', 'x  |', '2024-02-01', '1'],
    ),
    refused(2627, "INSERT #i VALUES (1, 'x', 1)"),
    refused(515, 'INSERT #i (id) VALUES (NULL)'),
    refused(515, "INSERT #i (name) VALUES ('x')"),
    refused(213, 'INSERT #i VALUES (4)'),
    refused(109, 'INSERT #i (id, name) VALUES (4)'),
    refused(110, "INSERT #i (id) VALUES (4, 'x')"),
    refused(121, 'INSERT #i (id) SELECT 4, 5'),
    refused(120, 'INSERT #i (id, n) SELECT 4'),
    refused(207, 'INSERT #i (id, nosuch) VALUES (4, 5)'),
    refused(264, 'INSERT #i (id, id) VALUES (4, 5)'),
    refused(245, "INSERT #i (id) VALUES ('x')"),
    refused(2628, "INSERT #i (id, name) VALUES (4, 'longer than ten')"),
    refused(208, 'INSERT nosuch VALUES (1)'),
    error(544, 'INSERT #n (id, v) VALUES (1, 1)', 'CREATE TABLE #n (id int IDENTITY, v int)'),
    error(40510, 'CREATE TABLE #k (a int CHECK (a > 0))'),
    rowsAfter(
      'CREATE TABLE #n (id int IDENTITY, v int)',
      'SET IDENTITY_INSERT #n ON; INSERT #n (id, v) VALUES (5, 1); SET IDENTITY_INSERT #n OFF; INSERT #n (v) VALUES (2); SELECT id FROM #n ORDER BY id',
      ['5'],
      ['6'],
    ),
  ],
};

export const updates: CaseArea = {
  area: 'UPDATE and DELETE',
  cases: [
    then('UPDATE #i SET n = n + 1 WHERE id = 1', ['1', 'a', '11'], second, third),
    then("UPDATE #i SET name = ISNULL(name, 'z'), n = id", ['1', 'a', '1'], ['2', 'b', '2'], ['3', 'z', '3']),
    then("UPDATE #i SET n += 5, name = NULL WHERE name = 'B'", first, ['2', null, '25'], third),
    then('UPDATE #i SET n = DEFAULT WHERE id = 3', first, second, ['3', null, '7']),
    then('UPDATE x SET x.n = y.v FROM #i x JOIN (VALUES (1, 100), (3, 300)) y (k, v) ON x.id = y.k', ['1', 'a', '100'], second, [
      '3',
      null,
      '300',
    ]),
    then('UPDATE #i SET n = (SELECT MAX(n) FROM #i) WHERE id = 1', ['1', 'a', '30'], second, third),
    then('UPDATE TOP (1) #i SET n = 0 WHERE id = 2', first, ['2', 'b', '0'], third),
    then('UPDATE #i SET id = id + 1', ['2', 'a', '10'], ['3', 'b', '20'], ['4', null, '30']),
    after('UPDATE #i SET n = n * 2 OUTPUT deleted.n, inserted.n WHERE id = 1', ['10', '20']),
    refused(40510, 'DECLARE @x int; UPDATE #i SET @x = n = n + 5 WHERE id = 1'),
    after('UPDATE #i SET n = 1; SELECT @@ROWCOUNT', ['3']),
    after('UPDATE #i SET n = 1 WHERE id = 99; SELECT @@ROWCOUNT', ['0']),
    then('DELETE FROM #i WHERE id = 2', first, third),
    then('DELETE #i WHERE name IS NULL', first, second),
    then('DELETE x FROM #i x JOIN (VALUES (1), (3)) y (k) ON x.id = y.k', second),
    then('DELETE FROM #i WHERE id IN (SELECT id + 1 FROM #i)', first),
    then('DELETE #i'),
    then('TRUNCATE TABLE #i'),
    after('DELETE #i OUTPUT deleted.id, deleted.name WHERE id = 1', ['1', 'a']),
    after('DELETE TOP (2) FROM #i; SELECT COUNT(*) FROM #i', ['1']),
    refused(207, 'UPDATE #i SET nosuch = 1'),
    refused(515, 'UPDATE #i SET n = NULL'),
    refused(2627, 'UPDATE #i SET id = 1'),
    refused(264, 'UPDATE #i SET n = 1, n = 2'),
    refused(157, 'UPDATE #i SET n = MAX(n)'),
    refused(208, 'DELETE nosuch'),
    then('WITH c AS (SELECT * FROM #i WHERE id > 1) UPDATE c SET n = 0', first, ['2', 'b', '0'], ['3', null, '0']),
    then('WITH c AS (SELECT id, ROW_NUMBER() OVER (ORDER BY n DESC) AS r FROM #i) DELETE FROM c WHERE r = 1', first, second),
    refused(4701, 'TRUNCATE TABLE nosuch'),
  ],
};

export const merges: CaseArea = {
  area: 'MERGE',
  cases: [
    then(
      `MERGE #i AS t USING (VALUES (1, 'A'), (4, 'd')) AS s (id, name) ON t.id = s.id
       WHEN MATCHED THEN UPDATE SET name = s.name WHEN NOT MATCHED THEN INSERT (id, name) VALUES (s.id, s.name)`,
      ['1', 'A', '10'],
      second,
      third,
      ['4', 'd', '7'],
    ),
    then(
      `MERGE INTO #i t USING (SELECT 1 AS id, 0 AS n UNION ALL SELECT 2, 99) s ON t.id = s.id
       WHEN MATCHED AND s.n = 0 THEN DELETE WHEN MATCHED THEN UPDATE SET n = s.n WHEN NOT MATCHED BY SOURCE THEN UPDATE SET n = -1`,
      ['2', 'b', '99'],
      ['3', null, '-1'],
    ),
    then('MERGE #i t USING (VALUES (1)) s (id) ON t.id = s.id WHEN NOT MATCHED BY SOURCE THEN DELETE', first),
    after(
      `DECLARE @o TABLE (what nvarchar(10), id int);
       MERGE #i t USING (VALUES (1), (4)) s (id) ON t.id = s.id WHEN MATCHED THEN UPDATE SET n = 0
         WHEN NOT MATCHED THEN INSERT (id) VALUES (s.id) OUTPUT $action, inserted.id INTO @o;
       SELECT what, id FROM @o ORDER BY id`,
      ['UPDATE', '1'],
      ['INSERT', '4'],
    ),
    after('MERGE #i t USING (VALUES (4)) s (id) ON t.id = s.id WHEN NOT MATCHED THEN INSERT (id) VALUES (s.id); SELECT @@ROWCOUNT', ['1']),
    refused(8672, 'MERGE #i t USING (VALUES (1), (1)) s (id) ON t.id = s.id WHEN MATCHED THEN UPDATE SET n = 0;'),
    refused(10713, 'MERGE #i t USING (VALUES (1)) s (id) ON t.id = s.id WHEN MATCHED THEN DELETE'),
  ],
};
