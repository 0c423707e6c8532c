import { type Fault, fault } from '#base/fault.ts';
import { BatchBuilder, type ColumnBatch, type ColumnType } from '#replication/column.ts';
import type { Engine } from './engine.ts';

/** One value of each type: its bytes as a batch holds them, and the text that DuckDB must give for it. */
const fixed: readonly (readonly [ColumnType, readonly number[], string])[] = [
  [{ kind: 'bool' }, [1], 'true'],
  [{ kind: 'int16' }, [0xfe, 0xff], '-2'],
  [{ kind: 'int32' }, [1, 2, 3, 4], '67305985'],
  [{ kind: 'int64' }, [1, 2, 3, 4, 5, 6, 7, 0x88], '-8644934341102468607'],
  [{ kind: 'uint32' }, [1, 2, 3, 0xf4], '4093837825'],
  [{ kind: 'float32' }, [0, 0, 0x20, 0xc0], '-2.5'],
  [{ kind: 'float64' }, [0, 0, 0, 0, 0, 0, 4, 0xc0], '-2.5'],
  [{ kind: 'decimal', precision: 4, scale: 1 }, [0x0c, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], '-50.0'],
  [{ kind: 'decimal', precision: 9, scale: 2 }, [0x15, 0xcd, 0x5b, 7, 0, 0, 0, 0], '1234567.89'],
  [{ kind: 'decimal', precision: 18, scale: 0 }, [0, 0, 0, 0, 1, 0, 0, 0], '4294967296'],
  [
    { kind: 'decimal', precision: 38, scale: 3 },
    [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
    '-18446744073709551.617',
  ],
  [{ kind: 'date' }, [0xff, 0xff, 0xff, 0xff], '1969-12-31'],
  [{ kind: 'time' }, [1, 0, 0, 0, 0, 0, 0, 0], '00:00:00.000001'],
  [{ kind: 'timetz' }, [0xff, 0xe0, 0, 0x40, 0x42, 0x0f, 0, 0], '00:00:01+00'],
  [{ kind: 'timestamp' }, [0x40, 0x42, 0x0f, 0, 0, 0, 0, 0], '1970-01-01 00:00:01'],
  [{ kind: 'timestamptz' }, [0x40, 0x42, 0x0f, 0, 0, 0, 0, 0], '1970-01-01 00:00:01+00'],
  [{ kind: 'interval' }, [1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0], '1 month 2 days 00:00:00.000003'],
  [
    { kind: 'uuid' },
    [0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff],
    '00112233-4455-6677-8899-aabbccddeeff',
  ],
];

/** Lengths around the one up to which DuckDB keeps a string in its entry, and one that needs room of its own. */
const lengths = [0, 1, 4, 12, 13, 5000, 2];
/** More than a chunk, so that a second one starts in the middle of the strings. */
const stringRows = 2048 + 16;

/**
 * Sends values of every type through the engine and compares what comes out. The fast way of strings relies on how DuckDB lays them out;
 * where it does not hold, strings are handed over one by one. Fault `PoolSelfTest` where nothing helps.
 */
export async function selfTest(engine: Engine): Promise<void> {
  engine.batches.sharedStrings = await (sharedStrings ??= findOut(engine));
}

/** The library stays the same as long as the process lives. */
let sharedStrings: Promise<boolean> | undefined;

async function findOut(engine: Engine): Promise<boolean> {
  const wrong = await wrongFixed(engine);
  if (wrong) throw failed(`values of type ${wrong}`);
  for (const shared of [true, false]) {
    engine.batches.sharedStrings = shared;
    if (await stringsComeBack(engine)) return shared;
  }
  throw failed('strings');
}

async function wrongFixed(engine: Engine): Promise<string | undefined> {
  const batch = new BatchBuilder(
    fixed.map(([type]) => type),
    2,
  );
  fixed.forEach(([, bytes], i) => {
    const column = batch.columns[i]!;
    column.null();
    const at = column.fixed();
    column.data.set(bytes, at);
  });
  const columns = fixed.map((_, i) => `CAST(c${i} AS VARCHAR)`).join(', ');
  const [nulls, values] = await read(engine, batch.take(), columns);
  const place = fixed.findIndex(([, , text], i) => nulls?.[i] !== null || values?.[i] !== text);
  return place < 0 ? undefined : fixed[place]![0].kind;
}

async function stringsComeBack(engine: Engine): Promise<boolean> {
  const batch = new BatchBuilder([{ kind: 'text' }, { kind: 'bytes' }], stringRows);
  const [text, bytes] = [batch.columns[0]!, batch.columns[1]!];
  for (let row = 0; row < stringRows; row++) {
    const length = lengths[row % lengths.length]!;
    const value = new Uint8Array(length).map((_, i) => 97 + ((row + i) % 26));
    if (row % 5 === 4) text.null();
    else text.bytes(value, 0, length);
    bytes.bytes(
      value.map((byte) => byte ^ 0x80),
      0,
      length,
    );
  }
  const made = batch.take();
  const rows = await read(engine, made, 'c0, to_hex(c1)');
  const decoder = new TextDecoder();
  return (
    rows.length === stringRows &&
    rows.every(([inText, inBytes], row) => {
      const expected = (column: 0 | 1): Uint8Array =>
        made.columns[column]!.data.subarray(made.columns[column]!.offsets![row], made.columns[column]!.offsets![row + 1]);
      const sameText = row % 5 === 4 ? inText === null : inText === decoder.decode(expected(0));
      return sameText && String(inBytes).toLowerCase() === Buffer.from(expected(1)).toString('hex');
    })
  );
}

async function read(engine: Engine, batch: ColumnBatch, columns: string): Promise<readonly (readonly unknown[])[]> {
  const lent = engine.batches.lend(batch);
  try {
    return await engine.rows(`SELECT ${columns} FROM ${lent.sql}`);
  } catch (error) {
    throw lent.fault() ?? error;
  } finally {
    lent.release();
  }
}

function failed(what: string): Fault {
  return fault('bug', 'PoolSelfTest', `DuckDB did not give back ${what} as they were written.`, {
    remedy: 'Install the version of DuckDB that this version of Isthmus asks for, with npm ci.',
  });
}
