import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fault } from '#base/fault.ts';
import type { Operation } from './operation.ts';
import { keyOf, parseResourceId } from './resource-id.ts';
import type { JsonObject, Resource, Status } from './resource.ts';
import { StoreModel } from './store-model.contract.ts';
import { testSearching } from './store-search.contract.ts';
import type { PutRequest, ResourceChange, ResourceStore, Settlement, StoreTransaction } from './store.ts';

/** Where a store lives that is opened again and again: a file, a database. */
export interface StorePlace extends AsyncDisposable {
  /** Opens it as a new process would, with all that is there. */
  open(nowMs?: () => number): Promise<ResourceStore>;
}

const sub = '/subscriptions/00000000-0000-0000-0000-00000000000A';
const group = `${sub}/resourceGroups/Group`;
const network = `${group}/providers/Isthmus.Test/networks/Net`;
const part = `${network}/addresses/one`;
const user = `${sub}/resourceGroups/group-2/providers/Isthmus.Test/users/U`;

/** What asks for a resource whose type has nothing to do but to be there, with `ready`; else the loop has to. */
function putOf(id: string, more: Partial<PutRequest> = {}): PutRequest {
  const { type } = parseResourceId(id);
  const asked = { location: 'here', tags: { a: 'B' }, envelope: { sku: { name: 'S' } }, properties: { size: 1 } };
  return { id, type, ...asked, references: [], principal: 'someone', ready: false, ...more };
}

function settlement(outcome: Status['outcome'], outputs: JsonObject = {}, more: Partial<Settlement> = {}): Settlement {
  const waitingFor = outcome === 'waiting' ? 'Waiting for rain.' : undefined;
  const trouble = outcome === 'failed' ? { code: 'Dry', message: 'No rain.', target: undefined, remedy: 'Wait.' } : undefined;
  return { status: { outcome, waitingFor, fault: trouble, outputs }, retryAtMs: undefined, ...more };
}

function operationOf(resource: string, more: Partial<Operation> = {}): Operation {
  return {
    id: '0f000000-0000-0000-0000-000000000001',
    resource,
    kind: 'put',
    generation: 1,
    status: 'InProgress',
    error: undefined,
    result: undefined,
    startedAt: '2026-01-01T00:00:00.000Z',
    endedAt: undefined,
    principal: 'someone',
    ...more,
  };
}

const put = (store: ResourceStore, id: string, more?: Partial<PutRequest>): Promise<Resource> =>
  store.write((transaction) => transaction.put(putOf(id, more)));
const settle = (store: ResourceStore, id: string, generation: number, change: Settlement): Promise<void> =>
  store.write((transaction) => transaction.settle(id, generation, change));
const dueIds = async (store: ResourceStore, nowMs: number): Promise<string[]> => (await store.due(nowMs, 1_000)).map(({ id }) => id);
const ids = (resources: readonly Resource[]): string[] => resources.map(({ id }) => id);

/** The suite that every store passes. */
export function testStore(name: string, place: () => Promise<StorePlace>): void {
  describe(`${name}`, () => {
    describe('keeps', () => {
      testKeeping(place);
    });
    describe('finds', () => {
      testFinding(place);
    });
    describe('searches', () => {
      testSearching(place);
    });
    describe('in transactions', () => {
      testTransactions(place);
    });
    describe('for the loop', () => {
      testLoop(place);
    });
    describe('operations', () => {
      testOperations(place);
    });
    testModel(place);
  });
}

