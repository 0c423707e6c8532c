import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { emptyTable, slotCount, type KernelTable } from './kernel-table.ts';
import { beginText, changeText, emptyText } from './ruleset.ts';

const table: KernelTable = {
  nics: [{ name: 'w1', segment: 3, address: '198.18.16.9' }],
  doors: [{ segment: 3, address: '10.0.9.5', entry: '198.18.32.7', port: 1433, link: 17, rule: 5, endsMs: undefined }],
  rules: [
    { number: 5, by: 'ports', slots: Array.from({ length: slotCount }, (_, slot) => 100 + (slot & 1)), idleSeconds: 900, tcpReset: true },
  ],
  backends: [
    { number: 100, source: { address: '198.18.1.1', ports: undefined }, target: { address: '198.18.0.1', port: 14_330 } },
    { number: 101, source: { address: '198.18.1.2', ports: { first: 8_192, last: 12_287 } }, target: { address: '192.0.2.2', port: 1433 } },
  ],
};

test('the chains, whole', () => {
  const rules = beginText({ host: 'up0', hostAddress: '198.18.0.1' })
    .split('\n')
    .filter((line) => line.startsWith('add rule'));
  expect(rules.map((line) => line.replace('add rule inet isthmus ', ''))).toMatchInlineSnapshot(`
    [
      "c_enter meta nfproto != ipv4 counter name not_ip4 drop",
      "c_enter iifname up0 accept",
      "c_enter iifname up1 accept",
      "c_enter ip daddr 168.63.129.16 udp dport 53 iifname . ip saddr @nic_address update @asks { ip saddr limit rate over 500/second burst 100 packets } counter name asks_too_often drop",
      "c_enter ip daddr 168.63.129.16 udp dport 53 iifname . ip saddr @nic_address notrack accept",
      "c_enter iifname . ip saddr @nic_address accept",
      "c_enter iifname lo accept",
      "c_enter meta l4proto { tcp, udp } update @strayed { iifname . ip daddr . th dport counter }",
      "c_enter meta l4proto != { tcp, udp } update @strayed { iifname . ip daddr . 0 counter }",
      "c_enter iifname @nic_refused continue",
      "c_enter counter name spoofed drop",
      "c_mark ct mark != 0 meta mark set ct mark",
      "c_mark ct state new iifname up0 ip saddr 198.18.0.1 ip ttl 255 meta mark set 1",
      "c_mark ct state new iifname != up0 meta mark set iifname map @segment_of",
      "c_mark ct state new meta l4proto tcp ct mark set meta mark . ip daddr . tcp dport map @door",
      "c_choose ct mark 0 accept",
      "c_choose meta l4proto != tcp accept",
      "c_choose meta mark set ct mark . tcp dport map @rule_of",
      "c_choose meta priority set jhash ip saddr . tcp sport . ip daddr . tcp dport mod 16 seed 0x5eed",
      "c_choose meta mark @by_address meta priority set jhash ip saddr . ip daddr mod 16 seed 0x5eed",
      "c_choose meta mark set meta mark . meta priority map @slot",
      "c_choose meta l4proto tcp dnat ip to meta mark map @target",
      "c_decide iifname up1 ct direction original counter name from_outside drop",
      "c_decide iifname up1 ct state invalid counter name from_outside drop",
      "c_decide ct state invalid meta mark set iifname map @segment_of",
      "c_decide ct state invalid iifname up0 meta mark set 1",
      "c_decide ct state invalid meta l4proto tcp meta mark . ip daddr . tcp dport @with_reset counter name forgotten reject with tcp reset",
      "c_decide ct state invalid ip saddr . tcp sport . ip daddr . tcp dport @cut_off counter name forgotten reject with tcp reset",
      "c_decide ct state invalid counter name forgotten drop",
      "c_decide ct state new ct mark != 0 iifname != up0 add @crowd { iifname ct count over 256 } update @crowded { iifname . ip daddr . tcp dport counter } counter name too_many reject with tcp reset",
      "c_decide ct mark != 0 ct status and dnat == dnat accept",
      "c_decide ct state related meta l4proto icmp accept",
      "c_decide ct state untracked ip daddr 168.63.129.16 udp dport 53 accept",
      "c_decide iifname @nic_refused continue",
      "c_decide iifname up0 ct mark != 0 add @link_refused { ct mark counter } counter name no_backend reject with tcp reset",
      "c_decide iifname != up0 ct mark != 0 update @unbacked { iifname . ip daddr . tcp dport counter }",
      "c_decide ct mark != 0 counter name no_backend reject with tcp reset",
      "c_decide iifname != up0 meta l4proto { tcp, udp } update @tried { iifname . ip daddr . th dport counter }",
      "c_decide iifname != up0 meta l4proto != { tcp, udp } update @tried { iifname . ip daddr . 0 counter }",
      "c_decide meta l4proto tcp counter name no_door reject with tcp reset",
      "c_decide counter name no_door drop",
      "c_pass ct state related meta l4proto icmp ct mark @link_in accept",
      "c_pass ct direction original ct mark @link_in accept",
      "c_pass ct direction reply ct mark @link_out accept",
      "c_pass ct mark != 0 ip length 40 tcp doff 5 tcp flags & rst == rst accept",
      "c_pass ct mark != 0 ip length 52 tcp doff 8 tcp flags & rst == rst accept",
      "c_pass ct mark != 0 ct direction original meta l4proto tcp update @cut_off { ct reply ip saddr . ct reply proto-src . ct reply ip daddr . ct reply proto-dst }",
      "c_pass ct mark != 0 ct direction reply meta l4proto tcp update @cut_off { ct original ip saddr . ct original proto-src . ct original ip daddr . ct original proto-dst }",
      "c_pass ct mark != 0 meta l4proto tcp counter name revoked reject with tcp reset",
      "c_pass counter name unrouted drop",
      "c_enter_hub iifname lo accept",
      "c_enter_hub ct state untracked ip daddr 168.63.129.16 udp dport 53 accept",
      "c_enter_hub counter name unrouted drop",
      "c_answer ip saddr 168.63.129.16 udp sport 53 notrack",
      "c_source ct mark != 0 snat ip to meta mark map @source",
      "c_source ct mark != 0 meta l4proto tcp snat ip to meta mark map @source_ports",
    ]
  `);
});

