import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { toFault } from '#base/fault.ts';
import { openReader, openServed, readAll } from '#pool/query-server.ts';
import { startPostgres } from '#test/servers/postgres.ts';
import { bankTotal, connectTo, openBank, runTransfers } from './bank.ts';

const rounds = Number(process.env['ISTHMUS_KILL_ROUNDS'] ?? 20);
const never = new AbortController().signal;
const lookSql = `SELECT (SELECT sum(amount) FROM public.checking) + (SELECT sum(amount) FROM public.savings), (SELECT count(*) FROM isthmus.tables WHERE progress LIKE '%"Replicating"%')`;

const links: ChildProcess[] = [];

function startLink(url: string, file: string, more: readonly string[] = []): ChildProcess {
  const link = spawn(process.execPath, ['src/bin/cli.ts', 'link', '--from', url, '--to', file, '--tables', 'public.*', ...more], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  links.push(link);
  return link;
}

/** What a reader sees now; undefined while no link serves the pool. */
async function look(file: string): Promise<{ readonly total: string | null; readonly replicating: number } | undefined> {
  try {
    await using reader = await openServed(file);
    if (!reader) return undefined;
    const { rows } = await readAll(reader, lookSql, never);
    return { total: rows[0]![0] ?? null, replicating: Number(rows[0]![1]) };
  } catch (error) {
    const { code } = toFault(error);
    if (['PoolGone', 'PoolMissing', 'PoolInUse', 'QueryInvalid', 'SocketFailed'].includes(code)) return undefined;
    throw error;
  }
}

/** Looks until the pool was seen whole so many times; each look must see the whole total. */
async function lookTimes(wanted: number, file: string, link: ChildProcess): Promise<void> {
  for (let seen = 0; seen < wanted;) {
    const state = await look(file);
    expect(link.exitCode, 'the link ended by itself').toBeNull();
    if (state?.replicating !== 2) continue;
    expect(state.total).toBe(String(bankTotal));
    seen++;
  }
}

test(
  `${rounds} rounds of kill -9: every look sees the whole total, and no row is lost or doubled`,
  { timeout: 60_000 + rounds * 30_000 },
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'isthmus-crash-'));
    const file = join(folder, 'bank.duckdb');
    await using server = await startPostgres();
    const stopped = new AbortController();
    try {
      await openBank(server.url());
      const transfers = runTransfers(server.url(), stopped.signal);
      let link = startLink(server.url(), file);
      for (let round = 0; round < rounds; round++) {
        // After a random number of looks at a pool that is being written; the first round may well die while copying.
        await lookTimes(round === 0 ? 0 : 1 + Math.floor(Math.random() * 20), file, link);
        if (round % 5 === 4) {
          await server.stop('immediate');
          await server.start();
        } else {
          link.kill('SIGKILL');
          await once(link, 'exit');
          link = startLink(server.url(), file);
        }
      }
      stopped.abort();
      expect(await transfers).toBeGreaterThan(rounds);
      link.kill('SIGKILL');
      await once(link, 'exit');
      const last = startLink(server.url(), file, ['--once']);
      expect((await once(last, 'exit'))[0]).toBe(0);
      await using connection = await connectTo(server.url());
      await using reader = await openReader(file);
      expect(await connection.query('SELECT (SELECT sum(amount) FROM public.checking) + (SELECT sum(amount) FROM public.savings)')).toEqual(
        [[String(bankTotal)]],
      );
      for (const table of ['checking', 'savings']) {
        const source = await connection.query(`SELECT id, amount, note FROM public.${table} ORDER BY id`);
        const { rows } = await readAll(reader, `SELECT id, amount, note FROM public.${table} ORDER BY id`, never);
        expect(rows).toEqual(source);
      }
    } finally {
      stopped.abort();
      links.forEach((one) => one.kill('SIGKILL'));
      rmSync(folder, { recursive: true, force: true });
    }
  },
);
