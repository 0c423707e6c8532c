import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ControlPlane } from './control-plane.ts';
import { isthmus, type Ran } from './program.ts';

let plane: ControlPlane;
let folder: string;
beforeAll(async () => {
  plane = await ControlPlane.start();
  folder = mkdtempSync(join(tmpdir(), 'isthmus-commands-'));
});
afterAll(async () => {
  await plane[Symbol.asyncDispose]();
  plane.forget();
  rmSync(folder, { recursive: true, force: true });
});

function run(...args: readonly string[]): Promise<Ran> {
  return isthmus(args, '', { ISTHMUS_DATA: plane.folder, ISTHMUS_HOME: join(folder, 'home') });
}

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

const wanted = (size: number): string => `type: Microsoft.Resources/resourceGroups
name: shop
location: westeurope
---
type: Microsoft.Network/virtualNetworks
resourceGroup: shop
name: inner
location: westeurope
properties:
  addressSpace: { addressPrefixes: [10.0.0.0/${size}] }
`;

test('resources are asked for by files: shown before, made once, changed, taken away', { timeout: 120_000 }, async () => {
  const path = file('shop.yaml', wanted(16));
  const first = await run('apply', '-f', path, '--yes');
  expect(first).toMatchObject({ code: 0 });
  expect(first.out + first.err).toMatch(/\+ create .*virtualNetworks\/inner/);
  const again = await run('apply', '-f', path, '--yes');
  expect(again.code).toBe(0);
  expect(again.out + again.err).toContain('Nothing changes.');
  file('shop.yaml', wanted(12));
  const diff = await run('diff', '-f', path);
  expect(diff.out).toMatch(/~ .*virtualNetworks\/inner/);
  expect(diff.out).toContain('10.0.0.0/12');
  expect((await run('apply', '-f', path, '--yes')).code).toBe(0);
  const shown = await run('get', 'virtualNetworks', 'inner', '-g', 'shop', '-o', 'json');
  expect(JSON.parse(shown.out)).toMatchObject({
    properties: { addressSpace: { addressPrefixes: ['10.0.0.0/12'] }, provisioningState: 'Succeeded' },
  });
  expect((await run('delete', '-f', path, '--yes')).code).toBe(0);
  expect(JSON.parse((await run('get', 'groups', '-o', 'json')).out)).toEqual([]);
});

test('a service principal may do what its role says, and the refusal says what is missing', { timeout: 120_000 }, async () => {
  const made = await run('credential', 'create', 'reader', '--role', 'Reader', '-o', 'json');
  expect(made).toMatchObject({ code: 0 });
  const { clientId, clientSecret } = JSON.parse(made.out) as { clientId: string; clientSecret: string };
  const secretFile = file('secret', clientSecret);
  const as = (...args: readonly string[]): Promise<Ran> => isthmus(args, '', { ISTHMUS_HOME: join(folder, 'reader') });
  const login = await as(
    'login',
    '--client-id',
    clientId,
    '--tenant',
    plane.tenant,
    '--secret-file',
    secretFile,
    '--endpoint',
    plane.arm,
    '--ca',
    plane.ca,
  );
  expect(login).toMatchObject({ code: 0 });
  expect((await as('get', 'groups', '-o', 'json')).code).toBe(0);
  const refused = await as('apply', '-f', file('refused.yaml', wanted(16)), '--yes');
  expect(refused.code).toBe(3);
  expect(refused.err).toContain('AuthorizationFailed');
  expect(refused.err).toContain('Microsoft.Resources/subscriptions/resourceGroups/write');
  expect(refused.err).toContain('remedy: ');
  expect((await run('credential', 'delete', 'reader')).code).toBe(0);
  expect((await as('get', 'groups')).code).toBe(3);
});

test('the audit log has it all, and a record that was changed is found', { timeout: 60_000 }, async () => {
  const records = JSON.parse((await run('audit', '-o', 'json')).out) as { action: string; outcome: string; scope: string }[];
  expect(records).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ action: 'Microsoft.Network/virtualNetworks/write', outcome: 'succeeded' }),
      expect.objectContaining({
        action: 'Microsoft.Resources/subscriptions/resourceGroups/write',
        outcome: 'refused',
        code: 'AuthorizationFailed',
      }),
    ]),
  );
  expect(await run('audit', '--verify')).toMatchObject({ code: 0 });
  using database = new DatabaseSync(join(plane.folder, 'control/resources.db'));
  const triggers = database.prepare(`SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name LIKE 'audit%'`).all() as {
    name: string;
  }[];
  for (const { name } of triggers) database.exec(`DROP TRIGGER "${name}"`);
  database.exec(`UPDATE audit SET entry = replace(entry, 'refused', 'succeeded') WHERE entry LIKE '%refused%'`);
  const broken = await run('audit', '--verify');
  expect(broken.code).toBe(8);
  expect(broken.err).toContain('error AuditBroken');
});
