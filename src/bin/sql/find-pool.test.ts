import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { poolFile } from './find-pool.ts';

let data: string;
beforeEach(() => {
  data = mkdtempSync(join(tmpdir(), 'isthmus-find-'));
});
afterEach(() => rmSync(data, { recursive: true }));

function pretendPool(...folders: readonly string[]): string {
  const folder = join(data, 'pools', ...folders);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'pool.duckdb'), '');
  return join(folder, 'pool.duckdb');
}

const named = (pool: string | undefined): string => poolFile({ data, pool, file: undefined });
const refusal = (kind: string, code: string, part = ''): unknown =>
  expect.objectContaining({ kind, code, message: expect.stringContaining(part) as string });

test('without a name the only pool is meant', () => {
  expect(() => named(undefined)).toThrow(refusal('missing', 'NoPool'));
  const shop = pretendPool('shop');
  expect(named(undefined)).toBe(shop);
  expect(named('shop')).toBe(shop);
  pretendPool('other');
  expect(() => named(undefined)).toThrow(refusal('invalid', 'WhichPool', 'other, shop'));
  expect(() => named('../shop')).toThrow(refusal('missing', 'NoPool'));
});

test('pools of workspaces are found by their own name, and by both where several have it', () => {
  const [sales, stock, otherSales] = [pretendPool('contoso', 'sales'), pretendPool('contoso', 'stock'), pretendPool('fabrikam', 'sales')];
  mkdirSync(join(data, 'pools', 'fabrikam', 'no-pool'));
  expect(named('stock')).toBe(stock);
  expect(named('Contoso/Stock')).toBe(stock);
  expect(named('contoso/sales')).toBe(sales);
  expect(named('fabrikam/sales')).toBe(otherSales);
  expect(() => named('sales')).toThrow(refusal('invalid', 'WhichPool', 'contoso/sales, fabrikam/sales'));
  expect(() => named(undefined)).toThrow(refusal('invalid', 'WhichPool', 'contoso/sales, contoso/stock, fabrikam/sales'));
  expect(() => named('no-pool')).toThrow(refusal('missing', 'NoPool', 'no-pool'));
  expect(() => named('contoso')).toThrow(refusal('missing', 'NoPool'));
});

test('a file is taken as it is, if it is there, and not together with a name', () => {
  const file = pretendPool('shop');
  expect(poolFile({ data: 'elsewhere', pool: undefined, file })).toBe(file);
  expect(() => poolFile({ data, pool: undefined, file: join(data, 'none') })).toThrow(refusal('missing', 'PoolMissing'));
  expect(() => poolFile({ data, pool: 'shop', file })).toThrow(refusal('invalid', 'WhichPool'));
});
