import { afterAll, beforeAll, expect, test } from 'vitest';
import type { PgConnection } from '#replication/sources/postgres/connection.ts';
import { Chromium } from '#test/servers/browser.ts';
import { ensureStudio } from '#test/servers/built-studio.ts';
import { startPostgres, type TestPostgres } from '../servers/postgres.ts';
import { connectTo } from './bank.ts';
import { ControlPlane } from './control-plane.ts';
import { Person } from './studio-person.ts';

let database: TestPostgres;
let source: PgConnection;
let plane: ControlPlane;
let chromium: Chromium;
beforeAll(async () => {
  ensureStudio();
  [database, plane, chromium] = await Promise.all([startPostgres(), ControlPlane.start(), Chromium.open()]);
  source = await connectTo(database.url());
  await source.query(`
    CREATE TABLE public.customers (id bigint PRIMARY KEY, name text NOT NULL, credit numeric(12,2));
    CREATE TABLE public.orders (id bigint PRIMARY KEY, customer bigint NOT NULL, total numeric(12,2) NOT NULL);
    INSERT INTO public.customers SELECT g, 'customer ' || g, g * 1.25 FROM generate_series(1, 2000) g;
    INSERT INTO public.orders SELECT g, 1 + g % 2000, g * 0.99 FROM generate_series(1, 5000) g`);
}, 120_000);
afterAll(async () => {
  await chromium[Symbol.asyncDispose]();
  await source.close();
  await plane[Symbol.asyncDispose]();
  plane.forget();
  await database[Symbol.asyncDispose]();
});

const host = 'db.shop.example';

/** A credential, made and given a role by clicks; its secret is shown this once. */
async function newPerson(admin: Person, { name, role, scope }: { name: string; role: string; scope: string }): Promise<Person> {
  const { page } = admin;
  await admin.open('/manage/credentials');
  await admin.click('New credential');
  const dialog = page.getByRole('dialog');
  await admin.fill('Name', name, dialog);
  await admin.click('Create credential', dialog);
  const told = page.getByRole('alertdialog').locator('code');
  await told.nth(2).waitFor();
  const [clientId, clientSecret] = await told.allInnerTexts();
  await admin.click('I have copied it');
  await admin.open(`/manage/roles?scope=${encodeURIComponent(scope)}`);
  await admin.click('Assign role');
  await admin.field('Role').selectOption({ label: role });
  await page.getByRole('combobox', { name: 'Who' }).fill(name);
  await admin.click('Assign', page.getByRole('dialog'));
  await page.getByRole('row', { name: new RegExp(`${name}.*${role}`) }).waitFor();
  return await Person.signIn(chromium, plane, { clientId: clientId!, clientSecret: clientSecret! });
}

/** Chooses by a part of what is written. */
async function choose(person: Person, label: string, text: string): Promise<void> {
  const select = person.field(label);
  const option = select.locator('option', { hasText: text }).first();
  await option.waitFor({ state: 'attached' });
  await select.selectOption((await option.getAttribute('value'))!);
}

/** Says yes or no to the connection that is listed first, with a reason. */
async function decide(owner: Person, verb: 'Approve' | 'Reject' | 'Revoke', reason: string): Promise<void> {
  const dialog = owner.page.getByRole('dialog');
  await owner.click(verb);
  await owner.fill('Reason', reason, dialog);
  await owner.click(verb, dialog);
  await dialog.waitFor({ state: 'detached' });
}

/** By the link that appears once something is made; a refusal in its place is told. */
async function goOn({ page }: Person, next: string): Promise<void> {
  const link = page.getByRole('link', { name: next });
  const refusal = page.locator('main').getByRole('alert');
  await link.or(refusal).first().waitFor();
  if (!(await link.isVisible())) expect(await refusal.allInnerTexts()).toEqual([]);
  await link.click();
  // A note of what the page says itself would lie over the link.
  expect(await page.locator('.fui-Toast').count()).toBe(0);
}

