import { expect, test } from 'vitest';
import { fault } from '#base/fault.ts';
import type { NetworkDoor, RuntimeNetworks } from '../runtime.ts';
import { doorsOf, listeningDoors } from './doors.ts';

const shop: NetworkDoor = { address: '10.0.9.5', port: 1433, names: ['shop.internal'], direct: true };
const books: NetworkDoor = { address: '10.0.9.6', port: 5432, names: ['books.internal'], direct: false };
const none = fault('denied', 'NoEndpoint', 'There is none.');

function networks(isJoined: boolean, isOpen = false): RuntimeNetworks {
  return {
    doors: () => [shop, books],
    isOpen: () => isOpen,
    dialer: () => ({ dial: () => Promise.reject(none) }),
    explain: async () => ({ denied: none }),
    onChange: () => () => undefined,
    attach: isJoined ? () => Promise.reject(none) : undefined,
  };
}

const outside = { host: 'Outside.Example', port: 5432 };

test('where nothing is joined somebody listens for every door, with its names', () => {
  const doors = doorsOf(networks(false), 's', undefined);
  expect(doors.all.map(({ direct }) => direct)).toEqual([false, false]);
  expect(listeningDoors(doors, false)).toEqual([shop, books].map(({ address, port, names }) => ({ address, port, names })));
});

test('in a joined network nobody listens for what it carries, and its names are not ours to say', () => {
  expect(listeningDoors(doorsOf(networks(true), 's', undefined), true)).toEqual([{ address: books.address, port: books.port, names: [] }]);
});

test("the door of an open segment that stands for the job's own target is listened for, by its name, in either", () => {
  for (const isJoined of [false, true]) {
    const doors = doorsOf(networks(isJoined, true), 's', outside);
    expect(doors.own).toEqual({ ...outside, address: '198.18.0.1' });
    expect(listeningDoors(doors, isJoined).at(-1)).toEqual({ address: '198.18.0.1', port: 5432, names: ['outside.example'] });
  }
  // A target that is a door of the network needs none of its own.
  expect(doorsOf(networks(true, true), 's', { host: 'shop.internal', port: 1433 }).own).toBeNull();
});
