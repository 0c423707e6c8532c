import { existsSync } from 'node:fs';
import { mkdir, mkdtempDisposable } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { readSealKeys, sealKeyPath } from '#control/identity/seal-keys.ts';
import { openSqliteStore } from '#control/store/sqlite-store.ts';
import { places, takeHomeFolder } from '../up/home-folder.ts';
import { rotateCommand } from './rotate-command.ts';

const request = { output: 'table', fromEnvironment: undefined } as const;

test('a data folder is rotated while nobody uses it', async () => {
  await using made = await mkdtempDisposable(join(tmpdir(), 'isthmus-secrets-'));
  const [old] = (await readSealKeys({ folder: made.path, fromEnvironment: undefined, isNew: true })).keys;
  await mkdir(dirname(places.store(made.path)));
  await (await openSqliteStore({ path: places.store(made.path) }))[Symbol.asyncDispose]();
  {
    using _ = takeHomeFolder(made.path);
    await expect(rotateCommand({ data: made.path, ...request })).rejects.toMatchObject({ kind: 'conflict', code: 'DataInUse' });
  }
  const said = await rotateCommand({ data: made.path, ...request });
  expect(said).toContain(`Nothing is sealed with ${old.id} any more.`);
  expect(said).toContain(sealKeyPath(made.path));
});

test('a folder without a store is no data folder, and is not made one', async () => {
  await using made = await mkdtempDisposable(join(tmpdir(), 'isthmus-secrets-'));
  const data = join(made.path, 'none');
  await expect(rotateCommand({ data, ...request })).rejects.toMatchObject({ kind: 'missing', code: 'NothingSealed', target: data });
  expect(existsSync(data)).toBe(false);
});
