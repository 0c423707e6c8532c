import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ControlPlane, runClient } from './control-plane.ts';
import { notDriven } from './driven.ts';

let plane: ControlPlane;
beforeAll(async () => {
  plane = await ControlPlane.start();
});
afterAll(async () => {
  await plane[Symbol.asyncDispose]();
  plane.forget();
});

test("Microsoft's packages, old and new, make, list, tag, lock by etag and delete groups, and deploy", async () => {
  const { code, out, err } = await runClient(plane, process.execPath, [join(import.meta.dirname, '../clients/azure-resources.ts')]);
  expect([code, err]).toEqual([0, '']);
  const seen = JSON.parse(out) as Record<string, unknown>;
  for (const name of ['old', 'new'])
    expect(seen[name]).toEqual({
      made: { a: '1' },
      again: { a: '2' },
      patched: { b: '3' },
      got: [`sdk-${name}`, 'westeurope', 'Succeeded'],
      isListed: true,
      exists: { body: true },
      missing: { body: false },
      locked: { code: 'PreconditionFailed', statusCode: 412 },
      matched: 'v',
      inGroup: ['Microsoft.Network/virtualNetworks'],
      filtered: 1,
      hasProviders: true,
      wrong: { code: 'ResourceGroupNotFound', statusCode: 404 },
      bad: { code: expect.any(String), statusCode: expect.anything() },
      gone: { code: 'ResourceGroupNotFound', statusCode: 404 },
    });
  expect(seen['deployed']).toEqual({
    state: 'Succeeded',
    outputs: { subnet: { type: expect.stringMatching(/^string$/i), value: expect.stringContaining('/virtualNetworks/net/subnets/a') } },
  });
  expect(await notDriven(plane, 'azure-sdk')).toEqual([]);
});
