import { expect, test } from 'vitest';
import { hashText } from '../hash.ts';
import { checkedUplink, leadsTo, sourceKey, UplinkPorts, type Uplink } from './uplink.ts';

const good: Uplink = { device: 'eth1', addresses: ['10.0.0.7/24', '10.0.0.8/24'], gateway: '10.0.0.1' };

test('an interface, addresses of one network, and what leads on', () => {
  expect(checkedUplink(good)).toEqual(good);
  expect(checkedUplink({ ...good, gateway: undefined }).gateway).toBeUndefined();
});

test.for<[string, Partial<Uplink>, string]>([
  ['no interface', { device: 'eth 1' }, 'is no name of a network interface'],
  ['a path', { device: '../x' }, 'is no name'],
  ['no address', { addresses: [] }, 'has 0 addresses'],
  ['an address without width', { addresses: ['10.0.0.7'] }, 'with the width'],
  ['IPv6', { addresses: ['fd00::7/64'] }, 'no IPv4 address'],
  ['a loopback address', { addresses: ['127.0.0.2/8'] }, 'a host can have'],
  ['a group', { addresses: ['224.0.0.7/24'] }, 'a host can have'],
  ['two networks', { addresses: ['10.0.0.7/24', '10.0.1.7/24'] }, 'not all of one network'],
  ['a gateway elsewhere', { gateway: '10.0.1.1' }, 'no address of the network 10.0.0.0/24'],
  ['a gateway by name', { gateway: 'router' }, 'no address of the network'],
])('%s is refused by name', ([, more, said]) => {
  expect(() => checkedUplink({ ...good, ...more })).toThrow(
    expect.objectContaining({ code: 'BadUplink', message: expect.stringContaining(said), remedy: expect.stringContaining('--uplink') }),
  );
});

test('without a gateway it leads to its own network only', () => {
  expect(leadsTo(good, '192.0.2.1')).toBe(true);
  expect(leadsTo({ ...good, gateway: undefined }, '192.0.2.1')).toBe(false);
  expect(leadsTo({ ...good, gateway: undefined }, '10.0.0.99')).toBe(true);
});

test('each backend has ports of its own, and is known by any of them', () => {
  const ports = new UplinkPorts(good);
  const given = new Map<string, string>();
  for (let at = 0; at < 30; at++) {
    const range = ports.of(`backend ${at}`, hashText)!;
    expect(ports.of(`backend ${at}`, hashText)).toEqual(range);
    expect(range.first).toBeGreaterThanOrEqual(4_096);
    expect(range.last).toBeLessThanOrEqual(65_535);
    for (const port of [range.first, range.first + 77, range.last]) {
      expect(given.get(sourceKey(range.address, port)) ?? `backend ${at}`).toBe(`backend ${at}`);
      given.set(sourceKey(range.address, port), `backend ${at}`);
    }
  }
  expect(ports.of('one more', hashText)).toBeUndefined();
  ports.keep(new Set(['backend 3']));
  expect(ports.of('one more', hashText)).toBeDefined();
});