function testKeeping(place: () => Promise<StorePlace>): void {
  test('what was asked, in the casing of creation, with a new generation and etag each time', async () => {
    await using home = await place();
    let nowMs = 1_000;
    await using store = await home.open(() => nowMs);
    const first = await put(store, network);
    expect(first).toEqual({
      id: network,
      type: 'Isthmus.Test/networks',
      name: 'Net',
      location: 'here',
      tags: { a: 'B' },
      envelope: { sku: { name: 'S' } },
      properties: { size: 1 },
      generation: 1,
      etag: expect.stringMatching(/^[\w.-]+$/),
      deleting: false,
      status: { settled: 0, outcome: 'new', waitingFor: undefined, fault: undefined, outputs: {} },
      createdAt: '1970-01-01T00:00:01.000Z',
      changedAt: '1970-01-01T00:00:01.000Z',
      createdBy: 'someone',
      changedBy: 'someone',
    });
    nowMs = 2_000;
    const asked = { location: undefined, tags: {}, envelope: {}, properties: { size: 2, deep: { list: [1, 'zwei', null, true] } } };
    const second = await put(store, network.toUpperCase(), { type: 'Isthmus.Test/networks', ...asked, principal: 'other' });
    const now = { changedAt: '1970-01-01T00:00:02.000Z', changedBy: 'other' };
    expect(second).toEqual({ ...first, ...asked, ...now, generation: 2, etag: expect.not.stringMatching(`^${first.etag}$`) });
    expect(await store.get(network.toLowerCase())).toEqual(second);
    expect(await store.get(`${network}2`)).toBeUndefined();
  });

  test('the casing of what a resource lies in', async () => {
    await using home = await place();
    await using store = await home.open();
    await put(store, group);
    expect((await put(store, network.toUpperCase())).id).toBe(`${group}/providers/ISTHMUS.TEST/NETWORKS/NET`);
  });

  test('everything for the next that opens it', async () => {
    await using home = await place();
    const before = await (async () => {
      await using store = await home.open();
      await put(store, network, { references: [user] });
      await settle(store, network, 1, settlement('waiting', { address: '10.0.0.1' }, { retryAtMs: 77 }));
      await store.write((transaction) => transaction.putOperation(operationOf(network, { generation: 2 })));
      await store.write((transaction) => transaction.putSetting('key', { a: [1] }));
      return await store.get(network);
    })();
    await using store = await home.open();
    expect(await store.get(network)).toEqual(before);
    expect(await store.referrers(user)).toEqual([network]);
    expect(await store.nextDueMs(0)).toBe(77);
    expect(await store.operation(operationOf(network).id.toUpperCase())).toEqual(operationOf(network, { generation: 2 }));
    expect(await store.setting('key')).toEqual({ a: [1] });
    expect((await put(store, network)).etag).not.toBe(before?.etag);
  });

  test('settings by name', async () => {
    await using home = await place();
    await using store = await home.open();
    await store.write(async (transaction) => {
      await transaction.putSetting('a', { n: 1 });
      await transaction.putSetting('b', { n: 2 });
      expect(await transaction.setting('a')).toEqual({ n: 1 });
      await transaction.putSetting('a', undefined);
    });
    expect([await store.setting('a'), await store.setting('b')]).toEqual([undefined, { n: 2 }]);
  });

  test('settings whose names begin alike, and no others', async () => {
    await using home = await place();
    await using store = await home.open();
    await store.write(async (transaction) => {
      for (const name of ['key.b', 'key', 'key.a', 'key_c', 'key.%', 'kez', 'KEY.d']) await transaction.putSetting(name, { name });
      expect([...(await transaction.settings('key.')).keys()]).toEqual(['key.%', 'key.a', 'key.b']);
      await transaction.putSetting('key.a', undefined);
      expect(await transaction.settings('key.')).toEqual(
        new Map([
          ['key.%', { name: 'key.%' }],
          ['key.b', { name: 'key.b' }],
        ]),
      );
    });
  });
}

