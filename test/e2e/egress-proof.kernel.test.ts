import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { hubLabel } from '../../src/bin/up/fabric-engine.ts';
import { describeEgressProof, type LegCounts, type Look } from './egress-proof.contract.ts';
import { isthmus } from './program.ts';

/** Every packet on the worker's leg, either way: of the endpoint, of the segment's resolver, of the two ends of the leg that look for each other, or any other. */
const directions = [
  { chain: 'egress', name: (kind: string) => kind, side: 'daddr', port: 'dport' },
  { chain: 'ingress', name: (kind: string) => `${kind}_back`, side: 'saddr', port: 'sport' },
] as const;
const kinds = ['endpoint', 'resolver', 'neighbour', 'elsewhere'];

function rules(port: number): string {
  const counters = directions.flatMap(({ name }) => kinds.map((kind) => `counter ${name(kind)} { }`));
  const chains = directions.map(
    ({ chain, name, side, port: of }) => `chain ${chain} {
      type filter hook ${chain} device net0 priority 0; policy accept;
      ip ${side} 100.64.0.0/10 tcp ${of} ${port} counter name ${name('endpoint')} accept
      ip ${side} 168.63.129.16 udp ${of} 53 counter name ${name('resolver')} accept
      ether type arp counter name ${name('neighbour')} accept
      counter name ${name('elsewhere')}
    }`,
  );
  return `table netdev proof {\n${[...counters, ...chains].join('\n')}\n}`;
}

/** What passed the interface, from /proc/net/dev: bytes and packets, received and then sent. */
function leg({ dev }: Look): { readonly packets: number; readonly packetsBack: number } {
  const numbers = /^\s*net0:(.*)$/m.exec(dev)?.[1]?.trim().split(/\s+/).map(Number) ?? [];
  return { packets: numbers[9]!, packetsBack: numbers[1]! };
}

const ethernetBytes = 14;
/** Of IPv4, TCP and its time stamps. */
const headerBytes = 52;

/** Both sides of the proof, and the interface, against what rules of our own counted in the worker's network. */
function wrong(before: Look, after: Look): readonly string[] {
  const since = (name: string, of: keyof LegCounts[string]): number => after.counts[name]![of] - before.counts[name]![of];
  const all = (name: (kind: string) => string): number => kinds.reduce((sum, kind) => sum + since(name(kind), 'packets'), 0);
  const [out, back] = directions;
  const counted = (way: 'sent' | 'received'): number => {
    const [then, now] = [before, after].map(({ proof }) => proof.counted.reduce((sum, one) => sum + one[way], 0));
    return now! - then!;
  };
  const payload = since('endpoint', 'bytes') - since('endpoint', 'packets') * (ethernetBytes + headerBytes);
  const payloadBack = since('endpoint_back', 'bytes') - since('endpoint_back', 'packets') * headerBytes;
  const [first, last] = [leg(before), leg(after)];
  const pairs: readonly (readonly [string, number, number])[] = [
    ['packets out of the interface', all(out.name), last.packets - first.packets],
    ['packets into the interface', all(back.name), last.packetsBack - first.packetsBack],
    ['bytes that its endpoint counted from it', payload, counted('sent')],
    ['bytes that its endpoint counted to it', payloadBack, counted('received')],
    ['engine', Number(after.proof.engine === 'kernel'), 1],
  ];
  return pairs.flatMap(([what, ours, theirs]) => (ours === theirs ? [] : [`${what}: ${ours} is not ${theirs}`]));
}

const plane = describeEgressProof({ options: ['--engine', 'kernel'], interfaces: ['lo', 'net0'], hearsAttempts: true, rules, wrong });

test('nothing of it is left on this host by one command', async () => {
  const { folder } = plane();
  await plane()[Symbol.asyncDispose]();
  expect(await isthmus(['down', '--data', folder])).toMatchObject({ code: 0, out: expect.stringContaining('is gone') });
  expect(existsSync(join('/run/netns', `isthmus-${hubLabel(folder)}`))).toBe(false);
});
