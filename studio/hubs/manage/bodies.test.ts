import { expect, test } from 'vitest';
import { egressModes, modeBody, modeConsequence } from './egress.ts';
import { emptyHome, homeBody, homePath, homeProblem, ruleBody, ruleProblem } from './home-draft.ts';
import { poolBody, poolProblem } from './pool.ts';
import { newSecretOf, passwordsWord } from './principal.ts';
import { authoringWord, minutesWord, runtimeBody, runtimeStatus } from './runtime.ts';

test('a workspace has its network and protection from the start, a data factory a mode', () => {
  const draft = { ...emptyHome, group: 'g', name: 'shop' };
  expect(homePath({ ...draft, kind: 'workspace' }, '/subscriptions/s')).toBe(
    '/subscriptions/s/resourceGroups/g/providers/Microsoft.Synapse/workspaces/shop',
  );
  expect(homeBody({ ...draft, kind: 'workspace', isPublic: false })).toMatchObject({
    properties: {
      managedVirtualNetwork: 'default',
      managedVirtualNetworkSettings: { preventDataExfiltration: true },
      publicNetworkAccess: 'Disabled',
      trustedServiceBypassEnabled: true,
    },
  });
  const { properties } = homeBody({ ...draft, kind: 'workspace', managed: false }) as { properties: object };
  expect(properties).not.toHaveProperty('managedVirtualNetworkSettings');
  expect(homeBody({ ...draft, kind: 'data factory' })).toMatchObject({ tags: { 'hidden-egress-mode': 'enforce' } });
  expect(homeProblem({ ...draft, kind: 'workspace', name: 'Shop' })).toContain('small letters');
  expect(homeProblem({ ...draft, kind: 'data factory', name: 'Shop-1' })).toBeUndefined();
  expect(homeProblem({ ...draft, kind: 'workspace', group: ' ' })).toContain('resource group');
});

test('a firewall rule of one address begins and ends with it', () => {
  expect(ruleBody({ name: 'me', from: ' 203.0.113.4 ', to: '' })).toEqual({
    properties: { startIpAddress: '203.0.113.4', endIpAddress: '203.0.113.4' },
  });
  expect(ruleProblem({ name: 'me', from: '203.0.113.400', to: '' })).toContain('IPv4');
  expect(ruleProblem({ name: 'me', from: '0.0.0.0', to: '0.0.0.0' })).toBeUndefined();
});

test('the mode is one tag beside the others, and its consequence names what would break', () => {
  expect(modeBody({ owner: 'anna', 'Hidden-Egress-Mode': 'open' }, 'report')).toEqual({
    tags: { owner: 'anna', 'hidden-egress-mode': 'report' },
  });
  const broken = { host: 'pypi.org', port: 443, count: 2, first: '', last: '' };
  expect(modeConsequence('enforce', { mode: 'report', wouldBreak: [broken] })).toBe(
    'One way out that was used would be refused: pypi.org:443.',
  );
  expect(modeConsequence('enforce', { mode: 'report', wouldBreak: [broken, { ...broken, port: 80 }] })).toContain(
    '2 ways out that were used',
  );
  expect(modeConsequence('enforce', { mode: 'open', wouldBreak: [] })).toContain('Report');
  expect(egressModes.map(({ mode }) => mode)).toEqual(['open', 'report', 'enforce']);
});

test('a pool has its level, and its memory as a tag where it is said', () => {
  expect(poolBody({ name: 'p', level: 'DW200c', memory: ' ' }, 'westeurope')).toEqual({
    location: 'westeurope',
    sku: { name: 'DW200c' },
    properties: {},
  });
  expect(poolBody({ name: 'p', level: 'DW100c', memory: '512' }, 'x')).toMatchObject({ tags: { 'hidden-memory-mb': '512' } });
  expect(poolProblem({ name: 'p-1', level: 'DW100c', memory: '' })).toContain('name');
  expect(poolProblem({ name: 'p', level: 'DW100c', memory: '100' })).toContain('256');
});

test('interactive authoring is told with its worker and its end', () => {
  const status = (interactiveQuery: object) =>
    runtimeStatus({
      name: 'r',
      properties: { state: 'Online', isolated: true, typeProperties: { otherErrors: [], interactiveQuery } },
    } as never);
  const until = '2026-11-29T13:00:00Z';
  const on = status({ status: 'Enabled', autoTerminationMinutes: 90, autoTerminationTime: until, worker: { state: 'warm' } });
  expect(on).toMatchObject({ state: 'Online', isolated: true, authoring: { until, minutes: 90, worker: 'warm' } });
  expect(authoringWord(on)).toContain('90 minutes after the last use');
  expect(authoringWord(status({ status: 'Enabling', worker: { state: 'starting' } }))).toContain('starting');
  expect(authoringWord(status({ status: 'Disabled', autoTerminationMinutes: 60 }))).toContain('Off');
  expect([1, 60, 240, 45].map(minutesWord)).toEqual(['1 minute', '1 hour', '4 hours', '45 minutes']);
});

test('a runtime that cannot start workers says why', () => {
  const offline = runtimeStatus({
    name: 'r',
    properties: { state: 'Offline', typeProperties: { otherErrors: [{ code: 'NotIsolated', message: 'No sandbox.' }] } },
  });
  expect(offline).toMatchObject({ state: 'Offline', isolated: undefined, troubles: ['NotIsolated: No sandbox.'] });
});

test('a runtime stands in the managed network only where that is asked', () => {
  expect(runtimeBody({ description: '', managed: true })).toMatchObject({
    properties: { managedVirtualNetwork: { referenceName: 'default', type: 'ManagedVirtualNetworkReference' } },
  });
  expect(runtimeBody({ description: 'x', managed: false })['properties']).not.toHaveProperty('managedVirtualNetwork');
});

test('secrets are counted by whether they are over; a new one is taken from its answer', () => {
  const nowMs = Date.parse('2026-11-29T12:00:00Z');
  const password = (end: string | undefined) => ({ keyId: 'k', displayName: undefined, hint: 'abc', start: '', end });
  expect(passwordsWord({ passwords: [] }, nowMs)).toContain('none');
  expect(passwordsWord({ passwords: [password('2026-11-29T11:00:00Z')] }, nowMs)).toBe('1 over');
  expect(passwordsWord({ passwords: [password(undefined), password('2026-11-29T11:00:00Z')] }, nowMs)).toBe('1, 1 over');
  expect(newSecretOf({ appId: 'a', secretText: 's', tenantId: 't', endDateTime: 'e' })).toEqual({
    clientId: 'a',
    secret: 's',
    tenant: 't',
    end: 'e',
  });
});
