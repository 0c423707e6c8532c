import { expect, test } from 'vitest';
import { failedOf } from './network.ts';

const snmp = `Ip: Forwarding DefaultTTL InReceives OutDiscards OutNoRoutes ReasmTimeout
Ip: 1 64 20 0 7 0
Tcp: RtoAlgorithm ActiveOpens PassiveOpens AttemptFails EstabResets
Tcp: 1 9 3 5 1
Udp: InDatagrams NoPorts InErrors
Udp: 0 2 0
UdpLite: InDatagrams NoPorts InErrors
UdpLite: 0 90 0
`;
const snmp6 =
  'Ip6InReceives                   \t4\nIp6OutNoRoutes                  \t3\nUdp6NoPorts                     \t1\nUdpLite6NoPorts                 \t80\n';

test('what found no route or nobody who listens is summed up, whatever else the kernel counts', () => {
  expect(failedOf(snmp, snmp6)).toBe(7 + 5 + 2 + 3 + 1);
  expect(failedOf(snmp, '')).toBe(7 + 5 + 2);
  expect(failedOf('', '')).toBe(0);
});
