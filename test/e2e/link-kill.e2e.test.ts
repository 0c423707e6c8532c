import { afterAll, beforeAll, expect, test } from 'vitest';
import { startPostgres, type TestPostgres } from '../servers/postgres.ts';
import { bankTotal, connectTo, openBank, runTransfers } from './bank.ts';
import { ControlPlane } from './control-plane.ts';
import { makeLink, type MadeLink } from './link-plane.ts';
import { queryPool, untilEqual } from './link-scene.ts';
import { descendant, until } from './program.ts';

const rounds = Number(process.env['ISTHMUS_KILL_ROUNDS'] ?? 6);
const totalSql = 'SELECT (SELECT sum(amount) FROM public.checking) + (SELECT sum(amount) FROM public.savings)';

let database: TestPostgres;
let plane: ControlPlane;
beforeAll(async () => {
  database = await startPostgres();
  plane = await ControlPlane.start();
});
afterAll(async () => {
  await plane[Symbol.asyncDispose]();
  plane.forget();
  await database[Symbol.asyncDispose]();
});

/** Looks at the pool until it was seen so many times; each look must see the whole total. */
async function lookTimes(wanted: number, link: MadeLink): Promise<void> {
  let seen = 0;
  await until('the pool is seen', async () => {
    const rows = await queryPool(link.poolFile, totalSql);
    if (rows === undefined) return false;
    expect(rows[0]![0]).toBe(String(bankTotal));
    seen += 1;
    return seen >= wanted;
  });
}

/** Kills a process of the link, and waits until another one does its work. */
async function killOne(title: string): Promise<void> {
  const pid = await until(`${title} runs`, () => descendant(plane.program.pid, title));
  process.kill(pid, 'SIGKILL');
  await until(`another ${title}`, () => {
    const next = descendant(plane.program.pid, title);
    return next !== undefined && next !== pid;
  });
}

test(
  `${rounds} rounds of kill -9, each process in turn, under load: nothing is lost or doubled, no transaction is seen in part`,
  { timeout: 120_000 + rounds * 60_000 },
  async () => {
    await openBank(database.url());
    const link = await makeLink(plane, { workspace: 'ws-bank', database, tables: ['public.checking', 'public.savings'] });
    await link.untilStatus('Running');
    await using source = await connectTo(database.url());
    for (const table of ['public.checking', 'public.savings']) await untilEqual(source, link.poolFile, table);
    const stopped = new AbortController();
    const transfers = runTransfers(database.url(), stopped.signal);
    try {
      for (let round = 0; round < rounds; round++) {
        await lookTimes(1 + Math.floor(Math.random() * 10), link);
        const which = round % 4;
        if (which === 3) {
          await database.kill();
          await database.start();
        } else {
          await killOne(['isthmus worker', 'isthmus pool', 'isthmus control'][which]!);
        }
      }
    } finally {
      stopped.abort();
    }
    expect(await transfers).toBeGreaterThan(rounds);
    await until('requests are answered', async () => (await link.status().catch(() => undefined))?.status === 'Running');
    await using again = await connectTo(database.url());
    for (const table of ['public.checking', 'public.savings']) await untilEqual(again, link.poolFile, table);
    await lookTimes(1, link);
  },
);
