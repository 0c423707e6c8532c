import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { hubLabel } from '../../src/bin/up/fabric-engine.ts';
import { describePrivatePath } from './private-path.contract.ts';
import { isthmus } from './program.ts';

describePrivatePath(['--engine', 'kernel'], async (folder) => {
  // What the kernel carries outlives whoever is killed, and goes by one command.
  const place = join('/run/netns', `isthmus-${hubLabel(folder)}`);
  expect(existsSync(place)).toBe(true);
  expect(await isthmus(['down', '--data', folder])).toMatchObject({ code: 0, out: expect.stringContaining('is gone') });
  expect(existsSync(place)).toBe(false);
});
