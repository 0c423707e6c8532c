import { expect, test } from 'vitest';
import { failedOf, holdsConnection, incidentsOf } from './network.ts';

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

test('what TCP met with is read by its names, wherever this kernel has them', () => {
  const netstat = 'TcpExt: TW TCPOFOQueue TCPDSACKOldSent TCPDSACKOfoSent\nTcpExt: 9 4 2 1\nIpExt: TCPOFOQueue\nIpExt: 70\n';
  expect(incidentsOf(snmp, netstat)).toEqual({ sentAgain: 0, outOfOrder: 4, duplicates: 3, resets: 1 });
  expect(incidentsOf('Tcp: InSegs RetransSegs\nTcp: 5 6\n', '')).toEqual({ sentAgain: 6, outOfOrder: 0, duplicates: 0, resets: 0 });
});

test('a network holds a connection while one of its sockets is connected to another address', () => {
  const heading = '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode';
  const row = (local: string, remote: string, state: string): string =>
    `${heading}\n   0: ${local}:C350 ${remote}:0599 ${state} 00000000:00000000 00:00000000 00000000  0  0 12345 1 0 20 4 30 10 -1\n`;
  expect(holdsConnection(row('0500640A', '0509000A', '01'))).toBe(true);
  expect(holdsConnection(row('0500640A', '0509000A', '06'))).toBe(false);
  expect(holdsConnection(row('0100007F', '0100007F', '01'))).toBe(false);
  expect(holdsConnection(heading)).toBe(false);
});
