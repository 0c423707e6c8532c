import { decode, encode, type DecodedPacket, type Packet } from 'dns-packet';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { doorsOf } from '../doors.ts';
import type { Endpoint, FabricPlan, NameRecord } from '../plan.ts';
import { SamplePlan } from '../sample-plan.contract.ts';
import { compileTables } from '../tables.ts';
import { addressesOf, answerTo } from './resolver.ts';

const nowMs = Date.UTC(2026, 0, 1);
const sample = new SamplePlan({ host: '192.0.2.1', port: 1 });
const { segment, name, address } = sample;

function planOf(endpoints: readonly Partial<Endpoint>[], names: readonly NameRecord[] = []): FabricPlan {
  return {
    ...sample.plan({ segment: { names } }),
    endpoints: endpoints.map((more, at) => sample.endpointOf({ id: `/e/${at}`, address: `10.0.1.${at + 1}`, linkId: at, ...more })),
  };
}

const known = (plan: FabricPlan, host: string, from = segment): readonly string[] | undefined =>
  addressesOf(compileTables(plan), from, host, nowMs);

describe('what a name is', () => {
  test('the endpoint that has it, however it is written, in its own segment only', () => {
    const plan = sample.plan();
    expect(known(plan, name)).toEqual([address]);
    expect(known(plan, `${name.toUpperCase()}.`)).toEqual([address]);
    expect(known(plan, name, sample.other)).toBeUndefined();
    expect(known(plan, name, '/nobody')).toBeUndefined();
    expect(known(plan, `x.${name}`)).toBeUndefined();
  });

  test.each(['Pending', 'Rejected', 'Disconnected'] as const)('that of an endpoint which is %s, too', (state) => {
    expect(known(sample.plan({ endpoint: { state } }), name)).toEqual([address]);
  });

  test('of several the one that lets connections through', () => {
    const names = [{ name, port: undefined }];
    expect(known(planOf([{ names, state: 'Rejected' }, { names }]), name)).toEqual(['10.0.1.2']);
    expect(known(planOf([{ names, expiresAtMs: nowMs }, { names }]), name)).toEqual(['10.0.1.2']);
    expect(
      known(
        planOf([
          { names, state: 'Pending' },
          { names, state: 'Rejected' },
        ]),
        name,
      ),
    ).toEqual(['10.0.1.1']);
  });

  test('for some ports only: all that it may mean, those first; a port is no part of a name', () => {
    const plan = planOf([{ names: [{ name, port: undefined }] }, { names: [{ name, port: 5432 }] }]);
    expect(known(plan, name)).toEqual(['10.0.1.2', '10.0.1.1']);
    expect(known(plan, `${name}:5432`)).toBeUndefined();
  });

  test("a zone's: the first address that leads anywhere, and where none does the first", () => {
    const names = [
      { name: 'one.zone.example', addresses: ['10.9.9.9', address] },
      { name: 'two.zone.example', addresses: ['10.9.9.9', '10.9.9.8'] },
      { name: 'no.zone.example', addresses: [] },
    ];
    const plan = sample.plan({ segment: { names } });
    expect(known(plan, 'one.zone.example')).toEqual([address]);
    expect(known(plan, 'two.zone.example')).toEqual(['10.9.9.9']);
    expect(known(plan, 'no.zone.example')).toBeUndefined();
    expect(known(plan, address)).toBeUndefined();
  });

  test("never a server's public name", () => {
    expect(known(sample.plan({ publicServer: {}, segment: { egress: 'open' } }), sample.publicName)).toBeUndefined();
  });

  test('every name of every door leads to it', () => {
    const someName = fc.constantFrom('a.example', 'b.example', 'c.zone.example', 'd.zone.example');
    const someNames = fc.array(fc.record({ name: someName, port: fc.option(fc.constantFrom(sample.port, 5432), { nil: undefined }) }));
    const someState = fc.constantFrom('Approved', 'Pending', 'Rejected', 'Disconnected');
    const someEndpoint = fc.record({
      state: someState,
      names: someNames,
      expiresAtMs: fc.constantFrom(undefined, nowMs - 1, nowMs + 1),
    });
    const someAddress = fc.constantFrom('10.0.1.1', '10.0.1.2', '10.0.1.3', '10.0.2.4', '10.9.9.9');
    const someZone = fc.uniqueArray(fc.record({ name: someName, addresses: fc.array(someAddress) }), { selector: (one) => one.name });
    let doors = 0;
    fc.assert(
      fc.property(fc.array(someEndpoint, { minLength: 1, maxLength: 4 }), someZone, (endpoints, zone) => {
        const tables = compileTables(planOf(endpoints, zone));
        for (const door of doorsOf(tables, segment, nowMs)) {
          for (const one of door.names) expect(addressesOf(tables, segment, one, nowMs)).toContain(door.address);
          doors += door.names.length;
        }
      }),
      { numRuns: 500 },
    );
    expect(doors).toBeGreaterThan(100);
  });
});