function testFinding(place: () => Promise<StorePlace>): void {
  test('what lies in a place, in order of key, a page at a time', async () => {
    await using home = await place();
    await using store = await home.open();
    const lock = `${network}/providers/Isthmus.Auth/locks/l`;
    const all = [sub, group, network, part, lock, `${sub}/resourceGroups/group-2`, `${sub}/resourceGroups/group2`, user];
    for (const id of all.toReversed()) await put(store, id);
    const inOrder = all.toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
    const list = async (within: string, more: object = {}): Promise<string[]> => ids(await store.list({ within, ...more }));
    expect(await list('')).toEqual(inOrder);
    expect(await list(group.toUpperCase())).toEqual([group, network, part, lock]);
    expect(await list(`${group}/`)).toEqual([group, network, part, lock]);
    expect(await list(network, { limit: 1 })).toEqual([network]);
    expect(await list(network, { limit: 0 })).toEqual([]);
    expect(await list(group, { after: part.toUpperCase(), limit: 5 })).toEqual([lock]);
    expect(await list(`${group}/providers/none`)).toEqual([]);
    expect(await list('', { direct: true })).toEqual([sub]);
    expect(await list(sub, { direct: true })).toEqual(
      [`${sub}/resourceGroups/group-2`, group, `${sub}/resourceGroups/group2`].toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1)),
    );
    expect(await list(network, { direct: true })).toEqual([part, lock]);
    expect(await list(sub, { type: 'isthmus.test/NETWORKS' })).toEqual([network]);
    expect(await list(sub, { type: 'Isthmus.Test/networks', direct: true })).toEqual([]);
    expect(await list(network, { type: 'Isthmus.Test/networks' })).toEqual([network]);
    expect(await list(group, { type: 'Isthmus.Test/networks', direct: true, after: network })).toEqual([]);
    const paged: string[] = [];
    for (let page = await list('', { limit: 3 }); page.length > 0; page = await list('', { limit: 3, after: paged.at(-1) }))
      paged.push(...page);
    expect(paged).toEqual(inOrder);
  });

  test('who refers to a resource or into it, from outside of it', async () => {
    await using home = await place();
    await using store = await home.open();
    for (const id of [group, network, part]) await put(store, id);
    await put(store, user, { references: [`${network.toUpperCase()}/endpoints/E`] });
    await put(store, `${network}/rules/r`, { references: [part] });
    await put(store, `${user}2`, { references: [`${network}2`] });
    expect(await store.referrers(network.toLowerCase())).toEqual([user]);
    expect(await store.referrers(part)).toEqual([`${network}/rules/r`]);
    expect(await store.referrers(group)).toEqual([user, `${user}2`]);
    await put(store, user, { references: [group] });
    expect([await store.referrers(network), await store.referrers(group)]).toEqual([[], [user, `${user}2`]]);
    await store.write((transaction) => transaction.remove(user));
    expect(await store.referrers(group)).toEqual([`${user}2`]);
  });
}

function testTransactions(place: () => Promise<StorePlace>): void {
  test('a throw takes back its own write, and only that', async () => {
    await using home = await place();
    await using store = await home.open();
    const writes = [1, 2, 3, 4].map((n) =>
      store.write(async (transaction) => {
        await transaction.put(putOf(`${network}${n}`));
        await transaction.putSetting(`n${n}`, { n });
        if (n % 2 === 0) throw fault('conflict', 'Odd', 'no');
        return (await transaction.list({ within: '' })).length;
      }),
    );
    const results = await Promise.allSettled(writes);
    expect(results.map((one) => (one.status === 'fulfilled' ? one.value : (one.reason as { code: string }).code))).toEqual([
      1,
      'Odd',
      2,
      'Odd',
    ]);
    expect(ids(await store.list({ within: '' }))).toEqual([`${network}1`, `${network}3`]);
    expect([await store.setting('n2'), await store.setting('n3')]).toEqual([undefined, { n: 3 }]);
  });

  test('nobody sees a write before it is committed, itself excepted', async () => {
    await using home = await place();
    await using store = await home.open();
    await store.write(async (transaction) => {
      await transaction.put(putOf(network, { references: [user] }));
      expect(await transaction.get(network)).toMatchObject({ generation: 1 });
      expect(await transaction.referrers(user)).toEqual([network]);
      expect([await store.get(network), await store.referrers(user), await store.due(Infinity, 9)]).toEqual([undefined, [], []]);
    });
    expect(await store.get(network)).toMatchObject({ generation: 1 });
  });

  test('a transaction that has ended is of no use', async () => {
    await using home = await place();
    await using store = await home.open();
    const leaked = await store.write(async (transaction) => [transaction]);
    await expect(leaked[0]!.put(putOf(network))).rejects.toMatchObject({ code: 'TransactionEnded' });
    expect(await store.get(network)).toBeUndefined();
  });

  test('changes are told after their commit, in order, and revisions grow', async () => {
    await using home = await place();
    await using store = await home.open();
    const told: ResourceChange[] = [];
    const stop = store.onChange((change) => told.push(change));
    expect(store.revision('Isthmus.Test/networks')).toBe(0);
    const seen: (Resource | undefined)[] = [];
    const look = store.onChange(({ id }) => void store.get(id).then((found) => seen.push(found)));
    await Promise.all([put(store, group, { ready: true }), put(store, network), settle(store, network, 1, settlement('ready'))]);
    expect(store.revision('isthmus.test/networks')).toBe(2);
    await expect(store.write((one) => one.put(putOf(network)).then(refuse))).rejects.toMatchObject({ code: 'Odd' });
    await settle(store, network, 1, settlement('ready'));
    expect(store.revision('isthmus.test/networks')).toBe(2);
    await store.write((transaction) => transaction.markDeleting(group, 'someone'));
    await store.write((transaction) => transaction.remove(network));
    stop();
    await put(store, user);
    expect(told.map(({ id, kind }) => [id, kind])).toEqual([
      [group, 'written'],
      [network, 'written'],
      [network, 'settled'],
      [group, 'written'],
      [network, 'written'],
      [network, 'removed'],
    ]);
    expect(told[1]?.type).toBe('Isthmus.Test/networks');
    expect(seen.slice(0, 2).map((one) => one?.id)).toEqual([group, network]);
    look();
  });

  test('a closed store says so', async () => {
    await using home = await place();
    const store = await home.open();
    const last = put(store, network);
    await store[Symbol.asyncDispose]();
    await expect(last).resolves.toMatchObject({ id: network });
    await expect(store.get(network)).rejects.toMatchObject({ code: 'StoreClosed' });
    await expect(put(store, network)).rejects.toMatchObject({ code: 'StoreClosed' });
  });
}

