import { describe, expect, test } from 'vitest';
import { azCommand, isthmusCommand, sdkSnippet, type Call, type CommandPlace } from './commands.ts';

const place: CommandPlace = { origin: 'https://localhost:4433', apiVersion: '2026-11-01' };
const net = '/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/v';

describe('the command of this program', () => {
  test('reads, writes and deletes by ids', () => {
    expect(isthmusCommand({ method: 'GET', path: net })).toBe(`isthmus get ${net} -o yaml`);
    expect(isthmusCommand({ method: 'DELETE', path: net })).toBe(`isthmus delete ${net}`);
    expect(isthmusCommand({ method: 'PUT', path: net, body: { location: 'here' } })).toBe(
      `isthmus apply --yes -f - <<'END'\n{\n  "id": "${net}",\n  "location": "here"\n}\nEND`,
    );
  });

  test('knows the words for links, on the plane and by id', () => {
    const said = 'isthmus links start shop --workspace w';
    expect(isthmusCommand({ method: 'POST', path: '/synapse/w/linkConnections/shop/start' })).toBe(said);
    const id = '/subscriptions/s/resourceGroups/g/providers/Microsoft.Synapse/workspaces/w/linkConnections/shop/start';
    expect(isthmusCommand({ method: 'POST', path: id })).toBe(said);
  });

  test('knows the words for the owner of a database', () => {
    const path = `${net}/privateEndpointConnections/c`;
    const decided = (status: string): Call => ({
      method: 'PUT',
      path,
      body: { properties: { privateLinkServiceConnectionState: { status, description: "it's fine" } } },
    });
    expect(isthmusCommand(decided('Approved'))).toBe(String.raw`isthmus endpoint approve ${path} --because 'it'\''s fine'`);
    expect(isthmusCommand(decided('Rejected'))).toContain('isthmus endpoint reject');
  });

  test('is what the page says it is, quoted', () => {
    const isthmus = ['links', 'add-table', 'shop', 'public.two words'];
    expect(isthmusCommand({ method: 'POST', path: '/x', isthmus })).toBe("isthmus links add-table shop 'public.two words'");
  });

  test('is a plain request where there is no other', () => {
    expect(isthmusCommand({ method: 'POST', path: `${net}/explain`, body: { host: 'db' } })).toBe(
      `isthmus rest POST ${net}/explain --body @- <<'END'\n{\n  "host": "db"\n}\nEND`,
    );
    expect(isthmusCommand({ method: 'GET', path: '/synapse/w/linkConnections' })).toBe('isthmus rest GET /synapse/w/linkConnections');
  });
});

describe('secrets', () => {
  const call: Call = {
    method: 'PUT',
    path: net,
    body: {
      properties: {
        administratorLogin: 'sa',
        administratorLoginPassword: 'hunter2',
        connectionString: 'Host=db;Username=u;Password=hunter2;Port=5432',
        password: { type: 'SecureString', value: 'hunter2' },
        odd: 'hunter2',
      },
    },
    secrets: ['odd'],
  };

  test('are in no command', () => {
    for (const text of [isthmusCommand(call), azCommand(call, place), sdkSnippet(call, place)]) {
      expect(text).not.toContain('hunter2');
      expect(text).toContain('<administratorLoginPassword>');
      expect(text).toContain('Host=db;Username=u;Password=<password>;Port=5432');
      expect(text).toContain('"administratorLogin": "sa"');
    }
  });
});

describe('the command of Azure', () => {
  test('asks the registered cloud, and a workspace at its own address', () => {
    expect(azCommand({ method: 'GET', path: net }, place)).toBe(`az rest --method get --url '${net}?api-version=2026-11-01'`);
    expect(azCommand({ method: 'POST', path: '/synapse/w/linkConnections/l/start' }, place)).toBe(
      "az rest --method post --url 'https://localhost:4433/synapse/w/linkConnections/l/start?api-version=2026-11-01' --resource https://dev.azuresynapse.net",
    );
  });

  test('keeps the version that a path has', () => {
    expect(azCommand({ method: 'GET', path: `${net}?api-version=2020-01-01` }, place)).toContain("v?api-version=2020-01-01'");
  });
});

describe('the lines for the SDK', () => {
  test('ask by id', () => {
    expect(sdkSnippet({ method: 'DELETE', path: net }, place)).toContain('await client.resources.deleteById(id, "2026-11-01");');
    expect(sdkSnippet({ method: 'PUT', path: net, body: { location: 'here' } }, place)).toContain(
      'const resource = await client.resources.createOrUpdateById(id, "2026-11-01", {\n  "location": "here"\n});',
    );
  });

  test('know the operations of links', () => {
    expect(sdkSnippet({ method: 'POST', path: '/synapse/w/linkConnections/l/pause' }, place)).toContain(
      'client.linkConnectionOperations.pause("l")',
    );
  });

  test('go through the pipeline for what no client has', () => {
    const text = sdkSnippet({ method: 'POST', path: `${net}/explain`, body: { host: 'db' } }, place);
    expect(text).toContain('client.pipeline.sendRequest(');
    expect(text).toContain(`url: "https://localhost:4433${net}/explain?api-version=2026-11-01"`);
  });
});
