import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MessageReader, packetsOf, packetType, type TdsMessage } from './packets.ts';
import { allowedOutcomes, outcomeOf } from './test-outcome.ts';

const mostBytes = 64 * 1024;

function readAll(bytes: Uint8Array, cuts: readonly number[]): readonly TdsMessage[] {
  const reader = new MessageReader(mostBytes);
  const messages: TdsMessage[] = [];
  const ends = [...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].toSorted((a, b) => a - b);
  let from = 0;
  for (const end of ends) {
    reader.push(bytes.subarray(from, end));
    from = end;
    for (let message = reader.next(); message !== undefined; message = reader.next()) messages.push(message);
  }
  return messages;
}

const messages = fc.array(fc.record({ type: fc.constantFrom(...Object.values(packetType)), payload: fc.uint8Array({ maxLength: 1500 }) }), {
  maxLength: 6,
});

test('any split of the bytes, into packets and pieces, gives the same messages', () => {
  fc.assert(
    fc.property(messages, fc.integer({ min: 9, max: 600 }), fc.array(fc.nat(), { maxLength: 12 }), (sent, packetBytes, cuts) => {
      expect(readAll(Buffer.concat(sent.map((message) => packetsOf(message, packetBytes))), cuts)).toEqual(sent);
    }),
    { numRuns: 300 },
  );
});

test('random bytes are refused as corrupt, or are messages', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.boolean(), (bytes, begins) => {
      const sent = begins ? Uint8Array.from([4, 1, 0, 20, 0, 0, 1, 0, ...bytes]) : bytes;
      expect(allowedOutcomes).toContain(outcomeOf(() => readAll(sent, [3])));
    }),
  );
});

test('a message that never ends is given up', () => {
  const reader = new MessageReader(1000);
  const packet = packetsOf({ type: packetType.response, payload: new Uint8Array(400) });
  packet[1] = 0;
  reader.push(packet);
  reader.push(packet);
  expect(() => reader.push(packet)).toThrow('a message of more than 1000 bytes');
});

test('another type within a message is refused', () => {
  const first = packetsOf({ type: packetType.response, payload: new Uint8Array(4) });
  first[1] = 0;
  const reader = new MessageReader(1000);
  expect(() => reader.push(Buffer.concat([first, packetsOf({ type: packetType.prelogin, payload: new Uint8Array(4) })]))).toThrow(
    'a packet of type 18 within a message of type 4',
  );
});

test('what comes behind a message can be given to another reader', () => {
  const reader = new MessageReader(1000);
  const message = packetsOf({ type: packetType.prelogin, payload: Uint8Array.from([7]) });
  reader.push(Buffer.concat([message, message.subarray(0, 3)]));
  expect([reader.next()?.payload, reader.next()]).toEqual([Uint8Array.from([7]), undefined]);
  expect([...reader.release()]).toEqual([...message.subarray(0, 3)]);
});
