import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { DuckDbPool } from '#pool/engines/duckdb/pool.ts';
import { serveQueries } from '#pool/query-server.ts';
import { sqlCommand } from './sql-command.ts';

let data: string;
beforeEach(() => {
  data = mkdtempSync(join(tmpdir(), 'isthmus-sql-'));
});
afterEach(() => rmSync(data, { recursive: true }));

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

test('a pool is asked by its name, also while a process has it open', async () => {
  const folder = join(data, 'pools', 'contoso', 'sales');
  mkdirSync(folder, { recursive: true });
  const ask = async (): Promise<string> => {
    let out = '';
    const write = async (text: string): Promise<void> => void (out += text);
    const command = { sql: 'SELECT count(*) AS n FROM isthmus.link', pool: 'Contoso/Sales', file: undefined, data, format: 'csv' as const };
    await sqlCommand(command, { input: Readable.from([]), write }, new AbortController().signal);
    return out;
  };
  {
    await using pool = await DuckDbPool.open(join(folder, 'pool.duckdb'));
    await using _served = await serveQueries(pool);
    expect(await ask()).toBe('n\r\n0\r\n');
  }
  expect(await ask()).toBe('n\r\n0\r\n');
});
