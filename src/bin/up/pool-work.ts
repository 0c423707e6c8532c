import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { gauge } from '#base/metrics.ts';
import { delay, supervise } from '#base/service.ts';
import { DuckDbPool } from '#pool/engines/duckdb/pool.ts';
import { serveQueries } from '#pool/query-server.ts';
import type { EndpointVerdict } from '#pool/tds/pool-endpoint.ts';
import type { PoolJob, PoolTold } from './channel.ts';
import type { ChildWork } from './child.ts';
import { PoolLinks } from './pool-links.ts';
import { TableSizes } from './pool-sizes.ts';
import { PoolSql } from './pool-sql.ts';

const lookEveryMs = 1_000;
const reportAtMostEveryMs = 200;

/** Owns a pool: brings the segments of its links' landing zones into it and answers queries, until the signal aborts. */
export async function runPoolJob(job: PoolJob, { signal, log, report, onJob, ask }: ChildWork<PoolTold, PoolJob>): Promise<void> {
  await mkdir(dirname(job.file), { recursive: true, mode: 0o700 });
  await using pool = await DuckDbPool.open(job.file, { memoryLimitMb: job.memoryMb, rejectsTables: true });
  await using _served = await serveQueries(pool);
  const sizes = new TableSizes(pool);
  let toldAtMs = Number.NEGATIVE_INFINITY;
  const tell = (): void => {
    toldAtMs = performance.now();
    report(() => ({ ...links.report(), tds: sql.address }));
  };
  const onCommit = (): void => {
    if (performance.now() - toldAtMs >= reportAtMostEveryMs) tell();
  };
  await using links = new PoolLinks({ pool, name: job.name, sizes, log, onChange: tell, onCommit });
  let ordered = job;
  using sql = new PoolSql({
    pool,
    job: () => ordered,
    // The control plane is of this version too.
    ask: async (login) => (await ask(login)) as EndpointVerdict,
    onChange: tell,
    log,
  });
  measure(job.name, links);
  // What the process was started with; an order that came while the pool was being opened is a later one.
  links.order(job);
  onJob((next) => {
    ordered = next;
    links.order(next);
    sql.renew();
  });
  const answering = supervise([sql], { signal, log });
  while (!signal.aborted) {
    // Numbers for people: where they cannot be had now the last ones stay.
    await links.look(signal).catch(() => undefined);
    tell();
    await delay(lookEveryMs, signal).catch(() => undefined);
  }
  await answering;
}

function measure(pool: string, links: PoolLinks): void {
  const each = (value: 'waitingSegments' | 'waitingBytes') => () =>
    links.intakes.map((one) => ({ value: one.report()[value], attributes: one.attributes }));
  gauge('pool.tables', { unit: '{table}', description: 'Tables of the pool by their state' }, () => {
    const states = new Map<string, number>();
    for (const one of links.intakes) for (const { state } of one.report().tables) states.set(state, (states.get(state) ?? 0) + 1);
    return [...states].map(([kind, value]) => ({ value, attributes: { pool, kind } }));
  });
  gauge(
    'landing.segments',
    { unit: '{segment}', description: 'Segments in landing zones that are not applied yet' },
    each('waitingSegments'),
  );
  gauge('landing.bytes', { unit: 'By', description: 'Disk space of those segments' }, each('waitingBytes'));
}