test('a plan is elements, and one endpoint more is a few', () => {
  expect(changeText(emptyTable, table, 0)).toMatchInlineSnapshot(`
    "add ct timeout inet isthmus idle_900 {
      protocol tcp;
      l3proto ip;
      policy = { established : 900, close_wait : 900, fin_wait : 900, time_wait : 30 };
    }
    add set inet isthmus idle_900 { type mark . inet_service; }
    add chain inet isthmus c_idle_900 { type filter hook prerouting priority mangle + 1; policy accept; }
    flush chain inet isthmus c_idle_900
    add rule inet isthmus c_idle_900 ct state new ct mark . tcp dport @idle_900 ct timeout set "idle_900"
    add element inet isthmus segment_of { "w1" : 0x00000003 }
    add element inet isthmus nic_address { "w1" . 198.18.16.9 }
    add element inet isthmus door { 0x00000003 . 10.0.9.5 . 1433 : 0x00000011, 0x00000001 . 198.18.32.7 . 1433 : 0x00000011 }
    add element inet isthmus rule_of { 0x00000011 . 1433 : 0x00000005 }
    add element inet isthmus with_reset { 0x00000003 . 10.0.9.5 . 1433, 0x00000001 . 198.18.32.7 . 1433 }
    add element inet isthmus slot { 0x00000005 . 0:0 : 0x00000064, 0x00000005 . 0:1 : 0x00000065, 0x00000005 . 0:2 : 0x00000064, 0x00000005 . 0:3 : 0x00000065, 0x00000005 . 0:4 : 0x00000064, 0x00000005 . 0:5 : 0x00000065, 0x00000005 . 0:6 : 0x00000064, 0x00000005 . 0:7 : 0x00000065, 0x00000005 . 0:8 : 0x00000064, 0x00000005 . 0:9 : 0x00000065, 0x00000005 . 0:a : 0x00000064, 0x00000005 . 0:b : 0x00000065, 0x00000005 . 0:c : 0x00000064, 0x00000005 . 0:d : 0x00000065, 0x00000005 . 0:e : 0x00000064, 0x00000005 . 0:f : 0x00000065 }
    add element inet isthmus target { 0x00000064 : 198.18.0.1 . 14330, 0x00000065 : 192.0.2.2 . 1433 }
    add element inet isthmus source { 0x00000064 : 198.18.1.1 }
    add element inet isthmus source_ports { 0x00000065 : 198.18.1.2 . 8192-12287 }
    add element inet isthmus link_in { 0x00000011 }
    add element inet isthmus link_out { 0x00000011 }
    add element inet isthmus nic_refused { "w1" }
    add element inet isthmus idle_900 { 0x00000011 . 1433 }
    "
  `);
  const second = { ...table.doors[0]!, address: '10.0.9.6', entry: '198.18.32.8', link: 18 };
  expect(changeText(table, { ...table, doors: [...table.doors, second] }, 0)).toMatchInlineSnapshot(`
    "add element inet isthmus door { 0x00000003 . 10.0.9.6 . 1433 : 0x00000012, 0x00000001 . 198.18.32.8 . 1433 : 0x00000012 }
    add element inet isthmus rule_of { 0x00000012 . 1433 : 0x00000005 }
    add element inet isthmus with_reset { 0x00000003 . 10.0.9.6 . 1433, 0x00000001 . 198.18.32.8 . 1433 }
    add element inet isthmus link_in { 0x00000012 }
    add element inet isthmus link_out { 0x00000012 }
    add element inet isthmus idle_900 { 0x00000012 . 1433 }
    "
  `);
});

