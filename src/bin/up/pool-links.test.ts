import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { silentLog } from '#base/log.ts';
import { DuckDbPool } from '#pool/engines/duckdb/pool.ts';
import { CountingZone } from '#test/pool/zones.ts';
import { PoolLinks } from './pool-links.ts';
import { TableSizes } from './pool-sizes.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'isthmus-pool-links-'));
});
afterEach(() => rm(folder, { recursive: true }));

test('an order that comes after a later one takes nothing away: no run that came since is forgotten', async () => {
  await using pool = await DuckDbPool.open(join(folder, 'pool.duckdb'), { rejectsTables: true });
  await using a = await CountingZone.open(join(folder, 'a'), 'a');
  await using b = await CountingZone.open(join(folder, 'b'), 'b');
  await a.put(1);
  await b.put(1);
  const options = { pool, name: 'w.dw', sizes: new TableSizes(pool), log: silentLog, onChange: () => undefined, onCommit: () => undefined };
  await using links = new PoolLinks(options);
  const [runA, runB] = [
    { run: 'a', landing: a.landing },
    { run: 'b', landing: b.landing },
  ];
  // The later one came while the pool was being opened, and was heard of first.
  links.order({ revision: 2, links: [runA, runB], keepsOthers: false });
  links.order({ revision: 1, links: [runA], keepsOthers: false });
  const applied = () => links.intakes.map(({ number }) => number);
  await expect.poll(applied).toEqual([1, 1]);
  expect(links.report().revision).toBe(2);
  expect([...(await pool.runs())]).toEqual(['a', 'b']);
  // Whose run nobody knows now may be b.
  links.order({ revision: 3, links: [runA], keepsOthers: true });
  await expect.poll(() => links.report().revision).toBe(3);
  expect([...(await pool.runs())]).toEqual(['a', 'b']);
  links.order({ revision: 4, links: [runA], keepsOthers: false });
  await expect.poll(() => links.report().revision).toBe(4);
  expect([...(await pool.runs())]).toEqual(['a']);
});
