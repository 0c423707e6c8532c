import { expect, test } from 'vitest';
import { lastingPart, trackedOf } from './conntrack.ts';

const live =
  'ipv4     2 tcp      6 899 ESTABLISHED src=198.18.0.1 dst=198.18.32.7 sport=60842 dport=1433 packets=4 bytes=217 src=192.0.2.2 dst=198.18.1.1 sport=14330 dport=60842 packets=3 bytes=165 [ASSURED] mark=17 delta-time=12 use=1';
const ended =
  '    [DESTROY] ipv4     2 tcp      6 src=198.18.0.1 dst=198.18.32.7 sport=60842 dport=1433 packets=6 bytes=325 src=198.18.0.1 dst=198.18.1.1 sport=14330 dport=60842 packets=4 bytes=221 [ASSURED] mark=17 delta-time=30';

test('a line of the kernel is both ways of a connection, with what it carried beside its headers', () => {
  expect(trackedOf(live)).toEqual({
    key: '198.18.0.1:60842 198.18.32.7:1433',
    link: 17,
    client: { address: '198.18.0.1', port: 60_842 },
    door: { address: '198.18.32.7', port: 1433 },
    source: '198.18.1.1',
    sourcePort: 60842,
    target: { address: '192.0.2.2', port: 14_330 },
    isOpen: true,
    isAssured: true,
    // One byte, and an acknowledgement; a greeting of none.
    bytesIn: 1,
    bytesOut: 1,
    packets: 7,
    ageSeconds: 12,
  });
});

test('the last word of a connection counts five bytes each way', () => {
  expect(trackedOf(ended)).toMatchObject({ isOpen: false, bytesIn: 5, bytesOut: 5, ageSeconds: 30 });
});

test('what is no connection of ours, or cut short, is passed over', () => {
  const others = [
    live.replace(' mark=17', ' mark=0'),
    live.replace(' mark=17', ''),
    live.replace('tcp      6', 'udp      17'),
    live.slice(0, 120),
    '',
  ];
  expect(others.map(trackedOf)).toEqual(others.map(() => undefined));
});

test('a line says the same for as long as nothing passes and its state stays', () => {
  const part = lastingPart(live);
  expect(part).toMatch(/^ESTABLISHED src=198.18.0.1 .* mark=17$/);
  expect(lastingPart(live.replace(' 899 ', ' 7 ').replace('delta-time=12 use=1', 'delta-time=1300 use=2'))).toBe(part);
  for (const [was, is] of [
    ['packets=4', 'packets=5'],
    ['bytes=165', 'bytes=166'],
    ['ESTABLISHED', 'TIME_WAIT'],
    ['sport=60842', 'sport=60843'],
    ['mark=17', 'mark=18'],
  ] as const)
    expect(lastingPart(live.replace(was, is))).not.toBe(part);
  expect([lastingPart(''), trackedOf(lastingPart(''))]).toEqual(['', undefined]);
});
