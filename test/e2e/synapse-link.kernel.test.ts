import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';
import { hubPlace, within } from '#fabric/kernel/hub-place.ts';
import { hubLabel } from '../../src/bin/up/fabric-engine.ts';
import type { ControlPlane } from './control-plane.ts';
import { isthmus, until } from './program.ts';
import { describeSynapseLink } from './synapse-link.contract.ts';

const placeOf = ({ folder }: ControlPlane): ReturnType<typeof hubPlace> => hubPlace({ label: hubLabel(folder), folder });

/** Bytes that went to each worker's network through the hub, by its interface. */
function toWorkers(plane: ControlPlane): number[] {
  const { file, args } = within(placeOf(plane), 'ip', ['-j', '-s', 'link', 'show', 'type', 'veth']);
  const links = JSON.parse(execFileSync(file, args, { encoding: 'utf8' })) as readonly {
    readonly ifname: string;
    readonly stats64: { readonly tx: { readonly bytes: number } };
  }[];
  return links.filter(({ ifname }) => ifname.startsWith('w-')).map(({ stats64 }) => stats64.tx.bytes);
}

const plane = describeSynapseLink(['--engine', 'kernel'], async (running) => {
  // Seven thousand rows; other workers in its network have heard little.
  await until('rows have come as packets to the worker that reads them', async () => Math.max(...toWorkers(running)) > 100_000);
});

test('in the end nothing of it is left on this host', async () => {
  const place = placeOf(plane());
  await plane()[Symbol.asyncDispose]();
  expect(existsSync(place.path)).toBe(true);
  expect(await isthmus(['down', '--data', plane().folder])).toMatchObject({ code: 0, out: expect.stringContaining('is gone') });
  expect(existsSync(place.path)).toBe(false);
});
