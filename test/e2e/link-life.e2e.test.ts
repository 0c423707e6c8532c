import { afterAll, beforeAll, expect, test } from 'vitest';
import { startPostgres, type TestPostgres } from '../servers/postgres.ts';
import { bankTotal, openBank } from './bank.ts';
import { ControlPlane } from './control-plane.ts';
import { LinkGround, look } from './link-ground.ts';
import { descendant, until } from './program.ts';

let database: TestPostgres;
let plane: ControlPlane;
let ground: LinkGround;
beforeAll(async () => {
  database = await startPostgres();
  plane = await ControlPlane.start();
  ground = new LinkGround(plane, database);
});
afterAll(async () => {
  await plane[Symbol.asyncDispose]();
  plane.forget();
  await database[Symbol.asyncDispose]();
});

/** Every look sees the whole of every transfer. */
async function lookTimes(times: number): Promise<void> {
  for (let seen = 0; seen < times; seen++) expect(await ground.query(look)).toEqual([[String(bankTotal)]]);
}

test(
  'a link behind a private endpoint: started, paused, resumed, stopped, edited and killed, it ends with what the source has',
  { timeout: 300_000 },
  async () => {
    await openBank(database.url());
    await ground.source(
      `CREATE TABLE public.later AS SELECT id, amount, note FROM public.savings; ALTER TABLE public.later ADD PRIMARY KEY (id)`,
    );
    await ground.lay();
    await ground.link('shop', ['checking', 'savings'], { actionOnExistingTargetTable: 'DropAndRecreate' });
    const planned = (await ground.act('shop', 'preflight')).json;
    expect(planned.findings).toMatchObject([{ severity: 'error', code: 'EndpointPending' }]);
    await ground.act('shop', 'start');
    const waiting = await ground.reached('shop', 'Starting', 'EndpointPending');
    expect(await ground.kept()).toEqual([]);

    await ground.approve();
    const first = await ground.reached('shop', 'Running');
    expect(first.continuousRunId).toBe(waiting.continuousRunId);
    expect(await ground.kept()).toHaveLength(3);
    await ground.equal('checking', 'savings');
    const checked = (await ground.act('shop', 'preflight')).json;
    expect(checked.tables[0].columns).toMatchObject([{ name: 'id', fidelity: 'exact' }, { name: 'amount' }, { name: 'note' }]);

    await ground.under(async () => {
      await lookTimes(20);
      await ground.act('shop', 'pause');
      await ground.reached('shop', 'Paused');
    });
    expect((await ground.status('shop')).isthmus.run?.slot).toBe(first.isthmus.run?.slot);
    await ground.act('shop', 'resume');
    expect((await ground.reached('shop', 'Running')).continuousRunId).toBe(first.continuousRunId);
    await ground.equal('checking', 'savings');

    await ground.edit('shop', 'add', ['later']);
    await ground.under(async () => {
      await ground.equal('later');
      await ground.edit('shop', 'remove', ['later']);
      await lookTimes(5);
    });
    await ground.equal('checking', 'savings');
    const tables = (await ground.act('shop', 'querytablestatus', { maxSegmentCount: 10 })).json.value;
    expect(tables).toMatchObject([
      { status: 'Replicating', processedRows: expect.any(Number), lastTransactionCommitTime: expect.any(String) },
      { status: 'Replicating' },
    ]);

    await ground.under(async () => {
      const { pid } = (await ground.status('shop')).isthmus;
      process.kill(pid!, 'SIGKILL');
      await ground.reached('shop', 'Running');
      const pool = descendant(plane.program.pid, 'isthmus pool');
      process.kill(pool!, 'SIGKILL');
      await until('the pool is another process', () => ![undefined, pool].includes(descendant(plane.program.pid, 'isthmus pool')));
    });
    await ground.equal('checking', 'savings');

    await ground.act('shop', 'stop');
    await ground.reached('shop', 'Stopped');
    expect(await ground.kept()).toEqual([]);
    expect(await ground.query(look)).toEqual([[String(bankTotal)]]);
    await ground.act('shop', 'start');
    const second = await ground.reached('shop', 'Running');
    expect(second.continuousRunId).not.toBe(first.continuousRunId);
    await ground.equal('checking', 'savings');

    await ground.approve('Rejected');
    await ground.reached('shop', 'Resuming', 'EndpointRejected');
    await ground.askForEndpoint();
    await ground.approve();
    await ground.reached('shop', 'Running');

    expect((await plane.ask({ method: 'DELETE', path: `${ground.at}/linkconnections/shop` })).status).toBe(200);
    await until('the link is gone', async () => (await plane.ask({ path: `${ground.at}/linkconnections/shop` })).status === 404);
    expect(await ground.kept()).toEqual([]);
  },
);
