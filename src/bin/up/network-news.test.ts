import { expect, test } from 'vitest';
import { createLog } from '#base/log.ts';
import type { FabricEvent } from '#fabric/engine.ts';
import { networkNews } from './network-news.ts';

type Refused = Extract<FabricEvent, { kind: 'refused' }>;
const refused: Refused = {
  kind: 'refused',
  endpoint: undefined,
  segment: '/net',
  host: 'db.example',
  port: 1433,
  asker: 'link shop',
  code: 'NoEndpoint',
  rule: '/net',
  remedy: 'Create one.',
  isRule: true,
};

function scene() {
  const lines: {
    readonly msg: string;
    readonly level: string;
    readonly host?: string;
    readonly code?: string;
    readonly repeats?: number;
  }[] = [];
  const clock = { nowMs: 0 };
  const tell = networkNews(createLog({ level: 'info', write: (line) => lines.push(JSON.parse(line)) }), () => clock.nowMs);
  return { lines, clock, tell };
}

test('the same refusal is said once a minute, with how many there were', () => {
  const { lines, clock, tell } = scene();
  for (let at = 0; at < 500; at++) tell(refused);
  tell({ ...refused, code: 'EndpointPending' });
  tell({ kind: 'outside', segment: '/net', host: 'db.example', port: 1433, asker: 'link shop', wouldBe: undefined });
  expect(lines.map(({ msg, code }) => [msg, code])).toEqual([
    ['connection refused', 'NoEndpoint'],
    ['connection refused', 'EndpointPending'],
    ['connection let out', undefined],
  ]);
  clock.nowMs = 60_000;
  tell(refused);
  expect(lines.at(-1)).toMatchObject({ host: 'db.example', code: 'NoEndpoint', repeats: 499 });
});

test('cuts and changes of health are said each time; steps are not news', () => {
  const { lines, tell } = scene();
  for (let at = 0; at < 2; at++) {
    tell({ kind: 'cut', endpoint: '/e', connections: 1, code: 'EndpointRejected' });
    tell({ kind: 'health', probe: '/p', backend: '/b', health: { state: 'down', reason: 'no answer', sinceMs: 0 } });
    tell({ kind: 'applied' });
    tell({ kind: 'allowed', endpoint: '/e', segment: '/net', host: 'h', port: 1, asker: undefined });
  }
  expect(lines.map(({ msg, level }) => [msg, level])).toEqual([
    ['connections cut', 'warn'],
    ['health changed', 'info'],
    ['connections cut', 'warn'],
    ['health changed', 'info'],
  ]);
});