/** The tutorial's network, from nothing. */
async function layNetwork(admin: Person): Promise<void> {
  const { page } = admin;
  await admin.open('/network/create/network');
  await page.getByRole('combobox', { name: 'Resource group' }).fill('tutorial');
  await admin.fill('Name', 'my net');
  await page
    .getByText(/letters, digits/i)
    .first()
    .waitFor();
  await admin.fill('Name', 'myVNet');
  await admin.fill('Region', 'eastus');
  await admin.picture('network-create');
  await admin.click('Create network');
  await goOn(admin, 'Next: load balancer');
  await admin.sees('Load balancer');
  await admin.fill('Name', 'myLoadBalancer');
  await choose(admin, 'Subnet of the frontend', 'fe-subnet');
  await admin.click('Create load balancer');
  await goOn(admin, 'Next: private link service');
  await admin.sees('Private link service');
  await admin.fill('Name', 'myPrivateLinkService');
  await choose(admin, 'Load balancer frontend', 'myLoadBalancer');
  await choose(admin, 'Source NAT subnet', 'pls-subnet');
  await admin.click('Create private link service');
  await goOn(admin, 'Next: forwarder');
  await admin.sees('Forwarder');
  for (const name of ['myVM1', 'myVM2']) {
    await admin.fill('Name', name);
    await choose(admin, 'Subnet', 'be-subnet');
    await choose(admin, 'Backend pool', 'myBackendPool');
    await admin.fill('Database host', 'localhost');
    await admin.fill('Database port', String(database.port));
    await admin.click('Create forwarder');
    await page.getByRole('link', { name, exact: true }).waitFor();
  }
}

test('document 1 by clicks: from an empty installation to a connection that is tested hop by hop', { timeout: 400_000 }, async () => {
  await using admin = await Person.signIn(chromium, plane);
  const { page } = admin;
  await admin.picture('home-empty');
  await layNetwork(admin);

  await admin.open('/manage/workspaces');
  await admin.click('New data factory');
  const dialog = page.getByRole('dialog');
  await page.getByRole('combobox', { name: 'Resource group' }).fill('tutorial');
  await admin.fill('Name', 'tutorial-factory', dialog);
  await admin.fill('Region', 'eastus', dialog);
  await dialog.getByRole('checkbox', { name: /^Nothing leaves the network/ }).check();
  await admin.click('Create data factory', dialog);
  await admin.sees('tutorial-factory');

  const service = `${plane.group('tutorial')}/providers/Microsoft.Network/privateLinkServices/myPrivateLinkService`;
  await admin.open('/manage/linked-services/new');
  await admin.fill('Name', 'sqlmi');
  await admin.fill('Server', 'sqlmi.tutorial.example');
  await admin.fill('Port', '1433');
  await admin.fill('Database', 'postgres');
  await admin.fill('User', database.user);
  await admin.field('Encryption').selectOption('0');
  await admin.fill('Password', database.password);
  await admin.click('New managed private endpoint');
  await admin.fill('Endpoint name', 'toSqlMi');
  await page.getByRole('combobox', { name: 'Target' }).fill(service);
  await page.keyboard.press('Tab');
  await admin.click('Create endpoint');
  await page.getByText('Through the managed private endpoint toSqlMi').waitFor();
  await admin.click('Test connection');
  await admin.click('Enable interactive authoring and test');
  await page.getByText('EndpointPending').first().waitFor();
  await admin.picture('manage-test-pending');
  await admin.click('Create');
  await admin.sees('sqlmi');

  await using owner = await newPerson(admin, { name: 'service-owner', role: 'Private Endpoint Approver', scope: service });
  await owner.hub('Approvals');
  await decide(owner, 'Approve', 'For the nightly report.');
  await admin.open('/manage/linked-services/sqlmi');
  await page.getByText('Approved', { exact: true }).first().waitFor();
  await admin.click('Test connection');
  await page.getByRole('row', { name: /rights/ }).waitFor();
  await admin.picture('manage-test-good');
  await admin.hub('Network', 'Topology');
  await page.getByText('myVM2').first().waitFor();
  await admin.picture('network');
  await owner.page.getByRole('tab', { name: /Approved/ }).click();
  await decide(owner, 'Revoke', 'The report is done.');
  await admin.open('/manage/linked-services/sqlmi');
  await admin.click('Test connection');
  await page
    .getByText(/Endpoint(?:Rejected|Disconnected)/)
    .first()
    .waitFor();
  expect([...admin.troubles, ...owner.troubles]).toEqual([]);
});

