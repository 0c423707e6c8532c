import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { DuckDbPool } from '#pool/engines/duckdb/pool.ts';
import { places } from '../up/home-folder.ts';
import { poolFile, sqlCommand } from './sql-command.ts';

let data: string;
beforeEach(() => {
  data = mkdtempSync(join(tmpdir(), 'isthmus-sql-'));
});
afterEach(() => rmSync(data, { recursive: true }));

function pretendPool(name: string): string {
  const file = places.pool(data, name);
  mkdirSync(join(file, '..'), { recursive: true });
  writeFileSync(file, '');
  return file;
}

test('without a name the only pool is meant', () => {
  expect(() => poolFile({ data, pool: undefined, file: undefined })).toThrow(expect.objectContaining({ kind: 'missing', code: 'NoPool' }));
  const shop = pretendPool('shop');
  expect(poolFile({ data, pool: undefined, file: undefined })).toBe(shop);
  expect(poolFile({ data, pool: 'shop', file: undefined })).toBe(shop);
  pretendPool('other');
  expect(() => poolFile({ data, pool: undefined, file: undefined })).toThrow(
    expect.objectContaining({ kind: 'invalid', code: 'WhichPool', message: expect.stringContaining('other, shop') as string }),
  );
  expect(() => poolFile({ data, pool: '../shop', file: undefined })).toThrow(expect.objectContaining({ kind: 'missing', code: 'NoPool' }));
});

test('a file is taken as it is, if it is there, and not together with a name', () => {
  const file = pretendPool('shop');
  expect(poolFile({ data: 'elsewhere', pool: undefined, file })).toBe(file);
  expect(() => poolFile({ data, pool: undefined, file: join(data, 'none') })).toThrow(
    expect.objectContaining({ kind: 'missing', code: 'PoolMissing' }),
  );
  expect(() => poolFile({ data, pool: 'shop', file })).toThrow(expect.objectContaining({ kind: 'invalid', code: 'WhichPool' }));
});

test('a statement comes as an argument or by standard input; what is wrong with it is a fault', async () => {
  const file = join(data, 'p.duckdb');
  await (await DuckDbPool.open(file))[Symbol.asyncDispose]();
  let out = '';
  const run = async (sql: string, input = ''): Promise<string> => {
    out = '';
    const write = async (text: string): Promise<void> => void (out += text);
    await sqlCommand(
      { sql, pool: undefined, file, data, format: 'csv' },
      { input: Readable.from([input]), write },
      new AbortController().signal,
    );
    return out;
  };
  expect(await run('SELECT 42 AS n')).toBe('n\r\n42\r\n');
  expect(await run('-', "SELECT 'x' AS t")).toBe('t\r\nx\r\n');
  await expect(run('SELECT nothing')).rejects.toMatchObject({ kind: 'invalid', code: 'QueryInvalid' });
  await expect(run('CREATE TABLE t (a INTEGER)')).rejects.toMatchObject({ kind: 'denied' });
});
