import { expect, test } from 'vitest';
import { eventWord, type ConnectionRecord } from './history.ts';

const record = (changes: ConnectionRecord['changes'], action = 'x/privateEndpointConnections/write'): ConnectionRecord => ({
  sequence: 1,
  time: '',
  action,
  principal: 'p',
  principalName: 'p',
  outcome: 'succeeded',
  ...(changes && { changes }),
});
const state = 'properties.privateLinkServiceConnectionState';
const decisions = (...all: readonly object[]) => ({ name: 'properties.approval.decisions', before: '[]', after: JSON.stringify(all) });

test('a record tells what became of the connection and why', () => {
  const approved = { status: 'Approved', because: 'ticket 4711' };
  expect(eventWord(record([{ name: `${state}.status`, before: 'Pending', after: 'Approved' }, decisions(approved)]))).toBe(
    'Pending → Approved: ticket 4711',
  );
  expect(eventWord(record([decisions({ status: 'Approved', because: 'one' }, { status: 'Approved', because: 'two' })]))).toBe(
    'Approved: two',
  );
  expect(eventWord(record([{ name: 'privateLinkServiceConnectionState.status', after: 'Pending' }]))).toBe('Pending');
});

test('what says nothing of the state is told by its action, what was cut off too', () => {
  expect(eventWord(record(undefined, 'x/privateEndpointConnections/cut/action'))).toBe('cut/action');
  expect(eventWord(record([{ name: 'properties.approval.decisions', after: '[{"by":"…' }]))).toBe('privateEndpointConnections/write');
});
