import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { testStore } from '#arm/store.contract.ts';
import { openSqliteStore } from './sqlite-store.ts';

testStore('SQLite store', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'isthmus-store-'));
  const path = join(folder, 'store.db');
  return {
    open: (nowMs = Date.now) => openSqliteStore({ path, nowMs }),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true }),
  };
});