test('what goes, goes before anything comes, in the same text; what stays is not touched', () => {
  const text = changeText(
    table,
    {
      ...table,
      backends: [{ ...table.backends[0]!, target: { address: '192.0.2.9', port: 1433 } }, table.backends[1]!],
    },
    0,
  );
  expect(text).toBe(
    ['delete element inet isthmus target { 0x00000064 }', 'add element inet isthmus target { 0x00000064 : 192.0.2.9 . 1433 }', ''].join(
      '\n',
    ),
  );
  expect(changeText(table, structuredClone(table), 0)).toBe('');
});

test('an endpoint that is revoked loses its doors and its packets in one text', () => {
  const lines = changeText(table, { ...table, doors: [] }, 0)
    .trimEnd()
    .split('\n');
  expect(lines.every((line) => line.startsWith('delete element'))).toBe(true);
  expect(lines.some((line) => line.includes(' door '))).toBe(true);
  expect(lines.some((line) => line.includes(' link_in { 0x00000011 }'))).toBe(true);
});

test('an approval that has an end lasts until then, by the kernel, and goes in one text with what it may have taken away already', () => {
  const nowMs = Date.UTC(2026, 0, 1);
  const ending = (endsMs: number | undefined): KernelTable => ({ ...table, doors: table.doors.map((door) => ({ ...door, endsMs })) });
  const passes = (text: string): readonly string[] => text.split('\n').filter((line) => line.includes(' link_in '));
  const [shortly, later] = [nowMs + 1_500, nowMs + 40 * 86_400_000 + 61_001];
  expect(passes(changeText(emptyTable, ending(shortly), nowMs))).toEqual([
    'add element inet isthmus link_in { 0x00000011 timeout 1s500ms }',
  ]);
  expect(changeText(ending(shortly), ending(shortly), nowMs + 900)).toBe('');
  expect(passes(changeText(ending(shortly), ending(later), nowMs))).toEqual([
    'add element inet isthmus link_in { 0x00000011 }',
    'delete element inet isthmus link_in { 0x00000011 }',
    'add element inet isthmus link_in { 0x00000011 timeout 40d1m1s1ms }',
  ]);
  expect(passes(changeText(ending(later), ending(undefined), nowMs)).at(-1)).toBe('add element inet isthmus link_in { 0x00000011 }');
  expect(passes(changeText(emptyTable, ending(nowMs - 5), nowMs))).toEqual(['add element inet isthmus link_in { 0x00000011 timeout 1ms }']);
  expect(() => changeText(emptyTable, ending(Number.NaN), nowMs)).toThrow('moment');
});

test('after a crash everything that was there is emptied by name, and no object that live connections hold', () => {
  expect(emptyText()).toContain('flush map inet isthmus door\n');
  expect(emptyText()).not.toContain('idle_');
});

test('nothing but numbers, addresses and names of ours is ever written', () => {
  const hostile = ['1.2.3.4; flush ruleset', 'up0" drop', ''];
  for (const text of hostile) {
    expect(() => changeText(emptyTable, { ...table, nics: [{ ...table.nics[0]!, name: text }] }, 0)).toThrow('name of ours');
    expect(() => changeText(emptyTable, { ...table, doors: [{ ...table.doors[0]!, address: text }] }, 0)).toThrow('IPv4');
  }
  for (const number of [0, -1, 1.5, Number.NaN, 2 ** 32])
    expect(() => changeText(emptyTable, { ...table, doors: [{ ...table.doors[0]!, link: number }] }, 0)).toThrow('32 bits');
});

