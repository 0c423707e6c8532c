import { afterAll, expect, test } from 'vitest';
import { runChaos, type Chaos } from './chaos-run.ts';

/** `ISTHMUS_CHAOS_CHANGES=200`, `ISTHMUS_CHAOS_SEED=7`: how many changes, and with which schedule. */
const changes = Number(process.env['ISTHMUS_CHAOS_CHANGES'] ?? 200);
const seed = Number(process.env['ISTHMUS_CHAOS_SEED'] ?? 1);

const facts: string[] = [];
afterAll(() => process.stderr.write(`${facts.join('\n')}\n`));

test(
  `${changes} changes of plans under traffic, with kills and flushed rules: no packet that no plan allows, no connection lost`,
  { timeout: 600_000 },
  async () => {
    const judged = await runChaos({ seed, changes });
    facts.push(`chaos, seed ${seed}: ${JSON.stringify(judged.facts)}`);
    expect(judged.troubles, `replay: ISTHMUS_CHAOS_SEED=${seed} ISTHMUS_CHAOS_CHANGES=${changes}`).toEqual([]);
  },
);

/** Sends one SYN from within the hub to a server that no plan leads to. */
const knock = `require('node:net').connect({ host: process.argv[1], port: Number(process.argv[2]), timeout: 1000 })
  .on('connect', () => process.exit()).on('error', () => process.exit()).on('timeout', () => process.exit())`;

test.for<[string, RegExp, (on: Chaos) => Promise<void>]>([
  [
    'endpoints that stay open though nobody is approved',
    /(a connection was let in that no plan allows|a packet passed)/,
    async (on) => on.pretendRevoked(),
  ],
  [
    'a packet that is sent on beside the rules',
    /a packet of no connection left the hub/,
    async (on) => void (await on.inHub(process.execPath, '-e', knock, on.servers.host, String(on.servers.ports[0]))),
  ],
  [
    'connections that the kernel is made to forget',
    /a connection was lost that nothing touched|nothing came for/,
    async (on) => void (await on.inHub('/usr/sbin/conntrack', '-F')),
  ],
  [
    'bytes that are lost on the way',
    /bytes are not as they were sent|nothing came for/,
    async (on) => {
      on.eats = true;
    },
  ],
])('it would see %s', { timeout: 120_000 }, async ([, said, mistake]) => {
  const { troubles } = await runChaos({ seed, changes: 6, mistake });
  expect(troubles.filter((one) => said.test(one))).not.toEqual([]);
});