function refuse(): never {
  throw fault('conflict', 'Odd', 'no');
}

function testLoop(place: () => Promise<StorePlace>): void {
  test('what is written is due until it is settled at its generation', async () => {
    await using home = await place();
    await using store = await home.open(() => 1_000);
    await put(store, network);
    await put(store, group, { ready: true });
    expect([await dueIds(store, 999), await dueIds(store, 1_000), await store.nextDueMs(999)]).toEqual([[], [network], 1_000]);
    await put(store, network);
    await settle(store, network, 1, settlement('ready'));
    expect(await store.get(network)).toMatchObject({ status: { settled: 0, outcome: 'new' } });
    await settle(store, network, 2, settlement('waiting', { a: 1 }, { retryAtMs: 5_000 }));
    expect(await store.get(network)).toMatchObject({
      status: { settled: 2, outcome: 'waiting', waitingFor: 'Waiting for rain.', outputs: { a: 1 } },
    });
    await settle(store, group, 1, settlement('failed'));
    expect([await dueIds(store, 4_999), await dueIds(store, 5_000), await store.nextDueMs(1_000)]).toEqual([[], [network], 5_000]);
    await settle(store, network, 2, settlement('failed'));
    expect([await dueIds(store, 9_999), await store.nextDueMs(0)]).toEqual([[], undefined]);
    expect((await store.get(network))?.status.fault).toEqual({ code: 'Dry', message: 'No rain.', target: undefined, remedy: 'Wait.' });
  });

  test('what changed makes due what refers to it or into it and what it lies in, unless that failed', async () => {
    await using home = await place();
    await using store = await home.open(() => 1_000);
    await put(store, group, { ready: true });
    await put(store, network);
    await put(store, part);
    await put(store, user, { references: [part] });
    await put(store, `${user}2`, { references: [network] });
    await put(store, `${user}3`, { references: [`${part}/more`] });
    // It is true as soon as it is written: nothing that others do makes it due.
    await put(store, `${user}4`, { ready: true, references: [part] });
    const calm = async (): Promise<void> => {
      for (const { id, generation } of await store.list({ within: '' })) await settle(store, id, generation, settlement('ready'));
      for (const { id, generation } of await store.list({ within: '' })) await settle(store, id, generation, settlement('ready'));
    };
    await calm();
    expect(await dueIds(store, 1_000)).toEqual([]);
    const { etag } = (await store.get(part))!;
    await settle(store, part, 1, settlement('ready'));
    expect([(await store.get(part))?.etag, await dueIds(store, 1_000)]).toEqual([etag, []]);
    await settle(store, part, 1, settlement('ready', { address: 1 }));
    expect((await store.get(part))?.etag).not.toBe(etag);
    expect((await dueIds(store, 1_000)).toSorted()).toEqual([network, user, `${user}3`].toSorted());
    await calm();
    await settle(store, user, 1, settlement('failed'));
    await calmAllBut(store, user);
    await put(store, part, { ready: true });
    expect((await dueIds(store, 1_000)).toSorted()).toEqual([network, `${user}3`].toSorted());
  });

  test('what became due during a try stays due', async () => {
    await using home = await place();
    await using store = await home.open(() => 1_000);
    await put(store, user, { references: [network] });
    const [{ mark } = { mark: 0 }] = await store.due(1_000, 1);
    await put(store, network, { ready: true });
    await settle(store, user, 1, settlement('ready', {}, { mark }));
    const [again] = await store.due(1_000, 1);
    expect(again?.id).toBe(user);
    await settle(store, user, 1, settlement('ready', {}, { mark: again?.mark ?? 0 }));
    expect(await store.due(1_000, 1)).toEqual([]);
  });

  test('deleting: all that lies in it, once; nothing is written there any more; what failed is tried anew', async () => {
    await using home = await place();
    await using store = await home.open(() => 1_000);
    for (const id of [group, network, part, user]) await put(store, id, { ready: true });
    const markDeleting = (id: string): Promise<void> => store.write((transaction) => transaction.markDeleting(id, 'remover'));
    await markDeleting(network.toUpperCase());
    await markDeleting(group);
    expect((await store.list({ within: group })).map((one) => [one.generation, one.deleting, one.changedBy])).toEqual([
      [2, true, 'remover'],
      [2, true, 'remover'],
      [2, true, 'remover'],
    ]);
    expect(await dueIds(store, 1_000)).toEqual([group, network, part]);
    expect(await store.get(user)).toMatchObject({ deleting: false, generation: 1 });
    await expect(put(store, network)).rejects.toMatchObject({ kind: 'conflict', code: 'BeingDeleted' });
    await expect(put(store, `${part}/more/m`)).rejects.toMatchObject({ code: 'BeingDeleted' });
    await settle(store, part, 2, settlement('failed'));
    expect(await dueIds(store, 1_000)).toEqual([group, network]);
    await markDeleting(part);
    expect(await store.get(part)).toMatchObject({ deleting: true, generation: 3 });
    expect(await dueIds(store, 1_000)).toContain(part);
  });

  test('removing: first what lies in it; what it lay in, referred to, or referred to a part of, becomes due', async () => {
    await using home = await place();
    await using store = await home.open(() => 1_000);
    for (const id of [group, network, part]) await put(store, id);
    await put(store, user, { references: [part, `${network}/ends/e`, `${group}/providers/Isthmus.Test/gone/g/bits/b`] });
    await expect(store.write((transaction) => transaction.remove(network))).rejects.toMatchObject({ code: 'NotEmpty' });
    await calmAllBut(store, '');
    await store.write((transaction) => transaction.remove(user.toUpperCase()));
    expect(await store.get(user)).toBeUndefined();
    expect(await dueIds(store, 1_000)).toEqual([network, part]);
    await calmAllBut(store, '');
    await store.write((transaction) => transaction.remove(part));
    await store.write((transaction) => transaction.remove(part));
    expect(await dueIds(store, 1_000)).toEqual([network]);
  });
}

