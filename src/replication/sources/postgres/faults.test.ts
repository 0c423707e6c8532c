import { expect, test } from 'vitest';
import type { ServerNotice } from '#wire/pg/backend.ts';
import { certificateFault, connectionFault, endsConnection, serverFault, sqlstateOf } from './faults.ts';
import { states } from './sqlstates.ts';

const notice = (sqlstate: string, message = 'the message', more: Partial<ServerNotice> = {}): ServerNotice => ({
  severity: 'ERROR',
  sqlstate,
  message,
  schema: undefined,
  table: undefined,
  constraint: undefined,
  routine: undefined,
  ...more,
});

test.each([
  ['28P01', 'unauthenticated', 'WrongPassword'],
  ['28000', 'unauthenticated', 'LoginRefused'],
  ['3D000', 'missing', 'DatabaseMissing'],
  ['53300', 'throttled', 'TooManyConnections'],
  ['53100', 'throttled', 'SourceDiskFull'],
  ['53400', 'precondition', 'ConfigurationLimit'],
  ['57P01', 'unreachable', 'SourceStopping'],
  ['57P02', 'unreachable', 'SourceCrashed'],
  ['57P03', 'unreachable', 'SourceStarting'],
  ['57014', 'cancelled', 'StatementCancelled'],
  ['42501', 'denied', 'PermissionDenied'],
  ['42P01', 'missing', 'TableMissing'],
  ['55006', 'conflict', 'ObjectInUse'],
  ['55000', 'precondition', 'NotReady'],
  ['40001', 'throttled', 'SourceBusy'],
  ['54000', 'unsupported', 'SourceLimit'],
  ['42601', 'invalid', 'StatementRefused'],
  ['ZZ999', 'invalid', 'StatementRefused'],
])('SQLSTATE %s is %s %s', (sqlstate, kind, code) => {
  const fault = serverFault(notice(sqlstate), 'db:5432');
  expect(fault).toMatchObject({ kind, code, target: undefined, message: expect.stringContaining(sqlstate), remedy: expect.any(String) });
  expect(sqlstateOf(fault)).toBe(sqlstate);
});

test('every row has a sentence and a remedy', () => {
  for (const row of Object.values(states)) {
    expect(row.sentence).toMatch(/^[A-Z].*\.$/);
    expect(row.remedy).toMatch(/^.{10,}\.$/);
  }
});

test('the message of the server is quoted only where it holds no value', () => {
  expect(serverFault(notice('55006', 'replication slot "s" is active for PID 7'), 'db:5432').message).toContain('active for PID 7');
  for (const state of ['22P02', '22003', '23505', 'P0001', '42601', '38000', 'HV000', 'ZZ999']) {
    expect(serverFault(notice(state, 'invalid input: "4111 1111"'), 'db:5432').message).not.toContain('4111');
  }
});

test('what is quoted is one line of bounded length', () => {
  const { message } = serverFault(notice('55000', `a\nb\u001b[31m${'x'.repeat(5000)}`), 'db:5432');
  expect(message).toContain('a b [31mx');
  expect(message.length).toBeLessThan(500);
});

test('the target is the table that the server names, or the server where the session ends', () => {
  expect(serverFault(notice('57P01', 'm', { severity: 'FATAL' }), 'db:5432').target).toBe('db:5432');
  expect(serverFault(notice('23505', 'm', { schema: 's', table: 't' }), 'db:5432').target).toBe('s.t');
});

test('FATAL ends a connection, ERROR does not; sqlstateOf knows only the faults of servers', () => {
  expect([endsConnection(notice('57P01', '', { severity: 'FATAL' })), endsConnection(notice('42P01'))]).toEqual([true, false]);
  expect(sqlstateOf(connectionFault('lost', 'db:5432'))).toBeUndefined();
  expect(sqlstateOf('text')).toBeUndefined();
});

test.each([
  ['SELF_SIGNED_CERT_IN_CHAIN', 'UnknownAuthority'],
  ['CERT_HAS_EXPIRED', 'CertificateExpired'],
  ['CERT_REVOKED', 'CertificateRefused'],
])('certificate error %s is %s', (reason, code) => {
  expect(certificateFault(reason, 'db:5432')).toMatchObject({
    kind: 'unauthenticated',
    code,
    target: 'db:5432',
    remedy: expect.any(String),
  });
});