test(
  'document 2 by clicks: from an empty installation to fresh rows, an approval by the owner, and a revoke',
  { timeout: 400_000 },
  async () => {
    await using admin = await Person.signIn(chromium, plane, plane.administrator);
    const { page } = admin;
    await admin.hub('Manage');
    await page.getByRole('navigation', { name: 'Manage' }).getByRole('link', { name: 'Workspaces' }).click();
    await admin.click('New workspace');
    const dialog = page.getByRole('dialog');
    await page.getByRole('combobox', { name: 'Resource group' }).fill('shop');
    await admin.fill('Name', 'studio-space', dialog);
    await admin.fill('Region', 'westeurope', dialog);
    for (const choice of [/^Managed virtual network/, /^Data exfiltration protection/, /^Trusted services/])
      await dialog.getByRole('checkbox', { name: choice }).check();
    await admin.picture('manage-new-workspace');
    await admin.click('Create workspace', dialog);
    await admin.sees('studio-space');

    const server = `${plane.group('shop')}/providers/Microsoft.DBforPostgreSQL/flexibleServers/shop-server`;
    await admin.open('/create/Microsoft.DBforPostgreSQL/flexibleServers');
    await page.getByRole('combobox', { name: 'Resource group' }).fill(plane.group('shop'));
    await admin.fill('Name', 'shop-server');
    await admin.fill('Location', 'westeurope');
    await admin.click('Add to tags');
    await admin.fill('Tags: name 1', 'hidden-backend');
    await admin.fill('Tags: value 1', `localhost:${database.port}`);
    await admin.click(/^Create/);
    await admin.sees('shop-server');

    await admin.open('/manage/pools');
    await admin.click('New SQL pool');
    await admin.fill('Name', 'dw', dialog);
    await admin.click('Create SQL pool', dialog);
    await page.getByRole('row', { name: /dw.*Online/ }).waitFor();

    await using owner = await newPerson(admin, { name: 'owner', role: 'Private Endpoint Approver', scope: server });

    await admin.hub('Integrate');
    await admin.click('Link connection');
    await admin.click('New linked service');
    await admin.fill('Name', 'shop-db');
    await admin.fill('Server', host);
    await admin.fill('Database', 'postgres');
    await admin.fill('User', database.user);
    await admin.fill('Password', database.password);
    await admin.field('Encryption').selectOption('0');
    await admin.click('New managed private endpoint');
    await admin.fill('Endpoint name', 'to-shop');
    await page.getByRole('combobox', { name: 'Target' }).fill(server);
    await page.keyboard.press('Tab');
    await admin.click('Create endpoint');
    await page.getByText('Through the managed private endpoint to-shop').waitFor();
    await admin.click('Test connection');
    await admin.click('Enable interactive authoring and test');
    await page.getByText('EndpointPending').first().waitFor();
    await admin.picture('integrate-test-pending');

    await owner.hub('Approvals');
    await owner.picture('approvals');
    await decide(owner, 'Approve', 'The analysts may read the shop.');

    await page.getByText('Approved', { exact: true }).first().waitFor();
    await admin.click('Test connection');
    await page.getByRole('row', { name: /rights/ }).waitFor();
    await admin.picture('integrate-test-good');
    await admin.click('Create linked service');
    await admin.click('Next: Tables');
    await page.getByRole('row', { name: /public\.orders/ }).waitFor();
    await page.getByRole('checkbox', { name: 'Select all' }).check();
    await page.getByText('2 of 2 selected').waitFor();
    await admin.picture('integrate-tables');
    await admin.click('Next: Target');
    await admin.field('SQL pool').selectOption('dw');
    await admin.click('Next: Mode');
    await admin.click('Next: Review');
    await admin.fill('Link connection name', 'shop-link');
    await page.getByText('It can start.').waitFor();
    await admin.picture('integrate-review');
    await admin.click('Create and start');

    await admin.sees('shop-link');
    await page.getByText('Running', { exact: true }).first().waitFor();
    await page.getByText('2 Replicating').waitFor();
    await admin.picture('monitor-link');
    await page.getByRole('tab', { name: 'Tables' }).click();
    await page.getByRole('row', { name: /orders.*Replicating/ }).waitFor();
    await page.getByRole('row', { name: /customers.*Replicating/ }).waitFor();
    await admin.picture('monitor-link');

    await admin.hub('Data');
    await page.getByRole('button', { name: /public\.orders/ }).click();
    await page.getByText('public.orders: about 5,000 rows').waitFor();
    await source.query(`INSERT INTO public.orders VALUES (9001, 1, 12.34)`);
    await page.getByText('public.orders: about 5,001 rows').waitFor();
    await page.getByRole('textbox', { name: 'SQL' }).fill('SELECT id, total FROM public.orders WHERE id > 9000');
    await admin.click('Run');
    await page.getByRole('row', { name: /9001\s*12\.34/ }).waitFor();
    await admin.picture('data');
    await page.getByRole('textbox', { name: 'SQL' }).fill('SELECT sum(a.range + b.range) FROM range(10000000) a, range(10000000) b');
    await admin.click('Run');
    await admin.click('Cancel');
    await page.getByText('QueryCanceled').waitFor();

    await admin.open('/monitor');
    await page.getByRole('row', { name: /shop-link.*Running/ }).waitFor();
    await owner.page.getByRole('tab', { name: /Approved/ }).click();
    await decide(owner, 'Revoke', 'The audit is over.');
    const from = performance.now();
    await page.getByRole('row', { name: /shop-link.*Endpoint(?:Rejected|Disconnected)/ }).waitFor();
    process.stdout.write(`the revoke was seen in Monitor after ${Math.round(performance.now() - from)} ms\n`);
    await admin.picture('monitor-revoked');
    expect([...admin.troubles, ...owner.troubles]).toEqual([]);
  },
);

const pages = [
  '/',
  '/data',
  '/integrate',
  '/integrate/new',
  '/monitor',
  '/monitor/link/shop-link',
  '/monitor/alerts',
  '/manage',
  '/manage/workspaces',
  '/manage/linked-services/shop-db',
  '/manage/egress',
  '/manage/roles',
  '/manage/audit',
  '/network',
  '/network/explain',
  '/network/create/balancer',
  '/approvals',
  '/resources',
  '/create',
];

test.each(['light', 'dark', 'high-contrast'] as const)(
  'axe-core finds nothing serious on any hub, in %s',
  { timeout: 300_000 },
  async (theme) => {
    await using person = await Person.signIn(chromium, plane, plane.administrator);
    await person.page.evaluate(`localStorage.setItem('isthmus.studio', JSON.stringify({ theme: '${theme}' }))`);
    const found: string[] = [];
    for (const path of pages) {
      await person.open(path);
      await person.settled();
      await person.picture(`${theme}${path.replaceAll('/', '-')}`);
      found.push(...(await person.hindrances()).map((one) => `${path}: ${one}`));
    }
    expect(found).toEqual([]);
    expect(person.troubles).toEqual([]);
  },
);
