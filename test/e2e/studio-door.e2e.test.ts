import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ControlPlane, type Answer } from './control-plane.ts';
import { isthmus } from './program.ts';

const page = { 'sec-fetch-site': 'same-origin', 'x-isthmus-studio': '1' };

function signIn(plane: ControlPlane, link: string): Promise<Answer> {
  return plane.send({ method: 'POST', path: '/studio/session', body: { code: link.split('#code=')[1] }, headers: page });
}

function everyFile(folder: string): readonly Buffer[] {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => readFileSync(join(entry.parentPath, entry.name)));
}

test('links sign in, once, and neither they nor sessions are in any file; a session outlives kill -9', { timeout: 120_000 }, async () => {
  const first = await ControlPlane.start();
  const { folder } = first;
  let cookie = '';
  const texts: string[] = [];
  try {
    const link = String(first.ready['studio']);
    expect(link).toMatch(new RegExp(`^${first.arm}/studio/sign-in#code=[\\w-]{43}$`));
    await expect.poll(() => first.program.err).toContain(`studio: ${link}`);
    const answer = await signIn(first, link);
    expect([answer.status, answer.json.principal.name, answer.json.installation.subscription]).toEqual([
      200,
      'administrator',
      first.subscription,
    ]);
    cookie = String(answer.headers['set-cookie']).split(';')[0] ?? '';
    expect((await signIn(first, link)).status).toBe(403);
    const again = await isthmus(['studio', '--data', folder]);
    expect(again).toMatchObject({ code: 0, err: '' });
    expect((await signIn(first, again.out.trim())).status).toBe(200);
    texts.push(link.split('#code=')[1]!, again.out.trim().split('#code=')[1]!, cookie.split('=')[1]!);
  } finally {
    await first[Symbol.asyncDispose]();
  }
  await using second = await ControlPlane.start(folder);
  const path = '/subscriptions?api-version=2022-12-01';
  const asked = await second.send({ path, headers: { ...page, cookie } });
  expect([asked.status, asked.json.value.length]).toEqual([200, 1]);
  expect((await second.send({ path, headers: { cookie } })).status).toBe(401);
  const files = everyFile(folder);
  expect(files.some((file) => file.includes('/studio/session'))).toBe(true);
  for (const text of texts) expect(files.some((file) => file.includes(text))).toBe(false);
  second.forget();
});
