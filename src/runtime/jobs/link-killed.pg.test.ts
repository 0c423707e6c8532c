import { fork } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { JobScene, linked } from '#test/link/job-scene.ts';
import { startPostgres, type TestPostgres } from '#test/servers/postgres.ts';

let server: TestPostgres;
beforeAll(async () => {
  server = await startPostgres();
});
afterAll(() => server[Symbol.asyncDispose]());

const setup = `CREATE TABLE a (id int PRIMARY KEY, v int, pad text); CREATE TABLE b (id int PRIMARY KEY, v int); CREATE TABLE c (k text PRIMARY KEY, v int);
  INSERT INTO a SELECT i, 100, repeat('pad', 200) || i FROM generate_series(1, 20000) i; INSERT INTO b SELECT i, 100 FROM generate_series(1, 3000) i; INSERT INTO c SELECT 'k' || i, i FROM generate_series(1, 500) i`;
const [a, b, c] = [linked('a'), linked('b'), linked('c')];
/** What each life is asked for at its beginning, and what is asked while it runs. */
const lives = [
  [[a], [a, b]],
  [
    [a, b],
    [b, c],
  ],
  [
    [b, c],
    [a, b, c],
  ],
  [
    [a, b, c],
    [c, a],
  ],
  [
    [c, a],
    [b, a, c],
  ],
] as const;
const rounds = Number(process.env['ISTHMUS_KILLS'] ?? 6);

test(
  `killed ${rounds} times while tables come, go and are copied anew, the link loses nothing`,
  { timeout: 60_000 + rounds * 10_000 },
  async () => {
    let segments = 0;
    await using scene = await JobScene.make(server, setup, { onApplied: () => segments++ });
    const session = await scene.session();
    let over = false;
    const writing = (async () => {
      for (let i = 0; !over; i++)
        await session.query(
          `UPDATE a SET v = v + 1 WHERE id = ${1 + ((i * 37) % 20000)}; UPDATE b SET v = v - 1 WHERE id = ${1 + (i % 3000)}; UPDATE c SET k = k || 'x' WHERE k = (SELECT min(k) FROM c WHERE v = ${i % 500}); DELETE FROM b WHERE id = ${3001 + (i % 7)}; INSERT INTO b VALUES (${3001 + ((i + 2) % 7)}, 0) ON CONFLICT DO NOTHING`,
        );
    })();
    const more = async (count: number): Promise<void> => {
      const goal = segments + count;
      await scene.until(() => segments >= goal);
    };
    for (let round = 0; round < rounds; round++) {
      const [first, second] = lives[round % lives.length]!;
      const child = fork('test/link/link-process.ts', { execArgv: [], stdio: 'inherit' });
      const exited = once(child, 'exit');
      child.send(scene.order(first));
      await more(1 + (round % 4));
      child.send({ kind: 'tables', tables: second });
      child.send({ kind: 'recopy', tables: [c] });
      await more(1 + ((round * 5) % 7));
      child.kill('SIGKILL');
      await exited;
    }
    over = true;
    await writing;
    await session.close();
    await using last = scene.start([a, b, c]);
    await scene.caughtUp([a, b, c]);
    expect(await scene.differences([a, b, c])).toEqual([]);
    await last.stop();
  },
);
