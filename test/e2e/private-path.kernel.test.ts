import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { hubLabel } from '../../src/bin/up/fabric-engine.ts';
import { describePrivatePath } from './private-path.contract.ts';
import { isthmus } from './program.ts';

const plane = describePrivatePath('--engine', 'kernel');

test('what the kernel carries outlives a kill, and goes by one command', async () => {
  const { folder } = plane();
  const place = join('/run/netns', `isthmus-${hubLabel(folder)}`);
  await plane()[Symbol.asyncDispose]();
  expect(existsSync(place)).toBe(true);
  expect(await isthmus(['down', '--data', folder])).toMatchObject({ code: 0, out: expect.stringContaining('is gone') });
  expect(existsSync(place)).toBe(false);
});