async function calmAllBut(store: ResourceStore, not: string): Promise<void> {
  for (let due = await store.due(Infinity, 99); due.length > 0; due = (await store.due(Infinity, 99)).filter(({ id }) => id !== not)) {
    for (const { id } of due) {
      const { generation = 0 } = (await store.get(id)) ?? {};
      await settle(store, id, generation, settlement('ready', (await store.get(id))?.status.outputs));
    }
  }
}

function testOperations(place: () => Promise<StorePlace>): void {
  const number = (n: number): string => `0f000000-0000-0000-0000-00000000000${n}`;
  const states = async (store: ResourceStore, count: number): Promise<(string | undefined)[]> =>
    Promise.all(Array.from({ length: count }, async (_, i) => (await store.operation(number(i + 1)))?.status));

  test('end when the resource has settled at their generation or a later one', async () => {
    await using home = await place();
    await using store = await home.open(() => 5_000);
    await store.write(async (transaction) => {
      await transaction.put(putOf(network));
      await transaction.putOperation(operationOf(network, { id: number(1).toUpperCase(), result: { a: 1 } }));
      await transaction.put(putOf(network));
      await transaction.putOperation(operationOf(network.toLowerCase(), { id: number(2), generation: 2 }));
      await transaction.putOperation(operationOf(network, { id: number(3), generation: 3 }));
    });
    await settle(store, network, 1, settlement('ready'));
    await settle(store, network, 2, settlement('waiting'));
    expect(await states(store, 3)).toEqual(['InProgress', 'InProgress', 'InProgress']);
    await settle(store, network, 2, settlement('ready'));
    expect(await states(store, 3)).toEqual(['Succeeded', 'Succeeded', 'InProgress']);
    expect(await store.operation(number(1))).toEqual(
      operationOf(network, { status: 'Succeeded', result: { a: 1 }, endedAt: '1970-01-01T00:00:05.000Z' }),
    );
    await put(store, network);
    await settle(store, network, 3, settlement('failed'));
    expect(await store.operation(number(3))).toMatchObject({
      status: 'Failed',
      error: { code: 'Dry', message: 'No rain.', remedy: 'Wait.' },
    });
  });

  test('end where what they wait for has come to pass already', async () => {
    await using home = await place();
    await using store = await home.open();
    await put(store, network, { ready: true });
    await store.write((transaction) => transaction.putOperation(operationOf(network, { id: number(1), kind: 'action' })));
    await store.write((transaction) => transaction.putOperation(operationOf(user, { id: number(2), kind: 'delete' })));
    expect(await states(store, 2)).toEqual(['Succeeded', 'Succeeded']);
  });

  test('end with the resource', async () => {
    await using home = await place();
    await using store = await home.open();
    await put(store, network);
    await store.write(async (transaction) => {
      await transaction.putOperation(operationOf(network, { id: number(1) }));
      await transaction.markDeleting(network, 'someone');
      await transaction.putOperation(operationOf(network, { id: number(2), kind: 'delete', generation: 2 }));
    });
    await store.write((transaction) => transaction.remove(network));
    expect(await states(store, 2)).toEqual(['Canceled', 'Succeeded']);
    expect((await store.operation(number(1)))?.error?.code).toBe('ResourceDeleted');
    expect(await store.operation(number(9))).toBeUndefined();
  });
}