/** What is in the kernel after these texts, by set; throws where the kernel would refuse one. */
function elementsAfter(...texts: readonly string[]): Readonly<Record<string, readonly string[]>> {
  const inside = new Map<string, Map<string, string>>();
  for (const [, verb, set = '', list = ''] of texts.join('').matchAll(/^(add|delete) element inet isthmus (\w+) \{ (.*) \}$/gm)) {
    const elements = inside.get(set) ?? new Map<string, string>();
    inside.set(set, elements);
    for (const text of list.split(', ')) (verb === 'add' ? add : remove)(elements, set, text);
  }
  return Object.fromEntries([...inside].filter(([, { size }]) => size > 0).map(([set, all]) => [set, [...all.values()].toSorted()]));
}

const keyOf = (element: string): string => element.split(/ : | timeout /)[0]!;

function add(elements: Map<string, string>, set: string, text: string): void {
  const old = elements.get(keyOf(text));
  // The kernel leaves one alone that is told by its key.
  if (old === undefined) elements.set(keyOf(text), text);
  else if (old !== text && text !== keyOf(text)) throw new Error(`${set} has ${old}, and not ${text}.`);
}

function remove(elements: Map<string, string>, set: string, text: string): void {
  if (!elements.delete(keyOf(text))) throw new Error(`${set} has no ${text}.`);
}

const someNumber = fc.integer({ min: 1, max: 4 });
const someRules = fc.uniqueArray(
  fc.record({
    number: someNumber,
    by: fc.constantFrom('ports', 'addresses'),
    slots: fc.constantFrom(
      [],
      Array.from({ length: slotCount }, () => 1),
      Array.from({ length: slotCount }, (_, slot) => 1 + (slot & 1)),
    ),
    idleSeconds: fc.constantFrom(0, 60, 900),
    tcpReset: fc.boolean(),
  }),
  { selector: ({ number }) => number, minLength: 4 },
);
const someDoors = fc.uniqueArray(
  fc.record({ link: someNumber, port: fc.constantFrom(1433, 5432), rule: someNumber, endsMs: fc.constantFrom(undefined, 5_000, 9_000) }),
  { selector: ({ link, port }) => `${link} ${port}` },
);
const someTable: fc.Arbitrary<KernelTable> = fc.record({
  nics: fc.uniqueArray(fc.record({ name: fc.constantFrom('w-1', 'w-2'), segment: someNumber, address: fc.constant('198.18.16.9') }), {
    selector: ({ name }) => name,
  }),
  // An approval ends for all ports of its endpoint.
  doors: someDoors.map((doors) =>
    doors.map(({ link, port, rule }) => ({
      segment: 3,
      address: `10.0.9.${link}`,
      entry: `198.18.32.${link}`,
      port,
      link,
      rule,
      endsMs: doors.find((one) => one.link === link)?.endsMs,
    })),
  ),
  rules: someRules,
  backends: fc.uniqueArray(
    fc.record({
      number: someNumber,
      source: fc.constantFrom({ address: '198.18.1.1', ports: undefined }, { address: '10.0.0.7', ports: { first: 4_096, last: 8_191 } }),
      target: fc.constantFrom({ address: '192.0.2.1', port: 1 }, { address: '192.0.2.2', port: 2 }),
    }),
    { selector: ({ number }) => number },
  ),
});

test('whatever changes, what is there afterwards is what would be there had there been nothing before; also where rows stay the same objects', () => {
  fc.assert(
    fc.property(someTable, someTable, fc.boolean(), (before, other, shares) => {
      // Each row that is as it was is the same object.
      const kept = <T>(was: readonly T[], is: readonly T[]): readonly T[] =>
        is.map((one) => was.find((old) => isDeepStrictEqual(old, one)) ?? one);
      const after = shares
        ? {
            nics: kept(before.nics, other.nics),
            doors: kept(before.doors, other.doors),
            rules: kept(before.rules, other.rules),
            backends: kept(before.backends, other.backends),
          }
        : other;
      const all = elementsAfter(changeText(emptyTable, before, 0), changeText(before, after, 0));
      expect(all).toEqual(elementsAfter(changeText(emptyTable, after, 0)));
    }),
    { numRuns: 1_000 },
  );
});
