import { existsSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { JsonObject } from '#arm/resource.ts';
import { refusal, testClient, testSubscription, testTenant } from '#test/servers/arm-server.ts';
import { startCommandLine, type CommandLine } from '#test/servers/command-line.ts';
import { addIdentity } from './add-identity.ts';
import { isoDuration } from './credential.ts';

let line: CommandLine;
beforeEach(async () => {
  line = await startCommandLine(addIdentity);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await line[Symbol.asyncDispose]();
});

function home(file: string): string {
  return join(line.folder, 'home', file);
}

/** Sign-ins count where no data folder is named. */
async function signIn(...more: readonly string[]): Promise<void> {
  vi.stubEnv('ISTHMUS_DATA', '');
  await line.run('login', '--endpoint', line.server.url, '--client-id', testClient.clientId, '--data', 'none', ...more);
}

test('whoever can read the data folder needs no login', async () => {
  expect((await line.run('token')).out).toBe(`${line.server.token()}\n`);
  const account = (await line.run('account', 'show')).out;
  expect(account).toContain(`tenant        ${testTenant}`);
  expect(account).toContain('signedInBy    data folder');
  expect(account).toMatch(new RegExp(`\\n${testSubscription}  first  Enabled\\n$`));
  expect(JSON.parse((await line.run('account', 'show', '-o', 'json')).out)).toMatchObject({
    objectId: 'o',
    subscriptions: [{ displayName: 'first' }],
  });
  await expect(line.run('account', 'show', '--data', line.folder)).rejects.toMatchObject({ kind: 'unauthenticated', code: 'NotSignedIn' });
  rmSync(join(line.data, 'up.json'));
  await expect(line.run('token')).rejects.toMatchObject({ kind: 'unreachable', code: 'NotRunning' });
  line.file('data/identity/administrator.json', '{"clientId":');
  await expect(line.run('token')).rejects.toMatchObject({ kind: 'corrupt', code: 'AdministratorFileBroken' });
});

test('a link to the Studio is asked for as whoever asks, and printed alone', async () => {
  const made = {
    link: `${line.server.url}/studio/sign-in#code=c`,
    code: 'c',
    expires: '2026-11-29T21:00:00.000Z',
    principal: { id: 'o', name: 'alice' },
  };
  line.server.script = ({ method, path }) => (method === 'POST' && path === '/studio/links' ? { status: 200, body: made } : undefined);
  expect(await line.run('studio')).toEqual({ out: `${made.link}\n`, err: '' });
  expect(JSON.parse((await line.run('studio', '-o', 'json')).out)).toEqual({
    link: made.link,
    expires: made.expires,
    principal: made.principal,
  });
  line.server.script = () => refusal(403, 'SignInRefused', 'No.');
  await expect(line.run('studio')).rejects.toMatchObject({ kind: 'denied', code: 'SignInRefused' });
});

test('a token is kept, for this user only, and renewed when it will not do', async () => {
  const first = (await line.run('token')).out;
  line.server.renewTokens();
  expect((await line.run('token')).out).toBe(first);
  await line.run('account', 'show');
  expect((await line.run('token')).out).toBe(`${line.server.token()}\n`);
  expect((await line.run('token', '--resource', 'https://dev.azuresynapse.net')).out).toBe(`${line.server.token()}\n`);
  expect(statSync(home('tokens.json')).mode & 0o777).toBe(0o600);
  expect(statSync(home('')).mode & 0o777).toBe(0o700);
  expect(Object.keys(JSON.parse(readFileSync(home('tokens.json'), 'utf8')) as object).map((key) => key.split(' ').at(-1))).toEqual([
    `${line.server.url}/.default`,
    'https://dev.azuresynapse.net/.default',
  ]);
});

test('a sign-in is remembered without its secret', async () => {
  const secretFile = line.file('secret.txt', `${testClient.clientSecret}\n`);
  await signIn('--secret-file', secretFile);
  const kept = readdirSync(home('')).map((name) => readFileSync(home(name), 'utf8'));
  expect(kept.join('')).not.toContain(testClient.clientSecret);
  expect(JSON.parse(readFileSync(home('sign-in.json'), 'utf8'))).toEqual({
    endpoint: line.server.url,
    tenant: testTenant,
    clientId: testClient.clientId,
    subscription: testSubscription,
    secretFile,
  });
  line.server.renewTokens();
  expect((await line.run('account', 'show')).out).toContain('signedInBy    login');
  expect((await line.run('logout')).out).toBe(`Signed out of ${line.server.url}.\n`);
  expect([existsSync(home('sign-in.json')), existsSync(home('tokens.json'))]).toEqual([false, false]);
  expect((await line.run('logout')).out).toBe('Nobody was signed in.\n');
});

test('a secret of the environment serves as long as it is there', async () => {
  vi.stubEnv('ISTHMUS_CLIENT_SECRET', testClient.clientSecret);
  await signIn('--tenant', testTenant);
  vi.stubEnv('ISTHMUS_CLIENT_SECRET', '');
  expect((await line.run('token')).out).toBe(`${line.server.token()}\n`);
  line.server.renewTokens();
  await expect(line.run('account', 'show')).rejects.toMatchObject({ kind: 'unauthenticated', code: 'SignInExpired' });
  vi.stubEnv('ISTHMUS_CLIENT_SECRET', testClient.clientSecret);
  await line.run('account', 'show');
});

test('a sign-in that is refused leaves nothing, and no secret is an argument', async () => {
  vi.stubEnv('ISTHMUS_CLIENT_SECRET', 'wrong');
  await expect(signIn()).rejects.toMatchObject({
    kind: 'unauthenticated',
    code: 'SignInRefused',
    message: expect.stringContaining('AADSTS7000215') as string,
  });
  expect(existsSync(home('sign-in.json'))).toBe(false);
  vi.stubEnv('ISTHMUS_CLIENT_SECRET', '');
  await expect(signIn()).rejects.toMatchObject({ code: 'NobodyToAsk' });
  await expect(line.run('login')).rejects.toMatchObject({ code: 'ClientIdMissing' });
  await expect(signIn('--client-secret', 'x')).rejects.toThrow('unknown option');
  await expect(line.run('login', '--client-id', 'x', '--endpoint', 'http://example.com')).rejects.toMatchObject({ code: 'PlainHttp' });
});

test('a credential is made with its role, and its secret shown once', async () => {
  const roles = [{ id: '/r/reader', name: 'guid', properties: { roleName: 'Reader' } }];
  const path = '/providers/Isthmus.Identity/servicePrincipals/ci';
  line.server.script = ({ method, path: at, body }) => {
    if (at.endsWith('/roleDefinitions')) return { status: 200, body: { value: roles } };
    if (at.endsWith('/addPassword'))
      return { status: 200, body: { secretText: 'ist_new', appId: 'app', tenantId: testTenant, endDateTime: '2027', asked: body! } };
    if (method === 'PUT' && at === path)
      return { status: 201, body: { properties: { principalId: 'oid', appId: 'app', provisioningState: 'Succeeded' } } };
    return undefined;
  };
  const made = await line.run('credential', 'create', 'ci', '--role', 'reader', '--lifetime', '90d', '-o', 'json');
  expect(JSON.parse(made.out)).toEqual({ clientId: 'app', clientSecret: 'ist_new', tenant: testTenant, objectId: 'oid', expires: '2027' });
  const asked = line.server.requests.filter(({ method }) => method !== 'GET');
  expect(asked.map(({ method, path: at }) => `${method} ${at.replace(/[\da-f-]{36}$/, '')}`)).toEqual([
    `PUT ${path}`,
    `PUT /subscriptions/${testSubscription}/providers/Microsoft.Authorization/roleAssignments/`,
    `POST ${path}/addPassword`,
  ]);
  expect(asked[1]?.body).toEqual({ properties: { roleDefinitionId: '/r/reader', principalId: 'oid', principalType: 'ServicePrincipal' } });
  expect(asked[2]?.body).toEqual({ lifetime: 'P90D' });
  expect((await line.run('credential', 'create', 'ci')).out).toContain('clientSecret  ist_new\n');
  const before = line.server.requests.length;
  await expect(line.run('credential', 'create', 'x', '--role', 'Chief')).rejects.toMatchObject({
    code: 'NoSuchRole',
    remedy: 'There are: Reader.',
  });
  expect(line.server.requests.slice(before).some(({ method }) => method !== 'GET')).toBe(false);
});

test('a role that is held already is no fault; another refusal is', async () => {
  const path = '/providers/Isthmus.Identity/servicePrincipals/ci';
  line.server.resources.set(path.toLowerCase(), { properties: { principalId: 'oid' } });
  let code = 'RoleAssignmentExists';
  line.server.script = ({ method, path: at }) => {
    if (at.endsWith('/roleDefinitions')) return { status: 200, body: { value: [{ id: '/r/owner', properties: { roleName: 'Owner' } }] } };
    return method === 'PUT' ? refusal(409, code, 'x') : undefined;
  };
  expect((await line.run('credential', 'grant', 'ci', '--role', 'Owner', '--scope', '/')).out).toBe('ci is Owner at /.\n');
  code = 'Conflict';
  await expect(line.run('credential', 'grant', 'ci', '--role', 'Owner', '--scope', '/')).rejects.toMatchObject({ code: 'Conflict' });
});

test('credentials are listed and deleted', async () => {
  const path = '/providers/Isthmus.Identity/servicePrincipals/ci';
  const properties: JsonObject = { appId: 'app', principalId: 'oid', passwordCredentials: [{ endDateTime: '2027-01-02T00:00:00Z' }, {}] };
  line.server.resources.set(path.toLowerCase(), { name: 'ci', properties });
  expect((await line.run('credential', 'list')).out.split('\n')[1]).toMatch(/^ci +app +oid +2027-01-02 for ever$/);
  expect((await line.run('credential', 'delete', 'ci')).out).toContain('ci is gone');
  await expect(line.run('credential', 'delete', 'ci')).rejects.toMatchObject({ kind: 'missing', code: 'NoSuchCredential' });
});

test('lengths of time are those of ISO 8601, or short', () => {
  expect(['90d', '2W', '12h', '30m', 'P1DT2H'].map(isoDuration)).toEqual(['P90D', 'P2W', 'PT12H', 'PT30M', 'P1DT2H']);
  expect(() => isoDuration('soon')).toThrow("'soon' is not a length of time.");
});
