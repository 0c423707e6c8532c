import { createHash } from 'node:crypto';
import { readdir, rm, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { fault, toFault } from '#base/fault.ts';
import type { Column } from '#replication/column.ts';
import { KillSwitch, MemoryPool, stepText } from '#replication/handover.contract.ts';
import { LandingReader } from '#replication/landing-zone/landing-reader.ts';
import { LandingZone } from '#replication/landing-zone/landing-zone.ts';
import { rowsDraft, sampleDraft } from '#replication/landing-zone/sample-drafts.contract.ts';
import { filledZone, scratchFolder } from '#replication/landing-zone/zone-scene.contract.ts';
import type { PoolWriter } from '#replication/pool-writer.ts';
import type { Step } from '#replication/segment.ts';
import { ingest, type Ingest } from './ingest.ts';

/** Runs until the pool has committed segment `upTo`; answers what ended it. */
async function ingestUpTo(upTo: number, options: Omit<Ingest, 'signal'>): Promise<unknown> {
  const stop = new AbortController();
  const onApplied: Ingest['onApplied'] = (segment) => {
    options.onApplied?.(segment);
    if (segment.last && segment.number >= upTo) stop.abort();
  };
  return ingest({ retryMs: () => 0, ...options, onApplied, signal: AbortSignal.any([stop.signal, AbortSignal.timeout(8_000)]) }).then(
    () => 'ended',
    toFault,
  );
}

function expected(from: number, to: number): string[][] {
  return Array.from({ length: to - from + 1 }, (_, i) => rowsDraft(from + i).steps.map(stepText));
}

test('brings segments into the pool in order, those there and those to come', async () => {
  await using folder = await scratchFolder();
  await filledZone(folder.path, 3);
  const pool = new MemoryPool();
  const applied: number[] = [];
  await using zone = await LandingZone.open({ folder: folder.path, maxBytes: 2 ** 30 });
  const done = ingestUpTo(6, {
    reader: new LandingReader({ folder: folder.path }),
    writer: pool.writer(),
    onApplied: (segment) => {
      applied.push(segment.number);
      if (segment.number >= 3 && segment.number < 6) void zone.put(rowsDraft(segment.number + 1));
    },
  });
  expect(await done).toBe('ended');
  expect(applied).toEqual([1, 2, 3, 4, 5, 6]);
  expect(pool.transactions).toEqual(expected(1, 6));
});

test('memory is used again only when its segment is applied', async () => {
  await using folder = await scratchFolder();
  const steps = Array.from({ length: 10 }, (_, n): Step => {
    const data = new Uint8Array(160_000).fill(n);
    const column: Column = { type: { kind: 'decimal', precision: 10, scale: 2 }, validity: undefined, data, offsets: undefined };
    return {
      kind: 'rows',
      table: 'a',
      removes: undefined,
      inserts: { rows: 20_000, columns: [column] },
      patches: undefined,
      replaces: false,
    };
  });
  {
    await using zone = await LandingZone.open({ folder: folder.path, maxBytes: 2 ** 30 });
    for (const [n, step] of steps.entries()) await zone.put(sampleDraft(n + 1, [step], { first: n % 2 === 0, last: n % 2 === 1 }));
  }
  const pool = new MemoryPool();
  const inner = pool.writer();
  const reader = new LandingReader({ folder: folder.path });
  const read = Array.from({ length: 13 }, () => Promise.withResolvers<void>());
  for (const late of read.slice(11)) late.resolve();
  const telling = {
    check: reader.check.bind(reader),
    prune: reader.prune.bind(reader),
    segments: async function* (after: number, signal: AbortSignal) {
      for await (const segment of reader.segments(after, signal)) {
        read[segment.number]!.resolve();
        yield segment;
      }
    },
  };
  // Looks at a segment only when the next two are read.
  const writer: PoolWriter = {
    ...inner,
    apply: async (segment) => {
      await read[segment.number + 2]!.promise;
      await inner.apply(segment);
    },
  };
  expect(await ingestUpTo(10, { reader: telling, writer })).toBe('ended');
  expect(pool.transactions.flat().map((text) => createHash('md5').update(text).digest('hex'))).toEqual(
    steps.map((step) => createHash('md5').update(stepText(step)).digest('hex')),
  );
});

test('what waiting mends is waited for, and it goes on from what the pool has', async () => {
  await using folder = await scratchFolder();
  {
    await using zone = await LandingZone.open({ folder: folder.path, maxBytes: 2 ** 30 });
    for (let n = 1; n <= 4; n++) {
      await zone.put(rowsDraft(n, { last: false, position: undefined }));
      await zone.put(rowsDraft(n, { first: false }));
    }
  }
  const pool = new MemoryPool();
  const inner = pool.writer();
  const waits: string[] = [];
  let failures = 3;
  // Full in the midst of the second transaction, three times.
  const writer: PoolWriter = {
    ...inner,
    apply: async (segment) => {
      if (segment.number === 4 && failures-- > 0) throw fault('unreachable', 'PoolFull', 'full');
      await again.apply(segment);
    },
  };
  let again = inner;
  const end = await ingestUpTo(8, {
    reader: new LandingReader({ folder: folder.path }),
    writer,
    onRetry: ({ code }, retryMs) => {
      waits.push(`${code} ${retryMs}`);
      // The pool gives up its open transaction with a fault.
      again = pool.writer();
    },
    retryMs: (attempt) => attempt,
  });
  expect(end).toBe('ended');
  // That a first part was applied again is no progress.
  expect(waits).toEqual(['PoolFull 0', 'PoolFull 1', 'PoolFull 2']);
  expect(pool.transactions).toEqual(expected(1, 4).map((steps) => [...steps, ...steps]));
});

test('pauses grow while nothing gets through', async () => {
  await using folder = await scratchFolder();
  await filledZone(folder.path, 1);
  const pool = new MemoryPool();
  const inner = pool.writer();
  const waits: number[] = [];
  let failures = 4;
  const writer: PoolWriter = {
    ...inner,
    progress: async () => {
      if (failures-- > 0) throw fault('timeout', 'PoolBusy', 'busy');
      return inner.progress();
    },
  };
  expect(
    await ingestUpTo(1, {
      reader: new LandingReader({ folder: folder.path }),
      writer,
      onRetry: (_, retryMs) => waits.push(retryMs),
      retryMs: (attempt) => attempt,
    }),
  ).toBe('ended');
  expect(waits).toEqual([0, 1, 2, 3]);
});

test('a damaged segment ends it, with what came before applied', async () => {
  await using folder = await scratchFolder();
  await filledZone(folder.path, 4);
  await truncate(join(folder.path, 'seg-000000000003', '01.arrow'), 10);
  const pool = new MemoryPool();
  const end = await ingestUpTo(4, { reader: new LandingReader({ folder: folder.path }), writer: pool.writer() });
  expect(end).toMatchObject({ kind: 'corrupt', code: 'SegmentCorrupt', target: 'seg-000000000003/01.arrow' });
  expect(pool.transactions).toEqual(expected(1, 2));
});

test('a pool that was filled from another zone is left alone', async () => {
  await using folder = await scratchFolder();
  await filledZone(folder.path, 4);
  const pool = new MemoryPool();
  expect(await ingestUpTo(4, { reader: new LandingReader({ folder: folder.path }), writer: pool.writer() })).toBe('ended');
  await rm(folder.path, { recursive: true });
  await filledZone(folder.path, 2);
  expect(await ingestUpTo(2, { reader: new LandingReader({ folder: folder.path }), writer: pool.writer() })).toMatchObject({
    code: 'SegmentMissing',
  });
  await using zone = await LandingZone.open({ folder: folder.path, maxBytes: 2 ** 30 });
  for (let n = 3; n <= 6; n++) await zone.put(rowsDraft(n + 10));
  expect(await ingestUpTo(6, { reader: new LandingReader({ folder: folder.path }), writer: pool.writer() })).toMatchObject({
    kind: 'conflict',
    code: 'LandingZoneOther',
  });
  expect(pool.state.number).toBe(4);
});

test('reads two segments ahead and no more', async () => {
  await using folder = await scratchFolder();
  await filledZone(folder.path, 9);
  const pool = new MemoryPool();
  const inner = pool.writer();
  const reader = new LandingReader({ folder: folder.path });
  const readCounts: number[] = [];
  const three = Promise.withResolvers<void>();
  const counting = {
    check: reader.check.bind(reader),
    prune: reader.prune.bind(reader),
    segments: async function* (after: number, signal: AbortSignal) {
      let read = 0;
      for await (const segment of reader.segments(after, signal)) {
        if (++read === 3) three.resolve();
        readCounts.push(read - applied);
        yield segment;
      }
    },
  };
  let applied = 0;
  const writer: PoolWriter = {
    ...inner,
    apply: async (segment) => {
      await three.promise;
      await inner.apply(segment);
      applied = segment.number;
    },
  };
  expect(await ingestUpTo(9, { reader: counting, writer })).toBe('ended');
  expect(Math.max(...readCounts)).toBe(3);
});

async function presentUntil(folder: string, wanted: number): Promise<void> {
  await expect
    .poll(async () => (await readdir(folder)).filter((name) => name.startsWith('seg-')).length, { timeout: 5_000, interval: 5 })
    .toBe(wanted);
}

test('applied segments are taken away: at a number, at so many bytes, after a while, and those of an earlier run at once', async () => {
  const never = { segments: Infinity, bytes: Infinity, ms: 2 ** 30 };
  for (const pruneAt of [
    { ...never, segments: 5 },
    { ...never, bytes: 200 },
    { ...never, ms: 1 },
  ]) {
    await using folder = await scratchFolder();
    await filledZone(folder.path, 5);
    const stop = new AbortController();
    const done = ingest({
      reader: new LandingReader({ folder: folder.path }),
      writer: new MemoryPool().writer(),
      signal: stop.signal,
      pruneAt,
    });
    await presentUntil(folder.path, 0);
    stop.abort();
    await done;
  }
  await using folder = await scratchFolder();
  await filledZone(folder.path, 3);
  const pool = new MemoryPool();
  await ingestUpTo(3, { reader: new LandingReader({ folder: folder.path }), writer: pool.writer(), pruneAt: never });
  expect((await readdir(folder.path)).length).toBe(4);
  const stop = new AbortController();
  const done = ingest({ reader: new LandingReader({ folder: folder.path }), writer: pool.writer(), signal: stop.signal, pruneAt: never });
  await presentUntil(folder.path, 0);
  stop.abort();
  await done;
});

test('parts of a transaction that is still open are kept', async () => {
  await using folder = await scratchFolder();
  await using zone = await LandingZone.open({ folder: folder.path, maxBytes: 2 ** 30 });
  await zone.put(rowsDraft(1));
  for (let part = 0; part < 3; part++) await zone.put(rowsDraft(2, { first: part === 0, last: false, position: undefined }));
  const pool = new MemoryPool();
  const stop = new AbortController();
  const done = ingest({
    reader: new LandingReader({ folder: folder.path }),
    writer: pool.writer(),
    signal: stop.signal,
    pruneAt: { segments: 1, bytes: 1, ms: 0 },
    onApplied: ({ number }) => {
      if (number === 4) stop.abort();
    },
  });
  await done;
  expect((await readdir(folder.path)).toSorted()).toEqual([
    'base.json',
    'lock',
    'seg-000000000002',
    'seg-000000000003',
    'seg-000000000004',
  ]);
  await zone.put(rowsDraft(2, { first: false }));
  expect(await ingestUpTo(5, { reader: new LandingReader({ folder: folder.path }), writer: pool.writer() })).toBe('ended');
  expect(pool.transactions.map((steps) => steps.length)).toEqual([2, 4]);
});

test('a pool killed at any of its steps goes on without loss or doubling', async () => {
  await using folder = await scratchFolder();
  await filledZone(folder.path, 6);
  const pool = new MemoryPool();
  for (let steps = 1; pool.state.number < 6; steps++) {
    const end = await ingestUpTo(6, {
      reader: new LandingReader({ folder: folder.path }),
      writer: pool.writer(new KillSwitch(steps % 4)),
      pruneAt: { segments: 2, bytes: Infinity, ms: 1e6 },
    });
    expect(end === 'ended' || toFault(end).code === 'Killed').toBe(true);
  }
  expect(pool.transactions).toEqual(expected(1, 6));
});
