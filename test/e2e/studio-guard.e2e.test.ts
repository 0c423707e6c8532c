import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ensureStudio } from '#test/servers/built-studio.ts';
import { Chromium, troubles } from '#test/servers/browser.ts';
import { ControlPlane } from './control-plane.ts';
import { descendant, until } from './program.ts';

const version = 'api-version=2025-05-01';
/** What would run, or break out, if any of it were ever taken for markup. */
const hostile = `"><img src=x onerror="window.hacked=1"><script>window.hacked=1</script>{{7*7}}\u202e${'long'.repeat(60)}`;

let plane: ControlPlane;
let chromium: Chromium;
let person: BrowserContext;

beforeAll(async () => {
  ensureStudio();
  plane = await ControlPlane.start();
  chromium = await Chromium.open();
  person = await chromium.person();
  const page = await person.newPage();
  await page.goto(plane.ready['studio']!);
  await page.getByRole('heading', { level: 1, name: 'Home' }).waitFor();
  await page.close();
}, 120_000);
afterAll(async () => {
  await chromium[Symbol.asyncDispose]();
  await plane[Symbol.asyncDispose]();
  plane.forget();
});

async function opened(path: string): Promise<Page> {
  const page = await person.newPage();
  await page.goto(`${plane.arm}/studio${path}`);
  return page;
}

test('a one-time link is good for one browser', async () => {
  const other = await chromium.person();
  const page = await other.newPage();
  await page.goto(plane.ready['studio']!);
  await page.getByRole('alert').waitFor();
  expect(new URL(page.url()).pathname).toBe('/studio/sign-in');
  expect(page.url()).not.toContain('code');
  await page.goto(`${plane.arm}/studio/network`);
  await page.getByRole('heading', { name: 'Isthmus Studio' }).waitFor();
  expect(new URL(page.url()).pathname).toBe('/studio/sign-in');
  await other.close();
});

test('no script can read what signs a person in', async () => {
  const page = await opened('/');
  await page.getByRole('heading', { level: 1, name: 'Home' }).waitFor();
  expect(await page.evaluate('document.cookie')).toBe('');
  expect(await page.evaluate('JSON.stringify([localStorage, sessionStorage])')).not.toMatch(/eyJ|secret|token/i);
  const [cookie] = await person.cookies();
  expect(cookie).toMatchObject({ name: '__Host-isthmus', httpOnly: true, secure: true, sameSite: 'Strict', path: '/' });
  await page.close();
});

test('names, tags and messages are text wherever they are shown, and nothing that is written into a page runs', async () => {
  const group = plane.group('hostile');
  await plane.ask({ method: 'PUT', path: `${group}?${version}`, body: { location: 'westeurope', tags: { note: hostile.slice(0, 250) } } });
  const page = await opened(`/resource${group}`);
  const found = troubles(page);
  await page.getByText('onerror=').first().waitFor();
  expect(await page.evaluate('window.hacked')).toBeUndefined();
  // The policy holds even if something were written into the page.
  await page.evaluate(`document.body.insertAdjacentHTML('beforeend', '<img src=x onerror="window.hacked=2">')`);
  await page.evaluate(`{ const s = document.createElement('script'); s.textContent = 'window.hacked=3'; document.body.append(s); }`);
  expect(await page.evaluate(`fetch('https://example.invalid/').then(() => 'sent', () => 'refused')`)).toBe('refused');
  expect(await page.evaluate('window.hacked')).toBeUndefined();
  expect(found.filter((one) => !/Content Security Policy|example\.invalid/.test(one))).toEqual([]);
  await page.close();
});

/** A page of somebody else, at another port of this host: the same site for a browser, another origin. */
async function foreignPage(html: string): Promise<{ readonly url: string; readonly server: Server }> {
  const server = createServer((_request, response) => response.setHeader('content-type', 'text/html').end(html));
  await new Promise<void>((settle) => server.listen(0, '127.0.0.1', settle));
  return { url: `http://localhost:${(server.address() as AddressInfo).port}/`, server };
}

test('another origin can neither write with the cookie of who is signed in, nor read, nor show the Studio in a frame', async () => {
  const group = `${plane.group('forged')}?${version}`;
  const body = JSON.stringify({ location: 'westeurope' });
  const { url, server } = await foreignPage(`<!doctype html>
    <form method="post" action="${plane.arm}${group}" enctype="text/plain"><input name='${body}'></form>
    <iframe src="${plane.arm}/studio/"></iframe>`);
  const page = await person.newPage();
  const refusals: number[] = [];
  page.on('response', (response) => {
    if (response.url().startsWith(plane.arm)) refusals.push(response.status());
  });
  await page.goto(url);
  const tries = [
    `fetch('${plane.arm}${group}', { method: 'PUT', credentials: 'include', body: '${body}' })`,
    `fetch('${plane.arm}${group}', { method: 'POST', mode: 'no-cors', credentials: 'include', body: '${body}' })`,
    `fetch('${plane.arm}/subscriptions?${version}', { credentials: 'include' }).then((answer) => answer.json())`,
  ];
  for (const one of tries) await page.evaluate(`${one}.then((done) => String(done.status ?? 'read'), () => 'refused')`);
  expect(await page.evaluate(`${tries[2]!}.then(() => 'read', () => 'refused')`)).toBe('refused');
  expect(await page.frames()[1]!.evaluate('document.querySelector("#studio") === null')).toBe(true);
  await page.evaluate(`document.forms[0].submit()`);
  await until('the form was answered', () => refusals.length >= 3);
  const { status } = await plane.ask({ path: group });
  expect(status).toBe(404);
  await page.close();
  server.close();
});

test('a page says when what it shows may be old, and goes on by itself after a restart', async () => {
  const page = await opened('/resources');
  await page.getByRole('heading', { level: 1 }).waitFor();
  const { pid } = plane.program;
  // The parent would start it again at once.
  process.kill(pid, 'SIGSTOP');
  process.kill(descendant(pid, 'isthmus control')!, 'SIGKILL');
  await page.getByText('Isthmus does not answer.').waitFor();
  process.kill(pid, 'SIGCONT');
  await page.getByText('Isthmus does not answer.').waitFor({ state: 'detached' });
  await until('control answers', async () => (await plane.ask({ path: `/subscriptions?${version}` })).status === 200);
  await plane.ask({ method: 'PUT', path: `${plane.group('after')}?${version}`, body: { location: 'westeurope' } });
  await page.getByRole('row', { name: /^after / }).waitFor();
  expect(await page.getByText('Isthmus does not answer.').count()).toBe(0);
  await page.close();
});

test('a session that has ended is said, and signing in again leads back', async () => {
  const page = await opened('/resources');
  await page.getByRole('heading', { level: 1 }).waitFor();
  const kept = await person.cookies();
  await person.clearCookies();
  await page.getByRole('combobox', { name: 'Search resources' }).fill('anything');
  await page.getByText('Your session has ended.').waitFor();
  await page.getByRole('button', { name: 'Sign in again' }).click();
  await page.getByLabel('Client id').fill(plane.administrator.clientId);
  await page.getByLabel('Client secret').fill(plane.administrator.clientSecret);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await page.waitForURL('**/studio/resources');
  expect(await page.getByText('Your session has ended.').count()).toBe(0);
  await person.addCookies(kept);
  await page.close();
});
