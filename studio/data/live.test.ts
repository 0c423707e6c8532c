// @vitest-environment jsdom
import { QueryClient } from '@tanstack/react-query';
import { expect, onTestFinished, test, vi } from 'vitest';
import { concerns, followChanges } from './live.ts';
import { reachability } from './reachability.ts';

const link = {
  id: '/subscriptions/1/resourceGroups/Shop/providers/Microsoft.Synapse/workspaces/w/linkConnections/l',
  type: 'Microsoft.Synapse/workspaces/linkConnections',
  kind: 'written',
} as const;
const workspace = '/subscriptions/1/resourcegroups/shop/providers/microsoft.synapse/workspaces/W';

test('a change concerns whoever watches its id, in any casing', () => {
  expect(concerns({ ids: [link.id.toUpperCase()] }, link)).toBe(true);
  expect(concerns({ ids: [workspace] }, link)).toBe(false);
});

test('a change concerns whoever watches its type, or that type of any parent', () => {
  expect(concerns({ types: ['microsoft.synapse/workspaces/LINKconnections'] }, link)).toBe(true);
  expect(concerns({ types: ['*/linkConnections'] }, link)).toBe(true);
  expect(concerns({ types: ['*/connections'] }, link)).toBe(false);
  expect(concerns({ types: ['Microsoft.Synapse/workspaces'] }, link)).toBe(false);
});

test('a change concerns whoever watches what it lies in, with a type only where that is the type', () => {
  expect(concerns({ within: workspace }, link)).toBe(true);
  expect(concerns({ within: `${workspace}2` }, link)).toBe(false);
  expect(concerns({ within: workspace, types: ['*/linkConnections'] }, link)).toBe(true);
  expect(concerns({ within: workspace, types: ['*/sqlPools'] }, link)).toBe(false);
  expect(concerns({ within: '' }, link)).toBe(true);
});

test('who watches nothing is not concerned', () => {
  expect(concerns({}, link)).toBe(false);
  expect(concerns({ ids: [] }, link)).toBe(false);
});

test('a stream that is refused because the session is over says so', async () => {
  const refusedSource = function (): object {
    const source = Object.assign(new EventTarget(), { readyState: 2, close: () => undefined });
    queueMicrotask(() => source.dispatchEvent(new Event('error')));
    return source;
  };
  const asked: string[] = [];
  vi.stubGlobal('EventSource', Object.assign(refusedSource, { CLOSED: 2 }));
  vi.stubGlobal('fetch', async (url: string) => {
    asked.push(url);
    return Response.json({ error: { code: 'SessionEnded', message: 'Nobody is signed in here.' } }, { status: 401 });
  });
  onTestFinished(() => void vi.unstubAllGlobals());
  const end = followChanges(new QueryClient());
  await expect.poll(() => reachability.get().signedOut).toBe(true);
  end();
  expect(new Set(asked.map((url) => new URL(url).pathname))).toEqual(new Set(['/studio/session']));
});
