import type { OnReadOpts, Socket } from 'node:net';
import { expect, test } from 'vitest';
import { must } from '#base/fault.ts';
import { counterOf, over, soon, stage, type OpenEngine, type Stage } from './engine-stage.contract.ts';

const never = new AbortController().signal;

/** What somebody does with bytes who passes them on: reads them into one buffer, and may stop after each. */
class Reader {
  readonly #buffer = Buffer.alloc(65_536);
  /** Every buffer that was read into. */
  readonly seen = new Set<ArrayBufferLike>();
  stopped = false;
  bytes = 0;
  text = '';
  readonly onread: OnReadOpts = {
    buffer: () => this.#buffer,
    callback: (count, bytes) => {
      this.seen.add(bytes.buffer);
      this.bytes += count;
      if (this.bytes < 1_000) this.text += Buffer.from(bytes.subarray(0, count)).toString('latin1');
      return !this.stopped;
    },
  };

  isAlone(): boolean {
    return this.seen.size === 1 && this.seen.has(this.#buffer.buffer);
  }
}

async function relayed(on: Stage, reader: Reader): Promise<Socket> {
  const dialer = on.engine.dialer(on.sample.segment, 'link shop');
  const relay = must(dialer.relay?.bind(dialer), 'an engine that relays');
  return await relay(on.sample.name, on.sample.port, never, reader.onread);
}

/** Dials of those who pass the bytes on. */
export function describeRelay(open: OpenEngine): void {
  test("what comes is read into the caller's buffers, once it is asked for, and all of it is counted", async () => {
    await using on = await stage(open, { serve: ({ stream }) => stream.write('early') });
    await on.apply();
    const reader = new Reader();
    const socket = await relayed(on, reader);
    await expect.poll(() => on.host.peers.length, soon).toBe(1);
    expect([reader.bytes, socket.isPaused()]).toEqual([0, true]);
    socket.resume();
    await expect.poll(() => reader.text, soon).toBe('early');
    const [peer] = on.host.peers;
    peer?.stream.write(Buffer.alloc(3_000_000));
    await expect.poll(() => reader.bytes, soon).toBe(3_000_005);
    expect(reader.isAlone()).toBe(true);
    socket.write('back');
    await expect.poll(() => peer?.text(), soon).toBe('back');
    expect(counterOf(on.engine, `${on.sample.segment}#link shop`)).toMatchObject({ open: 1, bytesIn: 4, bytesOut: 3_000_005 });
  });

  test('a reader that stops holds the database up, and gets every byte later', async () => {
    let sent = false;
    const bytes = 20_000_000;
    await using on = await stage(open, { serve: ({ stream }) => void stream.write(Buffer.alloc(bytes), () => (sent = true)) });
    await on.apply();
    const reader = new Reader();
    reader.stopped = true;
    const socket = await relayed(on, reader);
    socket.resume();
    await expect.poll(() => reader.bytes, soon).toBeGreaterThan(0);
    expect([sent, reader.bytes < bytes]).toEqual([false, true]);
    reader.stopped = false;
    socket.resume();
    await expect.poll(() => [sent, reader.bytes], soon).toEqual([true, bytes]);
  });

  test('the end of one direction leaves the other open', async () => {
    await using on = await stage(open, { serve: ({ stream }) => void stream.end('all') });
    await on.apply();
    const reader = new Reader();
    const socket = await relayed(on, reader);
    const ended = new Promise((settle) => socket.once('end', settle));
    socket.resume();
    await ended;
    expect(reader.text).toBe('all');
    socket.end('still here');
    await expect.poll(() => on.host.peers[0]?.text(), soon).toBe('still here');
    await over(on.host.peers[0], 'ended');
    await expect.poll(() => counterOf(on.engine, on.sample.endpoint)?.open, soon).toBe(0);
  });

  test('what the plan no longer allows is cut, and refusals are those of any dial', async () => {
    await using on = await stage(open);
    await on.apply();
    const socket = await relayed(on, new Reader());
    const trouble = new Promise((settle) => socket.once('error', settle));
    socket.resume();
    await on.apply({ endpoint: { state: 'Rejected' } });
    expect(await trouble).toMatchObject({ code: 'EndpointRejected' });
    await over(on.host.peers[0], 'reset');
    await expect(relayed(on, new Reader())).rejects.toMatchObject({ code: 'EndpointRejected' });
    expect(on.events).toContainEqual(expect.objectContaining({ kind: 'refused', asker: 'link shop', code: 'EndpointRejected' }));
  });
}
