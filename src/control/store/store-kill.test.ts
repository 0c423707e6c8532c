import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, test } from 'vitest';
import { failpointVariable } from '#base/failpoint.ts';
import { openSqliteStore } from './sqlite-store.ts';

/** A process of its own that writes twins, eight at once, and says each that was acknowledged, until it is killed. */
const writer = `
  const { openSqliteStore } = await import(process.argv[1] + 'sqlite-store.ts');
  const { writeSync } = await import('node:fs');
  const store = await openSqliteStore({ path: process.argv[2] });
  const usual = { type: 'Isthmus.Test/things', location: undefined, tags: {}, envelope: {}, references: [], principal: 'p', ready: false };
  const entry = { action: 'write', principal: 'p', principalName: 'p', outcome: 'succeeded', code: undefined, correlationId: 'c', changes: [] };
  let n = (await store.list({ within: '' })).length;
  const write = async (number) => {
    const id = (twin) => '/subscriptions/s/resourceGroups/g/providers/Isthmus.Test/things/' + number + twin;
    await store.write(async (transaction) => {
      await transaction.put({ ...usual, id: id('a'), properties: { number } });
      await null;
      await transaction.putOperation({ id: 'o-' + number, resource: id('a'), kind: 'put', generation: 1, status: 'InProgress', startedAt: '', principal: 'p' });
      await transaction.audit({ ...entry, scope: id('a') });
      await transaction.put({ ...usual, id: id('b'), properties: { number }, references: [id('a')] });
    });
    writeSync(1, number + '\\n');
  };
  const loop = async () => { for (;;) await write((n += 1)); };
  await Promise.all(Array.from({ length: 8 }, loop));
`;

function startWriter(path: string, failpoints: string): ChildProcess {
  const here = new URL('./', import.meta.url).href;
  return spawn(process.execPath, ['--input-type=module', '-e', writer, here, path], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, [failpointVariable]: failpoints },
  });
}

test(
  'a process killed in the midst of writing has kept every write that it acknowledged, and no other half',
  { timeout: 60_000 },
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'isthmus-kill-'));
    const path = join(folder, 'store.db');
    const acknowledged = new Set<number>();
    for (const failpoints of [
      'store.commit.before=exit:5',
      'store.commit.after=exit:7',
      '',
      'store.commit.after=exit',
      'store.commit.before=exit',
      '',
    ]) {
      const child = startWriter(path, failpoints);
      const ended = once(child, 'exit');
      let said = 0;
      for await (const line of createInterface({ input: child.stdout! })) {
        acknowledged.add(Number(line));
        said += 1;
        if (failpoints === '' && said === 300) child.kill('SIGKILL');
      }
      expect((await ended)[1]).toBe('SIGKILL');
      await using store = await openSqliteStore({ path });
      const found = await store.list({ within: '' });
      const numbers = found.map((one) => Number(one.properties['number']));
      for (const number of acknowledged) {
        expect(numbers).toContain(number);
        expect((await store.operation(`o-${number}`))?.status).toBe('InProgress');
      }
      const names = new Set(found.map((one) => one.name));
      for (const number of new Set(numbers)) expect([names.has(`${number}a`), names.has(`${number}b`)]).toEqual([true, true]);
      expect(await store.due(Date.now(), 10_000)).toHaveLength(found.length);
      expect(await store.auditLog.verify()).toEqual({ ok: true, records: found.length / 2 });
    }
    expect(acknowledged.size).toBeGreaterThanOrEqual(600);
    await rm(folder, { recursive: true });
  },
);