type Command = (subject: StoreTransaction, model: StoreModel) => Promise<void>;

const everything = [
  sub,
  group,
  network,
  part,
  `${network}/providers/Isthmus.Auth/locks/l`,
  `${sub}/resourceGroups/group-2`,
  user,
  `${network}-2`,
];
const anyId = fc.tuple(fc.constantFrom(...everything), fc.boolean()).map(([id, upper]) => (upper ? id.toUpperCase() : id));
const anyReference = fc.oneof(anyId, fc.constantFrom(`${network}/ends/e`, `${user}/none/n/none/n`));
const anyOutcome = fc.constantFrom('ready' as const, 'waiting' as const, 'failed' as const);
const small = fc.nat({ max: 2 });

const anyCommand: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .record({ id: anyId, references: fc.array(anyReference, { maxLength: 3 }), size: small, ready: fc.boolean() })
      .map(({ size, id, ...more }): Command => {
        const request = putOf(id, { ...more, properties: { size } });
        return async (subject, model) => {
          await subject.put(request);
          model.put(request);
        };
      }),
  },
  {
    weight: 4,
    arbitrary: fc
      .record({ id: anyId, late: small, outcome: anyOutcome, size: small, retry: fc.option(small), marked: fc.boolean() })
      .map(({ id, late, outcome, size, retry, marked }): Command => async (subject, model) => {
        const one = model.resources.get(keyOf(id));
        const generation = (one?.resource.generation ?? 1) - (late === 2 ? 1 : 0);
        const mark = marked ? { mark: (one?.mark ?? 0) - (late === 1 ? 1 : 0) } : {};
        const change = settlement(outcome, { size }, { retryAtMs: retry === null ? undefined : model.nowMs + retry, ...mark });
        await subject.settle(id, generation, change);
        model.settle(id, generation, change);
      }),
  },
  {
    weight: 1,
    arbitrary: anyId.map((id): Command => async (subject, model) => {
      await subject.markDeleting(id, 'remover');
      model.markDeleting(id, 'remover');
    }),
  },
  {
    weight: 2,
    arbitrary: anyId.map((id): Command => async (subject, model) => {
      await subject.remove(id);
      model.remove(id);
    }),
  },
  {
    weight: 2,
    arbitrary: fc
      .record({ resource: anyId, n: small, kind: fc.constantFrom('put' as const, 'delete' as const), later: small })
      .map(({ resource, n, kind, later }): Command => async (subject, model) => {
        const generation = (model.resources.get(keyOf(resource))?.resource.generation ?? 0) + (later === 2 ? 1 : 0);
        const operation = operationOf(resource, { id: `0f000000-0000-0000-0000-00000000000${n}`, kind, generation });
        await subject.putOperation(operation);
        model.putOperation(operation);
      }),
  },
);

