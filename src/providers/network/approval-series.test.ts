import { expect, test } from 'vitest';
import type { Resource } from '#arm/resource.ts';
import type { ListQuery } from '#arm/store.ts';
import { approvalSeries } from './approval-series.ts';

const nowMs = Date.parse('2026-03-01T12:00:00Z');
const type = 'Microsoft.Sql/servers/privateEndpointConnections';

function connection(name: string, status: string, expiresAt?: string): Resource {
  const properties = { privateLinkServiceConnectionState: { status }, approval: expiresAt === undefined ? {} : { expiresAt } };
  return { id: `/s/${name}`, type, properties } as unknown as Resource;
}

test('of approvals that end it is measured how long they last; of others nothing', async () => {
  const all = [
    connection('soon', 'Approved', '2026-03-01T12:01:30Z'),
    connection('over', 'Approved', '2026-03-01T11:00:00Z'),
    connection('lasts', 'Approved'),
    connection('pending', 'Pending', '2026-03-01T12:01:30Z'),
  ];
  const asked: string[] = [];
  const source = approvalSeries({
    list: async (query: ListQuery) => {
      asked.push(query.type ?? '');
      return query.type === type ? all : [];
    },
  });
  expect((await source.read(nowMs)).map(({ resource, metric, value }) => [resource, metric, value])).toEqual([
    ['/s/soon', 'ApprovalExpiresInSeconds', 90],
    ['/s/over', 'ApprovalExpiresInSeconds', 0],
  ]);
  expect(asked).toEqual(source.types);
  expect(source.within).toMatchObject({
    types: expect.arrayContaining(['Microsoft.Sql/servers', 'Microsoft.Network/privateLinkServices']),
  });
});
