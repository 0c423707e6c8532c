// One side of a hand-over, or both, in a process of its own:
//   both URL POOL TABLES      worker URL ZONE TABLES      pool POOL ZONE
// With `--once` until every table is Replicating in the pool. Otherwise until SIGTERM; the side that owns the pool then tells its parent
// which row of the table `pulse` is visible, and how long applying each transaction took.
import { directDialer } from '#base/dialer.ts';
import type { DuckDbPool } from '#pool/engines/duckdb/pool.ts';
import { DuckDbPool as Pool } from '#pool/engines/duckdb/pool.ts';
import { ingest } from '#pool/ingest.ts';
import { DirectHandover } from '#replication/direct-handover.ts';
import type { Handover } from '#replication/handover.ts';
import { LandingReader } from '#replication/landing-zone/landing-reader.ts';
import { LandingZone } from '#replication/landing-zone/landing-zone.ts';
import type { PoolWriter } from '#replication/pool-writer.ts';
import { runLink } from '#replication/run-link.ts';
import type { Segment } from '#replication/segment.ts';
import { PostgresSource } from '#replication/sources/postgres/postgres-source.ts';
import { parseTablePatterns } from '#replication/sources/postgres/table-patterns.ts';
import { parsePgUrl } from '#replication/sources/postgres/url.ts';

/** What the side that owns the pool tells. Times are of the machine's monotonic clock, in nanoseconds, so that processes can compare them. */
export type SideReport =
  | { readonly kind: 'ready' }
  | { readonly kind: 'visible'; readonly id: number; readonly atNs: string }
  | { readonly kind: 'applied'; readonly ms: number; readonly changes: number };

const pulse = 'public.pulse';
const once = process.argv.includes('--once');
const [side, ...args] = process.argv.slice(2).filter((argument) => argument !== '--once');
const ended = new AbortController();
process.on('SIGTERM', () => ended.abort());
const keepAlive = setInterval(() => undefined, 60_000);

switch (side) {
  case 'both': {
    await using pool = await Pool.open(args[1]!, { threads: 1 });
    await work(args[0]!, new DirectHandover(watched(pool)), args[2]!);
    break;
  }
  case 'worker':
    await work(args[0]!, await LandingZone.open({ folder: args[1]!, maxBytes: 1024 ** 3, signal: ended.signal }), args[2]!);
    break;
  case 'pool': {
    await using pool = await Pool.open(args[0]!, { threads: 1 });
    await ingest({ reader: new LandingReader({ folder: args[1]! }), writer: watched(pool), signal: ended.signal });
    break;
  }
  default:
    throw new Error(`no side ${side}`);
}
clearInterval(keepAlive);
process.disconnect?.();

async function work(url: string, handover: Handover, tables: string): Promise<void> {
  const options = {
    address: { ...parsePgUrl(url), dialer: directDialer },
    slot: 'bench_side',
    catalog: { patterns: parseTablePatterns(tables), asText: new Set<string>() },
    failover: false,
    // As the worker of `isthmus up`: a segment costs much the same whatever its size.
    ...(handover instanceof LandingZone ? { follow: { lingerMs: 100 } } : {}),
  };
  await using source = await PostgresSource.connect(options, ended.signal);
  await using open = handover;
  await runLink({ source, handover: open, signal: ended.signal, once });
}

function tell(report: SideReport): void {
  process.send?.(report);
}

/** The pool's writer; notes what each transaction leaves. */
function watched(pool: DuckDbPool): PoolWriter {
  const writer = pool.writer();
  const states = new Map<string, string>();
  let begun = 0;
  let changes = 0;
  let pulsed = false;
  let ready = false;
  const committed = async (): Promise<void> => {
    tell({ kind: 'applied', ms: performance.now() - begun, changes });
    if (!ready && states.size > 0 && [...states.values()].every((state) => state === 'Replicating')) {
      ready = true;
      tell({ kind: 'ready' });
      if (once) ended.abort();
    }
    if (pulsed) await look(pool);
  };
  return {
    progress: () => writer.progress(),
    apply: async (segment: Segment) => {
      if (segment.first) {
        begun = performance.now();
        changes = 0;
        pulsed = false;
      }
      changes += segment.changes;
      for (const step of segment.steps) {
        if (step.kind === 'progress') states.set(step.progress.table, step.progress.state);
        if (step.kind === 'rows' && step.table === pulse) pulsed = true;
      }
      await writer.apply(segment);
      if (segment.last) await committed();
    },
    [Symbol.asyncDispose]: () => writer[Symbol.asyncDispose](),
  };
}

/** Asks as an analyst would, on a connection of its own. */
async function look(pool: DuckDbPool): Promise<void> {
  const engine = await pool.engine();
  const connection = await engine.connect();
  const [row] = (await connection.runAndReadAll('SELECT max(id) FROM public.pulse')).getRows();
  tell({ kind: 'visible', id: Number(row?.[0] ?? 0), atNs: String(process.hrtime.bigint()) });
  engine.disconnect(connection);
}
