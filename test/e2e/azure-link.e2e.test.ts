import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startPostgres, type TestPostgres } from '../servers/postgres.ts';
import { openBank } from './bank.ts';
import { ControlPlane, runClient } from './control-plane.ts';
import { notDriven } from './driven.ts';
import { LinkGround } from './link-ground.ts';
import { until } from './program.ts';

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

/** A part of what people do with pools and links, by Microsoft's packages. */
async function sdk(...args: readonly string[]): Promise<unknown> {
  const program = join(import.meta.dirname, '../clients/azure-link.ts');
  const { code, out, err } = await runClient(plane, process.execPath, [program, ...args]);
  if (code !== 0) throw new Error(`${args.join(' ')}: ${err}`);
  return JSON.parse(out) as unknown;
}

test("a pool and a link by Microsoft's packages: from creation over every state to their end", { timeout: 240_000 }, async () => {
  await openBank(database.url());
  await ground.lay();
  await ground.approve();
  expect(await sdk('pool')).toEqual({
    made: ['Online', 'DW100c', 'SQL_Latin1_General_CP1_CI_AS'],
    paused: 'Paused',
    resumed: 'Online',
    scaled: 'DW200c',
    listed: ['dw', 'sdkpool'],
    plane: ['sdkpool', 2],
  });
  expect(await sdk('link')).toEqual({
    made: ['sdklink', 'By the package.', 4],
    same: {
      linkedService: { referenceName: 'shop', type: 'LinkedServiceReference' },
      typeProperties: { resourceId: '/a/server', principalId: 'nobody' },
    },
    listed: ['sdklink'],
    tables: [['public.checking', 'dbo', 'Heap']],
    status: 'Initial',
  });
  expect(await sdk('act', 'start')).toEqual({ status: 'Running', applying: 'boolean', run: 36 });
  await until('the table is copied', async () => {
    const shown = (await sdk('tables')) as { readonly value: readonly (readonly unknown[])[] };
    return JSON.stringify(shown.value) === JSON.stringify([['Replicating', null, 36]]);
  });
  expect(await sdk('act', 'pause')).toMatchObject({ status: 'Paused' });
  expect(await sdk('act', 'resume')).toMatchObject({ status: 'Running' });
  expect(await sdk('act', 'stop')).toMatchObject({ status: 'Stopped' });
  expect(await ground.kept()).toEqual([]);
  expect(await sdk('remove')).toBe(false);
  await until('the link is gone', async () => (await plane.ask({ path: `${ground.at}/linkconnections/sdklink` })).status === 404);
  expect(await sdk('remove-pool')).toBe(1);
  expect(await notDriven(plane, 'azure-link')).toEqual([]);
});
