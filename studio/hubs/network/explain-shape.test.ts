import { expect, test } from 'vitest';
import { countsText, denialOf, hostProblem, portProblem, resourceOf } from './explain-shape.ts';

test.each(['1', '1433', ' 65535 '])('the port %j is one', (text) => {
  expect(portProblem(text)).toBeUndefined();
});

test.each(['', '0', '65536', '-1', '1e3', '14 33', 'abc', '1433.5'])('the port %j is refused while it is typed', (text) => {
  expect(portProblem(text)).toMatch(/1 to 65535/);
});

test.each(['db.example', '10.0.0.4', 'mi1.abc.database.windows.net', 'a_b-c'])('the host %j is one', (text) => {
  expect(hostProblem(text)).toBeUndefined();
});

test.each(['', ' ', 'tcp://db.example', 'db.example/x', 'a b', '<b>', 'x'.repeat(254)])('the host %j is refused', (text) => {
  expect(hostProblem(text)).toEqual(expect.any(String));
});

test('what denies is shown where it is changed', () => {
  const balancer = '/subscriptions/s/resourcegroups/g/providers/microsoft.network/loadbalancers/b';
  expect(resourceOf(`${balancer}/loadbalancingrules/r`)).toBe(balancer);
  expect(resourceOf(balancer)).toBe(balancer);
  const card = '/subscriptions/s/resourcegroups/g/providers/microsoft.network/networkinterfaces/n';
  expect(resourceOf(`${card}/ipconfigurations/ip`)).toBe(card);
  expect(resourceOf('/subscriptions/s/resourcegroups/g/providers/microsoft.sql/servers/a/firewallrules')).toMatch(/servers\/a$/);
  expect(resourceOf('db.example:1433')).toBeUndefined();
});

test('a denial is a fault with its remedy', () => {
  const denied = { kind: 'denied', code: 'EndpointPending', message: 'It waits.', target: '/x', remedy: 'Approve it.' } as const;
  expect(denialOf({ open: false, hops: [], denied })).toMatchObject(denied);
  expect(denialOf({ open: true, hops: [] })).toBeUndefined();
});

test('what passed a hop is told where anything did', () => {
  const hop = { kind: 'endpoint', id: '/e', ok: true, detail: 'It is approved.' } as const;
  const counts = { connections: 1_200, open: 3, refused: 0, bytesIn: 1_536, bytesOut: 10 };
  expect(countsText({ ...hop, counts })).toBe('1,200 connections so far, 3 open, 0 refused; 1.5 KiB in, 10 B out.');
  expect(countsText({ ...hop, counts: { ...counts, connections: 0 } })).toBeUndefined();
  expect(countsText(hop)).toBeUndefined();
});