interface ModelWrite {
  readonly commands: readonly Command[];
  readonly throws: boolean;
}

const anyWrite: fc.Arbitrary<ModelWrite> = fc.record({
  commands: fc.array(anyCommand, { minLength: 1, maxLength: 4 }),
  throws: fc.constantFrom(false, false, true),
});

function testModel(place: () => Promise<StorePlace>): void {
  test('random writes, several at once, some thrown back, opened anew between: as the model says', { timeout: 60_000 }, async () => {
    const runs = fc.array(fc.array(anyWrite, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(runs, fc.nat({ max: 11 }), async (batches, reopenAt) => {
        await using home = await place();
        let model = new StoreModel();
        let store = await home.open(() => model.nowMs);
        const etags = new Map<string, Set<string>>();
        for (const [at, writes] of batches.entries()) {
          model.nowMs += 1;
          if (at === reopenAt) {
            await store[Symbol.asyncDispose]();
            store = await home.open(() => model.nowMs);
          }
          const step = async (write: ModelWrite): Promise<void> => {
            await store.write(async (transaction) => {
              const trial = model.copy();
              for (const command of write.commands) await runBoth(command, transaction, trial);
              if (write.throws) throw fault('conflict', 'Odd', 'no');
              model = trial;
            });
          };
          await Promise.allSettled(writes.map(step)).then((results) => results.forEach(onlyExpected));
          await sameAs(store, model, etags);
          expect(etags.size).toBeGreaterThanOrEqual(model.resources.size);
        }
        await store[Symbol.asyncDispose]();
      }),
      { numRuns: 60 },
    );
  });
}

/** Runs a command on both; both refuse it for the same reason, or neither does. */
async function runBoth(command: Command, transaction: StoreTransaction, model: StoreModel): Promise<void> {
  try {
    await command(transaction, model);
  } catch (error) {
    const code = codeOf(error);
    // The store refused before the model was asked.
    const silent = new Proxy({} as StoreTransaction, { get: () => async () => undefined });
    const expected = await command(silent, model).then(() => undefined, codeOf);
    throw code === expected ? error : fault('bug', 'NotAsTheModel', `${code} instead of ${expected}`);
  }
}

function codeOf(error: unknown): string | undefined {
  return (error as { code?: string }).code;
}

function onlyExpected(result: PromiseSettledResult<void>): void {
  if (result.status === 'rejected' && !['Odd', 'BeingDeleted', 'NotEmpty'].includes(codeOf(result.reason) ?? '')) throw result.reason;
}

async function sameAs(store: ResourceStore, model: StoreModel, etags: Map<string, Set<string>>): Promise<void> {
  const found = await store.list({ within: '' });
  const expected = model.inOrder().map(({ resource }) => resource);
  expect(found.map((one) => ({ ...one, etag: '' }))).toEqual(expected.map((one) => ({ ...one, etag: '' })));
  for (const [at, { id, etag, createdAt }] of found.entries()) {
    // One etag for each of the model's, and never the same for two.
    const version = `${createdAt} ${expected[at]?.etag}`;
    const known = etags.get(keyOf(id)) ?? new Set();
    etags.set(keyOf(id), known.add(`${version} ${etag}`));
    expect(new Set([...known].map((one) => one.split(' ')[2])).size).toBe(known.size);
  }
  for (const nowMs of [model.nowMs, model.nowMs + 1, Infinity]) expect(await dueIds(store, nowMs)).toEqual(model.due(nowMs));
  const nextMs = Math.min(...model.inOrder().map((one) => (one.dueMs !== undefined && one.dueMs > model.nowMs ? one.dueMs : Infinity)));
  expect(await store.nextDueMs(model.nowMs)).toBe(nextMs === Infinity ? undefined : nextMs);
  for (const id of everything) expect(await store.referrers(id)).toEqual(model.referrers(id));
  for (const [id, operation] of model.operations) expect(await store.operation(id)).toEqual(operation);
}
