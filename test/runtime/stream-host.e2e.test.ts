import { existsSync, readdirSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { fault } from '#base/fault.ts';
import { describeRuntimeHost, scene } from './runtime-host.contract.ts';

const reason = fault('unsupported', 'NoSandboxHere', 'There is no sandbox here.', { remedy: 'Run workers on Linux.' });
const open = (allowUnisolated = true) => scene({ allowUnisolated, sandbox: async () => reason });

describeRuntimeHost((more = {}) => scene({ ...more, allowUnisolated: true, sandbox: async () => reason }), 'plainly');

test('without a sandbox nothing runs unless the operator allows it', async () => {
  await using on = await open(false);
  expect(await on.host.isolation()).toEqual({ isolated: false, allowed: false, reason });
  await expect(on.start('echo')).rejects.toMatchObject({
    kind: 'unsupported',
    code: 'NotIsolated',
    remedy: expect.stringMatching(/^Run workers on Linux\. .*--allow-unisolated/),
  });
});

test('it says that it is not isolated, and what it cannot know', async () => {
  await using on = await open();
  await on.apply();
  expect(await on.host.isolation()).toEqual({ isolated: false, allowed: true, reason });
  await using job = await on.start('wait');
  expect({ isolated: job.isolated, attempts: await job.attempts() }).toEqual({ isolated: false, attempts: undefined });
});

test('its streams are this user’s, and a stranger without the token gets none', async () => {
  const sockets = () => readdirSync(tmpdir()).filter((name) => name.startsWith('isthmus-streams-'));
  const before = new Set(sockets());
  await using on = await open();
  await on.apply();
  await using job = await on.start('wait');
  const folders = sockets().filter((name) => !before.has(name));
  expect(folders.length).toBeGreaterThan(0);
  for (const folder of folders) {
    const path = join(tmpdir(), folder, 'dial');
    if (!existsSync(path)) continue;
    expect([statSync(join(tmpdir(), folder)).mode & 0o777, statSync(path).mode & 0o777]).toEqual([0o700, 0o600]);
    const heard = await new Promise<string>((settle) => {
      let text = '';
      const stranger = connect({ path });
      stranger.on('data', (bytes) => (text += bytes.toString()));
      stranger.on('error', () => settle(text));
      stranger.on('close', () => settle(text));
      stranger.write(`${JSON.stringify({ token: 'guess', host: on.sample.name, port: on.sample.port })}\n`);
    });
    expect(heard).toBe('');
  }
  await job.stop();
});