interface Outcome {
  readonly answer: DecodedPacket & { readonly rcode: string };
  readonly bytes: Buffer;
  readonly unknown: string | undefined;
}

function ask(query: Packet | Buffer, addresses: readonly string[] = [address]): Outcome {
  const packet = Buffer.isBuffer(query) ? query : encode({ type: 'query', id: 7, ...query });
  const answered = answerTo(packet, (one) => (one.toLowerCase() === name ? addresses : undefined));
  if (answered === undefined) throw new Error('nothing was answered');
  return {
    answer: decode(answered.packet) as DecodedPacket & { readonly rcode: string },
    bytes: answered.packet,
    unknown: answered.unknown,
  };
}

const edns = (size: number, version = 0): Packet['additionals'] => [
  { type: 'OPT', name: '.', udpPayloadSize: size, extendedRcode: 0, ednsVersion: version, flags: 0, flag_do: false, options: [] },
];

describe('what is answered', () => {
  const question = { type: 'A', name } as const;

  test('a known name: its address for a few seconds, with authority and without recursion, in the letters that were asked in', () => {
    const { answer, unknown } = ask({ flags: 0x0100, questions: [{ type: 'A', name: 'Db.ShoP.example' }] });
    expect(answer).toMatchObject({
      id: 7,
      type: 'response',
      rcode: 'NOERROR',
      flag_aa: true,
      flag_ra: false,
      flag_rd: true,
      flag_tc: false,
    });
    expect(answer.questions).toEqual([{ type: 'A', class: 'IN', name: 'Db.ShoP.example' }]);
    expect(answer.answers).toEqual([{ type: 'A', class: 'IN', name: 'Db.ShoP.example', ttl: 5, data: address, flush: false }]);
    expect(answer.additionals).toEqual([]);
    expect(unknown).toBeUndefined();
  });

  test.each(['AAAA', 'TXT', 'SRV', 'CNAME', 'SOA'] as const)('%s of a known name: there is the name and nothing of that', (type) => {
    const { answer, unknown } = ask({ questions: [{ type, name }] });
    expect(answer).toMatchObject({ rcode: 'NOERROR', flag_aa: true, answers: [] });
    expect(unknown).toBeUndefined();
  });

  test('other names: there is none; it is told which, in letters that a log may have', () => {
    const { answer, unknown } = ask({ questions: [{ type: 'A', name: 'c2VjcmV0.Evil.example' }] });
    expect(answer).toMatchObject({ rcode: 'NXDOMAIN', flag_aa: true, flag_ra: false, answers: [] });
    expect(unknown).toBe('c2vjcmv0.evil.example');
    expect(ask({ questions: [{ type: 'TXT', name: '\u001b[2J\u00e9.example' }] }).unknown).toBe('?[2j?.example');
    expect(ask({ questions: [{ type: 'A', name, class: 'CH' }] }).answer.rcode).toBe('NXDOMAIN');
  });

  test('bytes that are no text come back as they were', () => {
    const packet = encode({ type: 'query', id: 9, questions: [{ type: 'A', name: 'abc.example' }] });
    Buffer.from([0xff, 0x2e, 0x80]).copy(packet, 13);
    const { bytes } = ask(packet);
    expect(bytes.subarray(12)).toEqual(packet.subarray(12));
    expect(bytes.readUInt16BE(4)).toBe(1);
  });

  test('more than fits in a datagram is cut, and says so', () => {
    const many = Array.from({ length: 100 }, (_, at) => `10.0.2.${at}`);
    const plain = ask({ questions: [question] }, many);
    expect(plain.answer.flag_tc).toBe(true);
    expect(plain.bytes.length).toBeLessThanOrEqual(512);
    const wide = ask({ questions: [question], additionals: edns(4_096) }, many);
    expect(wide.answer.flag_tc).toBe(true);
    expect(wide.bytes.length).toBeLessThanOrEqual(1_232);
    expect(wide.answer.answers!.length).toBeGreaterThan(plain.answer.answers!.length);
    expect(ask({ questions: [question], additionals: edns(1) }, many).bytes.length).toBeLessThanOrEqual(512);
  });

  test('EDNS is answered with EDNS, its later versions with the one that there is', () => {
    const { answer } = ask({ questions: [question], additionals: edns(1_400) });
    expect(answer.answers).toHaveLength(1);
    expect(answer.additionals).toMatchObject([{ type: 'OPT', udpPayloadSize: 1_232, ednsVersion: 0, extendedRcode: 0 }]);
    const later = ask({ questions: [question], additionals: edns(1_400, 1) }).answer;
    expect(later).toMatchObject({ answers: [], additionals: [{ type: 'OPT', extendedRcode: 1 }] });
    expect(ask({ questions: [question], additionals: [...edns(512)!, ...edns(512)!] }).answer.rcode).toBe('FORMERR');
  });

  test('several questions, none, and questions with answers are malformed', () => {
    for (const query of [
      { questions: [question, question] },
      { questions: [] },
      { questions: [question], answers: [{ type: 'A', name, data: address }] },
      { questions: [question], authorities: [{ type: 'A', name, data: address }] },
    ] satisfies Packet[])
      expect(ask(query).answer).toMatchObject({ rcode: 'FORMERR', questions: [], answers: [] });
  });

  test.each([1, 2, 4, 5, 15])('operation %i is not implemented', (opcode) => {
    const { answer } = ask({ flags: opcode << 11, questions: [question] });
    expect(answer).toMatchObject({ rcode: 'NOTIMP', answers: [] });
    expect((answer.flags! >> 11) & 0xf).toBe(opcode);
  });

  test('answers, and what is no packet, are not answered', () => {
    const packet = encode({ type: 'query', id: 7, questions: [question] });
    const noLookUp = (): never => expect.unreachable('asked');
    expect(answerTo(encode({ type: 'response', id: 7, questions: [question] }), noLookUp)).toBeUndefined();
    for (let length = 0; length < packet.length; length += 1) expect(answerTo(packet.subarray(0, length), noLookUp)).toBeUndefined();
    const intoHeader = Buffer.concat([packet.subarray(0, 12), Buffer.from([0xc0, 0x02, 0, 1, 0, 1])]);
    expect(answerTo(intoHeader, noLookUp)).toBeUndefined();
  });

  test('any bytes are answered with a packet of ours about the same question, or not at all', () => {
    const begun = encode({ type: 'query', id: 7, questions: [question], additionals: edns(1_400) });
    const random = fc.uint8Array({ maxLength: 600 }).map((bytes) => Buffer.from(bytes));
    const likely = fc
      .tuple(fc.uint8Array({ maxLength: 100 }), fc.constantFrom(1, 1, 1, 0, 2))
      .map(([bytes, count]) => Buffer.concat([Buffer.from([0, 7, 1, 0, 0, count, 0, 0, 0, 0, 0, 0]), Buffer.from(bytes)]));
    const changed = fc.array(fc.tuple(fc.nat(begun.length - 1), fc.nat(255))).map((changes) => {
      const copy = Buffer.from(begun);
      for (const [at, value] of changes) copy[at] = value;
      return copy;
    });
    let answers = 0;
    fc.assert(
      fc.property(fc.oneof(random, likely, changed), (packet) => {
        const answered = answerTo(packet, () => [address])?.packet;
        if (answered === undefined) return;
        answers += 1;
        expect(answered.length).toBeLessThanOrEqual(1_232);
        const { id, flag_qr, questions } = decode(answered);
        expect({ id, flag_qr }).toEqual({ id: packet.readUInt16BE(0), flag_qr: true });
        expect(packet.includes(answered.subarray(12, questions?.length === 1 ? 17 : 12))).toBe(true);
      }),
      { numRuns: 3_000 },
    );
    expect(answers).toBeGreaterThan(100);
  });
});
