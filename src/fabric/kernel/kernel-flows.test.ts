import fc from 'fast-check';
import { expect, test } from 'vitest';
import { noWay, type Way } from '../route.ts';
import { SamplePlan } from '../sample-plan.contract.ts';
import { KernelFlows } from './kernel-flows.ts';

interface Line {
  readonly port: number;
  readonly state?: string;
  readonly packets?: number;
  readonly bytes?: number;
  readonly left?: number;
  readonly age?: number;
  /** Something that nobody reads. */
  readonly more?: string;
}

const sample = new SamplePlan({ host: '192.0.2.2', port: 14_330 });
const endpoint = sample.endpointOf();
const way: Way = { ...noWay, segment: sample.segment, port: 1433, endpoint, target: { host: '192.0.2.2', port: 14_330 } };

function partsOf({ port, packets = 4, bytes = 300, more = '' }: Line): string {
  const there = `src=198.18.0.1 dst=198.18.32.7 sport=${port} dport=1433 packets=${packets} bytes=${bytes}`;
  const back = `src=192.0.2.2 dst=198.18.1.1 sport=14330 dport=${port} packets=3 bytes=200`;
  return `${there} ${back} [ASSURED] mark=17${more}`;
}

function lineOf(line: Line): string {
  return `ipv4     2 tcp      6 ${line.left ?? 899} ${line.state ?? 'ESTABLISHED'} ${partsOf(line)} delta-time=${line.age ?? 1} use=1`;
}

function lastWord(line: Line): string {
  return `    [DESTROY] ipv4     2 tcp      6 ${partsOf(line)} delta-time=30`;
}

/** With a list that tests write. */
class Kernel {
  lines: readonly string[] = [];
  nowMs = 1_000_000;
  readonly flows = new KernelFlows({
    read: () => `${this.lines.join('\n')}\n`,
    wayOf: () => way,
    askerOf: () => undefined,
    onBegun: () => undefined,
    nowMs: () => this.nowMs,
  });

  /** Without another look. */
  get count(): object | undefined {
    return this.flows.ledger.all().find(({ id }) => id === endpoint.id);
  }
}

test('a connection of which nothing new is said lives on and is idle', () => {
  const kernel = new Kernel();
  kernel.lines = [lineOf({ port: 40_000 })];
  expect(kernel.flows.look()).toHaveLength(1);
  kernel.nowMs += 5_000;
  kernel.lines = [lineOf({ port: 40_000, left: 894, age: 6 })];
  expect(kernel.flows.sessions(endpoint.id)).toMatchObject([{ idleMs: 5_000, sinceMs: 999_000 }]);
  kernel.lines = [lineOf({ port: 40_000, left: 894, age: 6, packets: 5, bytes: 360 })];
  expect(kernel.flows.sessions(endpoint.id)).toMatchObject([{ idleMs: 0, sinceMs: 999_000 }]);
  kernel.lines = [];
  expect(kernel.flows.look()).toEqual([]);
});

test('one that takes the port of one that is gone is another, though the kernel says the same of both', () => {
  const kernel = new Kernel();
  kernel.lines = [lineOf({ port: 40_000 })];
  kernel.flows.look();
  kernel.flows.ended(lastWord({ port: 40_000 }));
  expect(kernel.count).toMatchObject({ connections: 1, open: 0 });
  kernel.flows.look();
  expect(kernel.count).toMatchObject({ connections: 2, open: 1 });
});

const someLine = fc.record({
  port: fc.integer({ min: 1, max: 3 }),
  state: fc.constantFrom('ESTABLISHED', 'TIME_WAIT', 'CLOSE', 'SYN_RECV'),
  packets: fc.integer({ min: 4, max: 6 }),
  left: fc.integer({ min: 1, max: 900 }),
});
const someSteps = fc.array(
  fc.record({
    lines: fc.uniqueArray(someLine, { selector: ({ port }) => port }),
    ends: fc.array(someLine, { maxLength: 1 }),
  }),
  { maxLength: 12 },
);

test('whatever the kernel says, it is understood as if each line were new', () => {
  fc.assert(
    fc.property(someSteps, (steps) => {
      const [ours, other] = [new Kernel(), new Kernel()];
      for (const [at, { lines, ends }] of steps.entries()) {
        for (const kernel of [ours, other]) kernel.nowMs += 1_000;
        ours.lines = lines.map(lineOf);
        other.lines = lines.map((line) => lineOf({ ...line, more: ` secctx=${at}` }));
        expect(ours.flows.sessions(endpoint.id)).toEqual(other.flows.sessions(endpoint.id));
        expect(ours.flows.strangers).toEqual(other.flows.strangers);
        for (const end of ends) for (const kernel of [ours, other]) kernel.flows.ended(lastWord(end));
        expect(ours.flows.ledger.all()).toEqual(other.flows.ledger.all());
      }
    }),
    { numRuns: 500 },
  );
});
