import { expect, test } from 'vitest';
import { keyOf, parseResourceId } from './resource-id.ts';
import type { PutRequest, ResourceStore, SearchQuery } from './store.ts';
import type { StorePlace } from './store.contract.ts';

const sub = '/subscriptions/00000000-0000-0000-0000-00000000000A';
const shop = `${sub}/resourceGroups/Shop`;
const net = (name: string, group = shop): string => `${group}/providers/Isthmus.Test/networks/${name}`;

async function put(store: ResourceStore, id: string, more: Partial<PutRequest> = {}): Promise<void> {
  const { type } = parseResourceId(id);
  const asked = { location: undefined, tags: {}, envelope: {}, properties: {}, references: [], principal: 'someone', ready: true };
  await store.write((transaction) => transaction.put({ id, type, ...asked, ...more }));
}

async function found(store: ResourceStore, query: Partial<SearchQuery>): Promise<string[]> {
  const all = await store.search({ within: '', limit: 1_000, ...query });
  const counts = await store.countFound({ within: '', ...query });
  const byType = new Map<string, number>();
  for (const { type } of all) byType.set(type.toLowerCase(), (byType.get(type.toLowerCase()) ?? 0) + 1);
  expect(counts).toEqual(byType);
  return all.map(({ id }) => id);
}

/** What searching finds, in which order. */
export function testSearching(place: () => Promise<StorePlace>): void {
  test('by words in names, types and values of tags, in any casing', async () => {
    await using home = await place();
    await using store = await home.open();
    await put(store, shop);
    await put(store, net('Orders'), { tags: { team: 'Ärzte Nord', Orders2: 'x' } });
    await put(store, net('payments'));
    await put(store, `${net('payments')}/addresses/Orders-1`);
    expect(await found(store, { text: 'ORD' })).toEqual([net('Orders'), `${net('payments')}/addresses/Orders-1`]);
    expect(await found(store, { text: 'networks/add' })).toEqual([`${net('payments')}/addresses/Orders-1`]);
    expect(await found(store, { text: ' orders   ÄRZTE nord ' })).toEqual([net('Orders')]);
    expect(await found(store, { text: 'orders2' })).toEqual([]);
    expect(await found(store, { text: 'orders payments' })).toEqual([]);
    expect(await found(store, { text: `'%"_\\` })).toEqual([]);
    await put(store, net('Orders'), { tags: { team: 'South' } });
    expect([await found(store, { text: 'ärzte' }), await found(store, { text: 'south' })]).toEqual([[], [net('Orders')]]);
    await store.write((transaction) => transaction.remove(net('Orders')));
    expect(await found(store, { text: 'south' })).toEqual([]);
  });

  test('of some types, in a place', async () => {
    await using home = await place();
    await using store = await home.open();
    const other = `${sub}/resourceGroups/Shop-2`;
    for (const id of [sub, shop, other, net('a'), `${net('a')}/addresses/b`, net('c', other)]) await put(store, id);
    expect(await found(store, { within: shop.toUpperCase() })).toEqual([net('a'), `${net('a')}/addresses/b`, shop]);
    expect(await found(store, { within: net('a'), types: ['ISTHMUS.test/networks/addresses'] })).toEqual([`${net('a')}/addresses/b`]);
    expect(await found(store, { types: ['Isthmus.Test/networks', 'Isthmus.Test/none'] })).toEqual([net('a'), net('c', other)]);
    expect(await found(store, { types: [] })).toEqual([]);
    expect(await found(store, { text: 'shop', within: `${shop}/` })).toEqual([shop]);
  });

  test('by name, then by key, a page at a time while others write', async () => {
    await using home = await place();
    await using store = await home.open();
    const other = `${sub}/resourceGroups/aaa`;
    const names = ['b', 'A', 'Z', 'a-1', 'é', 'B-1', '𝒳'];
    const ids = [...names.map((name) => net(name)), net('a', other)];
    for (const id of ids) await put(store, id);
    const inOrder = [net('A'), net('a', other), net('a-1'), net('b'), net('B-1'), net('Z'), net('é'), net('𝒳')].toSorted((a, b) => {
      const [nameA, nameB] = [keyOf(parseResourceId(a).name), keyOf(parseResourceId(b).name)];
      return Buffer.compare(Buffer.from(nameA), Buffer.from(nameB)) || Buffer.compare(Buffer.from(keyOf(a)), Buffer.from(keyOf(b)));
    });
    expect(await found(store, { text: 'networks' })).toEqual(inOrder);
    const pages: string[] = [];
    for (let after: string | undefined; ;) {
      const page = await store.search({ within: '', text: 'networks', limit: 3, ...(after === undefined ? {} : { after }) });
      pages.push(...page.map(({ id }) => id));
      if (page.length < 3) break;
      after = page.at(-1)!.id.toUpperCase();
      // Neither the end of a page that goes nor what comes in before it moves what follows.
      await store.write((transaction) => transaction.remove(after!));
      await put(store, net(`0-${pages.length}`));
    }
    expect(pages).toEqual(inOrder);
  });
}
