import { isPlanned, planStatement } from '#pool/tsql/query/statement.ts';
import { parseBatch } from '#pool/tsql/syntax/parse.ts';
import { openPlannedPool, type PlannedPool } from '../test/tsql/planned-pool.ts';
import { counted, median, type Benchmark } from './benchmark.ts';
import { scaled } from './workplace.ts';

/** As reports and applications ask. */
const ordinary = [
  `SELECT id, name, qty, price FROM dbo.t WHERE id = 42`,
  `SELECT TOP (100) t.id, t.name, u.note FROM t INNER JOIN u ON u.t_id = t.id WHERE t.name LIKE 'A%' AND t.d >= '20240101' ORDER BY t.d DESC`,
  `SELECT name, COUNT(*) AS n, SUM(qty) AS total, AVG(price) AS mean FROM t WHERE qty > 0 GROUP BY name HAVING SUM(qty) > 10 ORDER BY total DESC`,
  `WITH ranked AS (SELECT t.*, ROW_NUMBER() OVER (PARTITION BY name ORDER BY d DESC) AS rn FROM t) SELECT id, name, d FROM ranked WHERE rn = 1`,
  `SELECT t.id, x.n FROM t OUTER APPLY (SELECT COUNT(*) AS n FROM u WHERE u.t_id = t.id) AS x ORDER BY t.id OFFSET 20 ROWS FETCH NEXT 10 ROWS ONLY`,
  `SELECT DATEPART(year, d) AS y, CASE WHEN qty IS NULL THEN 'none' WHEN qty < 5 THEN 'few' ELSE 'many' END AS q, COUNT(*) AS n FROM t GROUP BY DATEPART(year, d), CASE WHEN qty IS NULL THEN 'none' WHEN qty < 5 THEN 'few' ELSE 'many' END`,
  `INSERT INTO t (id, name, qty, price, d) VALUES (1, 'a', 2, 3.50, '2024-01-02T03:04:05')`,
  `UPDATE t SET qty = qty + 1, name = UPPER(name) WHERE id IN (SELECT t_id FROM u WHERE note IS NOT NULL)`,
  `DELETE FROM t WHERE d < DATEADD(day, -30, '2024-06-01')`,
];

export const tsqlTranslation: Benchmark = {
  name: 'tsql-translation',
  about: 'T-SQL from text to DuckDB SQL, the median of ordinary statements; nothing is run',
  run: async (place) => {
    await using pool = await openPlannedPool();
    const times = scaled(place, 400, 20);
    const runs: number[] = [];
    // The first round warms the compiler up and is not counted.
    for (let round = -1; round < place.rounds; round++) {
      const ms = median(ordinary.flatMap((sql) => Array.from({ length: times }, () => translate(sql, pool))));
      place.say(`tsql-translation: ${ms.toFixed(3)} ms`);
      if (round >= 0) runs.push(ms);
    }
    return [counted('median of ordinary statements', 'ms', runs, { atMost: 1 })];
  },
};

function translate(sql: string, pool: PlannedPool): number {
  const begun = performance.now();
  for (const statement of parseBatch(sql, { quotedIdentifier: true })) if (isPlanned(statement)) planStatement(statement, pool.context);
  return performance.now() - begun;
}
