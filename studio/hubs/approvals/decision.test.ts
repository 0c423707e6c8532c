import { expect, test } from 'vitest';
import { connectionShown, type EndpointConnection } from '#arm/endpoint-connection.ts';
import { askerWord, connectionAddress, consequence, decisionWriting, inPart, progressText, targetWord, verbsFor } from './decision.ts';

const group = '/subscriptions/s/resourceGroups/g/providers';
const target = `${group}/Microsoft.Network/privateLinkServices/pls`;
const nowMs = Date.parse('2026-11-29T12:00:00Z');

function connection(status: string, approval: object = {}): EndpointConnection {
  return connectionShown(
    {
      id: `${target}/privateEndpointConnections/shop.1`,
      name: 'shop.1',
      properties: {
        privateEndpoint: { id: `${group}/Microsoft.Synapse/workspaces/w/managedVirtualNetworks/default/managedPrivateEndpoints/shop` },
        privateLinkServiceConnectionState: { status, description: '', actionsRequired: 'None' },
        approval: {
          requestedBy: 'anna',
          requestedAt: '2026-11-29T11:00:00Z',
          requestMessage: 'please',
          approversNeeded: 1,
          decisions: [],
          ...approval,
        },
      },
    },
    nowMs,
  );
}

test('what can be decided follows from the state; what ended has to be asked for anew', () => {
  expect(['Pending', 'Approved', 'Rejected', 'Disconnected'].map((status) => verbsFor({ status }))).toEqual([
    ['Approve', 'Reject'],
    ['Revoke'],
    [],
    [],
  ]);
});

test('a decision is a write of the state with its reason, over what was looked at', () => {
  const { id } = connection('Approved');
  expect(decisionWriting(connection('Approved'), { verb: 'Revoke', because: 'leak', etag: '"7"' })).toEqual({
    title: 'Revoke shop',
    method: 'PUT',
    path: id,
    body: { properties: { privateLinkServiceConnectionState: { status: 'Rejected', description: 'leak' } } },
    ifMatch: '"7"',
  });
});

test('where several must approve, progress and consequence say how many have and are missing', () => {
  const approved = (by: string) => ({ by, at: '2026-11-29T11:30:00Z', status: 'Approved', because: 'ok', through: 'owner' });
  const one = connection('Pending', { approversNeeded: 3, decisions: [approved('berta'), approved('berta')] });
  expect(progressText(one)).toBe('1 of 3 approved');
  expect(consequence('Approve', one)).toBe('2 of 3 people will have approved. Traffic passes when one more person does.');
  expect(consequence('Approve', connection('Pending'))).toBe('From then on traffic passes to pls.');
  expect(progressText(connection('Pending'))).toBeUndefined();
});

test('approvals of a time that is over do not count for the next', () => {
  const before = { by: 'berta', at: '2026-11-29T11:10:00Z', status: 'Approved', because: 'ok', through: 'owner' };
  const ended = connection('Pending', { approversNeeded: 2, decisions: [before], expiresAt: '2026-11-29T11:50:00Z' });
  expect(ended.approvals).toEqual({ given: 0, needed: 2, by: [] });
});

test('the inbox is narrowed by part, words and endpoint', () => {
  const all = [connection('Pending'), connection('Approved'), connection('Rejected')];
  const states = (ask: Parameters<typeof inPart>[1]): readonly string[] => inPart(all, ask).map(({ status }) => status);
  expect(states({ part: 'pending', text: '', endpoint: undefined })).toEqual(['Pending']);
  expect(states({ part: 'ended', text: 'PLS please', endpoint: undefined })).toEqual(['Rejected']);
  expect(states({ part: 'all', text: '', endpoint: all[0]!.endpoint.toUpperCase() })).toHaveLength(3);
  expect(states({ part: 'all', text: 'nothing such', endpoint: undefined })).toEqual([]);
});

test('who asks and for what is told in words', () => {
  expect(askerWord(connection('Pending').endpoint)).toBe('managed private endpoint of the workspace w');
  expect(askerWord(`${group}/Microsoft.Network/privateEndpoints/pe`)).toBe('private endpoint');
  expect(targetWord(target)).toBe('private link service');
  expect(targetWord(`${group}/Microsoft.DBforMySQL/flexibleServers/m`)).toBe('MySQL server');
  expect(connectionAddress('/a/b c')).toBe('/approvals/a/b%20c');
});
