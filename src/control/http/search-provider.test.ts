import { expect, test } from 'vitest';
import type { PutRequest } from '#arm/store.ts';
import { armScene, group, subscription, type ArmScene } from './arm-scene.contract.ts';

const search = '/providers/Isthmus.Search/resources';
const net = (name: string): string => `${group}/providers/Example.Net/networks/${name}`;

async function names(scene: ArmScene, path: string, token = 'owner'): Promise<string[]> {
  const { status, body } = await scene.send('GET', path, undefined, { authorization: `Bearer ${token}`, 'x-bare': 'yes' });
  expect(status).toBe(200);
  expect(body.count).toBeGreaterThanOrEqual(body.value.length);
  return (body.value as { name: string }[]).map(({ name }) => name);
}

async function filled(): Promise<ArmScene> {
  const scene = await armScene();
  await scene.send('PUT', net('Beta'), { location: 'x', tags: { team: 'Blue' }, properties: { space: 'a' } });
  await scene.send('PUT', net('alpha'), {
    location: 'x',
    properties: { space: 'b', subnets: [{ name: 'inner', properties: { range: 'r' } }] },
  });
  await scene.send('PUT', `${group}/providers/Example.Own/locks/lock`, { properties: { level: 'high' } });
  return scene;
}

test('resources of all types are found as their own reads show them, children too, by name', async () => {
  await using scene = await filled();
  expect(await names(scene, search)).toEqual([subscription.slice(15), 'alpha', 'Beta', 'inner', 'lock', 'Shop']);
  const { body } = await scene.send('GET', `${group}${search}?type=*/networks,Example.Net/networks/SUBNETS`);
  const own = await Promise.all([net('alpha'), net('Beta'), `${net('alpha')}/subnets/inner`].map((id) => scene.send('GET', id)));
  expect(body).toEqual({ value: own.map((one) => one.body), count: 3 });
  expect(await names(scene, `${search}?text=BLUE`)).toEqual(['Beta']);
  expect(await names(scene, `${search}?text=${encodeURIComponent('example.net alpha')}`)).toEqual(['alpha']);
  expect(await names(scene, `${net('ALPHA')}${search}?type=*/subnets`)).toEqual(['inner']);
  expect(await names(scene, `${group}-2${search}`)).toEqual([]);
});

test('only what may be read is found and counted', async () => {
  await using scene = await filled();
  expect(await names(scene, search, 'reader')).toHaveLength(6);
  expect(await names(scene, search, 'partly')).toEqual(['alpha', 'Beta', 'inner']);
  expect(await names(scene, `${search}?text=lock`, 'partly')).toEqual([]);
  expect(await names(scene, search, 'nobody')).toEqual([]);
  const { body } = await scene.send('GET', `${search}?$top=1`, undefined, { authorization: 'Bearer partly' });
  expect([body.count, body.countIsAtLeast, body.value.length]).toEqual([3, undefined, 1]);
});

test('pages follow one another while others write', async () => {
  await using scene = await filled();
  const seen: string[] = [];
  const counts: number[] = [];
  for (let path = `${group}${search}?$top=2&text=o`; ;) {
    const { body } = await scene.send('GET', path, undefined, { 'x-bare': 'yes' });
    seen.push(...(body.value as { name: string }[]).map(({ name }) => name));
    counts.push(body.count as number);
    if (body.nextLink === undefined) break;
    expect(body.nextLink).toMatch(new RegExp(`^http://arm.test:4433${group}${search}\\?\\$top=2&text=o&\\$skiptoken=`));
    path = (body.nextLink as string).slice('http://arm.test:4433'.length);
    if (seen.length === 2) {
      await scene.send('PUT', net('aaa'), { location: 'x', properties: { space: 'a' } });
      await scene.store.write((transaction) => transaction.remove(net('Beta')));
    }
  }
  expect(seen).toEqual(['alpha', 'Beta', 'inner', 'lock', 'Shop']);
  expect(counts).toEqual([5, 5, 5]);
});

test('what cannot be searched for is refused', async () => {
  await using scene = await armScene();
  const refusal = async (query: string): Promise<string> => (await scene.send('GET', `${search}?${query}`)).body.error.code;
  expect(await refusal('type=Example.Net/nothing')).toBe('InvalidResourceType');
  expect(await refusal('type=*/works')).toBe('InvalidResourceType');
  expect(await refusal(`text=${'x'.repeat(201)}`)).toBe('InvalidQuery');
  expect(await refusal('$top=none')).toBe('InvalidTop');
  expect(await refusal('$skiptoken=!')).toBe('InvalidSkipToken');
  expect((await scene.send('POST', search)).status).toBe(405);
});

test('10,000 resources are searched in a few milliseconds, and who may read few of them is told a least count', async () => {
  await using scene = await armScene();
  const asked = { location: undefined, envelope: {}, properties: { level: 'x' }, references: [], principal: 'p', ready: true };
  const lock = (n: number): PutRequest => {
    const id = `${group}/providers/Example.Own/locks/lock-${n}`;
    return { ...asked, id, type: 'Example.Own/locks', tags: { number: `no-${n}` } };
  };
  await scene.store.write(async (transaction) => {
    for (let n = 0; n < 10_000; n += 1) await transaction.put(lock(n));
  });
  const times: number[] = [];
  for (let n = 0; n < 20; n += 1) {
    const beganMs = performance.now();
    const { body } = await scene.send('GET', `${group}${search}?text=lock-99&$top=50`);
    times.push(performance.now() - beganMs);
    expect([body.count, body.value.length]).toEqual([111, 50]);
  }
  // On an idle machine it takes 4 ms: generous, for others may run beside.
  expect(Math.min(...times)).toBeLessThan(50);
  const { body } = await scene.send('GET', `${search}?$top=50`, undefined, { authorization: 'Bearer partly' });
  expect(body).toEqual({ value: [], nextLink: expect.stringContaining('skiptoken'), count: 0, countIsAtLeast: true });
  // Where the page ended is something that the asker may not read: its name is nobody's.
  const token = new URL(body.nextLink as string).searchParams.get('$skiptoken')!;
  for (const text of [token, Buffer.from(token, 'base64url').toString()]) expect(text).not.toMatch(/lock|Shop|subscriptions/i);
  const forged = Buffer.from(`${group}/providers/Example.Own/locks/lock-5`).toString('base64url');
  expect((await scene.send('GET', `${search}?$skiptoken=${forged}`)).body.error.code).toBe('InvalidSkipToken');
});
