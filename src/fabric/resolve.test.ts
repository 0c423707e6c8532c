import { expect, test } from 'vitest';
import { StillClock } from './clock.contract.ts';
import { AddressBook, systemResolver, type Answer } from './resolve.ts';

const host = 'db.shop.example';

interface Scene {
  readonly clock: StillClock;
  readonly book: AddressBook;
  readonly changes: (readonly string[])[];
  readonly asked: () => number;
  answer: Answer | undefined;
  /** Lets time pass until the next question is due, and answered. */
  next(): Promise<void>;
}

function scene(): Scene {
  const clock = new StillClock();
  const changes: (readonly string[])[] = [];
  let asked = 0;
  const on: Scene = {
    clock,
    changes,
    asked: () => asked,
    answer: undefined,
    book: new AddressBook({
      clock,
      resolver: {
        resolve: async () => {
          asked += 1;
          if (on.answer === undefined) throw Object.assign(new Error('no'), { code: 'ENOTFOUND' });
          return on.answer;
        },
      },
      onChange: (_, addresses) => changes.push(addresses),
    }),
    next: async () => {
      clock.pass(clock.nextMs ?? 0);
      await expect.poll(() => clock.nextMs, { interval: 1 }).toBeDefined();
    },
  };
  return on;
}

test('a name is asked for again when its TTL ends, and its addresses change with the answer', async () => {
  const on = scene();
  on.answer = { addresses: ['10.0.0.1', '10.0.0.2'], ttlMs: 20_000 };
  on.book.watch([host, '10.1.1.1']);
  expect(await on.book.addresses(host)).toEqual(['10.0.0.1', '10.0.0.2']);
  await expect.poll(() => on.clock.nextMs, { interval: 1 }).toBe(20_000);
  on.answer = { addresses: ['10.0.0.2', '10.0.0.1'], ttlMs: 30_000 };
  await on.next();
  expect(on.clock.nextMs).toBe(30_000);
  on.answer = { addresses: ['10.0.0.3'], ttlMs: 1 };
  await on.next();
  expect(on.book.known(`${host.toUpperCase()}.`)).toEqual(['10.0.0.3']);
  expect(on.clock.nextMs).toBe(2_000);
  expect(on.changes).toEqual([['10.0.0.1', '10.0.0.2'], ['10.0.0.3']]);
  expect(on.asked()).toBe(3);
});

test('addresses that nobody confirms are kept for ten minutes; a flapping name server cuts nothing off', async () => {
  const on = scene();
  on.answer = { addresses: ['10.0.0.1'], ttlMs: 5_000 };
  on.book.watch([host]);
  await on.book.addresses(host);
  for (let flap = 0; flap < 10; flap++) {
    on.answer = flap % 2 === 0 ? undefined : { addresses: [], ttlMs: 5_000 };
    await on.next();
    expect(on.book.known(host)).toEqual(['10.0.0.1']);
    expect(on.book.problem(host)).toBe(flap % 2 === 0 ? 'no name server knows it' : 'DNS answers with no address');
  }
  for (let tries = 0; tries < 10; tries++) await on.next();
  expect(on.book.known(host)).toBeUndefined();
  expect(on.changes).toEqual([['10.0.0.1'], []]);
  on.answer = { addresses: ['10.0.0.9'], ttlMs: 5_000 };
  await on.next();
  expect(on.book.known(host)).toEqual(['10.0.0.9']);
  expect(on.book.problem(host)).toBeUndefined();
});

test('the address that took a connection comes first, and stays first while it is there', async () => {
  const on = scene();
  on.answer = { addresses: ['10.0.0.1', '10.0.0.2'], ttlMs: 5_000 };
  on.book.watch([host]);
  await on.book.addresses(host);
  on.book.prefer(host, '10.0.0.2');
  expect(on.book.known(host)).toEqual(['10.0.0.2', '10.0.0.1']);
  await on.next();
  expect(on.book.known(host)).toEqual(['10.0.0.2', '10.0.0.1']);
  on.book.prefer(host, '10.0.0.7');
  expect(on.book.known(host)).toEqual(['10.0.0.2', '10.0.0.1']);
  expect(on.changes).toHaveLength(1);
});

test('questions at the same moment are one, and names that nobody wants are asked for no more', async () => {
  const on = scene();
  on.answer = { addresses: ['10.0.0.1'], ttlMs: 5_000 };
  on.book.watch([host]);
  await Promise.all([on.book.addresses(host), on.book.refresh(host), on.book.addresses(host)]);
  await on.book.refresh(host);
  expect(on.asked()).toBe(1);
  on.clock.pass(1_000);
  await on.book.refresh(host);
  expect(on.asked()).toBe(2);
  await expect.poll(() => on.clock.nextMs, { interval: 1 }).toBeDefined();
  on.book.close();
  expect(on.clock.nextMs).toBeUndefined();
});

test('names of this host are found, and addresses are their own', async () => {
  expect((await systemResolver.resolve('localhost')).addresses).toContain('127.0.0.1');
  const on = scene();
  expect(on.book.known('10.0.0.1')).toEqual(['10.0.0.1']);
  expect(on.asked()).toBe(0);
  await expect(systemResolver.resolve('nowhere.invalid')).rejects.toBeDefined();
});
