import { strict as assert } from 'node:assert';
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempDisposable, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { failpointVariable } from '#base/failpoint.ts';
import { secret } from '#base/secret.ts';
import type { AuditVerdict } from '../audit/audit-log.ts';
import { openSqliteStore } from '../store/sqlite-store.ts';
import { rotateSealKeys } from './rotate-seal-keys.ts';
import { readSealKeys, sealKeyPath } from './seal-keys.ts';
import { sealer } from './sealer.ts';

const things = 450;

interface SealedThing {
  readonly password: { readonly $sealed: string };
  readonly note: string;
  readonly number: number;
}

interface Found {
  readonly things: readonly SealedThing[];
  readonly setting: string;
  readonly open: (sealed: string) => string;
  readonly audit: AuditVerdict;
}

/** A data folder with more rows than one transaction takes, and a setting. */
async function sealedStore(): Promise<Sealed> {
  const made = await mkdtempDisposable(join(tmpdir(), 'isthmus-rotate-'));
  const one = sealer(await readSealKeys({ folder: made.path, fromEnvironment: undefined, isNew: true }));
  await using store = await openSqliteStore({ path: join(made.path, 'resources.db') });
  const usual = { type: 'Isthmus.Test/things', location: undefined, tags: {}, envelope: {}, references: [], principal: 'p', ready: true };
  await store.write(async (transaction) => {
    for (let n = 0; n < things; n += 1) {
      const properties = { password: { $sealed: one.seal(`secret ${n}`) }, note: 'v2.short', number: n };
      await transaction.put({ ...usual, id: `/subscriptions/s/resourceGroups/g/providers/Isthmus.Test/things/t${n}`, properties });
    }
    await transaction.putSetting('keys', { keys: [{ sealed: one.seal('{"a":"\\""}') }] });
  });
  return new Sealed(made);
}

class Sealed implements AsyncDisposable {
  readonly folder: string;
  readonly #remove: () => Promise<void>;

  constructor(made: Awaited<ReturnType<typeof mkdtempDisposable>>) {
    this.folder = made.path;
    this.#remove = () => made.remove();
  }

  get store(): string {
    return join(this.folder, 'resources.db');
  }

  rotate(fromEnvironment?: string): ReturnType<typeof rotateSealKeys> {
    const given = fromEnvironment === undefined ? undefined : secret(fromEnvironment);
    return rotateSealKeys({ folder: this.folder, store: this.store, fromEnvironment: given, by: 'tester' });
  }

  /** What is in the store, with the keys that are there. */
  async found(fromEnvironment?: string): Promise<Found> {
    const given = fromEnvironment === undefined ? undefined : secret(fromEnvironment);
    const ring = sealer(await readSealKeys({ folder: this.folder, fromEnvironment: given, isNew: false }));
    await using store = await openSqliteStore({ path: this.store });
    const kept = (await store.setting('keys'))!['keys'] as readonly { sealed: string }[];
    return {
      things: (await store.list({ within: '' })).map(({ properties }) => properties as unknown as SealedThing),
      setting: kept[0]!.sealed,
      open: (sealed) => ring.open(sealed).reveal(),
      audit: await store.auditLog.verify(),
    };
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#remove();
  }
}

/** Every secret opens; answers the ids of the keys that are used. */
function usedKeys({ things: all, setting, open, audit }: Found): ReadonlySet<string> {
  assert.equal(all.length, things);
  for (const { password, note, number } of all) assert.deepEqual([open(password.$sealed), note], [`secret ${number}`, 'v2.short']);
  assert.equal(open(setting), '{"a":"\\""}');
  assert.equal(audit.ok, true);
  return new Set([...all.map(({ password }) => password.$sealed), setting].map((text) => text.split('.')[1]!));
}

test('everything is sealed with a new key, the old one is gone, and the audit log says so', async () => {
  await using made = await sealedStore();
  const [old] = usedKeys(await made.found());
  const rotated = await made.rotate();
  expect(rotated).toEqual({ key: expect.any(String), isFromEnvironment: false, changed: things + 1, unreadable: 0, dropped: [old] });
  expect(usedKeys(await made.found())).toEqual(new Set([rotated.key]));
  expect((await readFile(sealKeyPath(made.folder), 'utf8')).trim().split('\n')).toHaveLength(1);
  await using store = await openSqliteStore({ path: made.store });
  const [record] = await store.auditLog.read({});
  expect(record).toMatchObject({
    action: 'Isthmus.Identity/sealKeys/rotate/action',
    principalName: 'tester',
    changes: [{ before: old, after: rotated.key }],
  });
});

test('what was sealed with the old key is overwritten in the file', async () => {
  await using made = await sealedStore();
  const [old] = usedKeys(await made.found());
  await made.rotate();
  const bytes = await Promise.all([made.store, `${made.store}-wal`].map((path) => readFile(path).catch(() => Buffer.alloc(0))));
  expect(Buffer.concat(bytes).includes(`v2.${old}.`)).toBe(false);
});

test('to a key of the environment, and from there to the next', async () => {
  await using made = await sealedStore();
  const [first, second] = [randomBytes(32).toString('base64'), randomBytes(32).toString('base64')];
  const { key } = await made.rotate(first);
  expect(usedKeys(await made.found(first))).toEqual(new Set([key]));
  await expect(made.found()).rejects.toMatchObject({ code: 'SealKeyMissing' });
  const next = await made.rotate(`${second},${first}`);
  expect([next.isFromEnvironment, next.dropped]).toEqual([true, [key]]);
  expect(usedKeys(await made.found(second))).toEqual(new Set([next.key]));
  expect(await made.rotate(second)).toMatchObject({ changed: 0, dropped: [] });
});

test('what no key opens stays as it is, and is counted', async () => {
  await using made = await sealedStore();
  const lost = `v2.00000000.${randomBytes(40).toString('base64url')}`;
  {
    await using store = await openSqliteStore({ path: made.store });
    await store.write((transaction) => transaction.putSetting('lost', { sealed: lost }));
  }
  expect(await made.rotate()).toMatchObject({ changed: things + 1, unreadable: 1 });
  await using store = await openSqliteStore({ path: made.store });
  expect(await store.setting('lost')).toEqual({ sealed: lost });
});

const program = `
  const { rotateSealKeys } = await import(process.argv[1] + 'rotate-seal-keys.ts');
  await rotateSealKeys({ folder: process.argv[2], store: process.argv[3], fromEnvironment: undefined, by: 'tester' });
`;

test('killed between any two steps every secret opens, and the next rotation comes to its end', { timeout: 60_000 }, async () => {
  await using made = await sealedStore();
  const [first] = usedKeys(await made.found());
  const points = [
    'identity.file.before=exit:1',
    'secrets.key-added.after=exit',
    ...[1, 2, 3, 4].map((pass) => `store.rewrite.before=exit:${pass}`),
    'secrets.resealed.after=exit',
    'secrets.audited.after=exit',
    'identity.file.before=exit:2',
  ];
  for (const point of points) {
    const here = new URL('./', import.meta.url).href;
    const ended = spawnSync(process.execPath, ['--input-type=module', '-e', program, here, made.folder, made.store], {
      env: { ...process.env, [failpointVariable]: point },
      encoding: 'utf8',
    });
    expect([point, ended.signal, ended.stderr]).toEqual([point, 'SIGKILL', '']);
    usedKeys(await made.found());
  }
  const { key } = await made.rotate();
  expect(usedKeys(await made.found())).toEqual(new Set([key]));
  expect(key).not.toBe(first);
});
