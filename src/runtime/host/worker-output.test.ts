import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { silentLog } from '#base/log.ts';
import { listenToOutput } from './worker-output.ts';

test('of a hidden text no part is told, wherever the last words were cut off', async () => {
  const password = 'Xsecret-password';
  for (let behind = 1_980; behind <= 4_020; behind++) {
    const errors = new PassThrough();
    const heard = listenToOutput({ output: new PassThrough(), errors }, silentLog);
    heard.follow(silentLog, [password]);
    errors.write(`${password}${'y'.repeat(behind)}${password}`);
    await new Promise((settle) => setImmediate(settle));
    const told = heard.tail().replaceAll('y', '').replaceAll('***', '');
    expect(told.replaceAll('*', '')).toBe('');
  }
});
