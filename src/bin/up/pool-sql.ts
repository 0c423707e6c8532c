import type { Log } from '#base/log.ts';
import { gauge } from '#base/metrics.ts';
import type { Service } from '#base/service.ts';
import { QueryAdmission } from '#pool/admission.ts';
import type { DuckDbPool } from '#pool/engines/duckdb/pool.ts';
import { EngineMemory } from '#pool/query-memory.ts';
import type { TdsFront } from '#pool/tds/front.ts';
import { openPoolEndpoint, type EndpointLogin, type EndpointVerdict } from '#pool/tds/pool-endpoint.ts';
import { SqlPool } from '#pool/tsql/run/sql-pool.ts';
import type { PoolAddress } from '#providers/synapse/pool-host.ts';
import type { PoolJob } from './channel.ts';

export interface PoolSqlRequest {
  readonly pool: DuckDbPool;
  /** As it was ordered last. */
  readonly job: () => PoolJob;
  /** Asks whoever decides about logins. */
  readonly ask: (login: EndpointLogin) => Promise<EndpointVerdict>;
  /** Where it is reached has changed. */
  readonly onChange: () => void;
  readonly log: Log;
}

/** What a pool's statements may have. */
const limits = { atOnce: 16, queued: 256, statementMs: 3_600_000 };
/** Of the pool's memory, for one statement: what is above it lies on the disk. */
const statementShare = 8;

/** Speaks TDS with clients of a pool, as a service: where its port is taken it is tried again. */
export class PoolSql implements Service, Disposable {
  readonly name = 'tds';
  readonly #request: PoolSqlRequest;
  readonly #admission: QueryAdmission;
  readonly #sql: SqlPool;
  #front: TdsFront | undefined;

  constructor(request: PoolSqlRequest) {
    const { pool, job, log } = request;
    const { memoryMb, tds } = job();
    this.#request = request;
    this.#admission = new QueryAdmission({
      ...limits,
      statementMb: memoryMb * statementShare,
      memory: new EngineMemory(() => pool.engine()),
    });
    this.#sql = new SqlPool(pool, {
      database: tds.database,
      serverName: tds.serverName,
      admission: this.#admission,
      now: Date.now,
      log: log.child({ part: 'sql' }),
    });
    this.#measure();
  }

  /** Undefined: nowhere at the moment. */
  get address(): PoolAddress | undefined {
    return this.#front && { host: this.#front.host, port: this.#front.port };
  }

  /** Shows the certificate of the latest order from now on. */
  renew(): void {
    const { certificate } = this.#request.job().tds;
    if (certificate !== undefined) this.#front?.renew(certificate);
  }

  async run(signal: AbortSignal): Promise<void> {
    const { job, ask, log, onChange } = this.#request;
    const { host, port, encryption, certificate, serverName, database } = job().tds;
    const open = (client: Parameters<SqlPool['open']>[0]): ReturnType<SqlPool['open']> => this.#sql.open(client);
    const settings = { host, port, encryption, certificate, serverName, database };
    await using front = await openPoolEndpoint({ ...settings, decide: ask, open, log: log.child({ part: 'tds' }) });
    this.#front = front;
    onChange();
    log.info({ host, port: front.port }, 'clients of SQL Server are answered');
    try {
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
    } finally {
      this.#front = undefined;
      onChange();
    }
  }

  [Symbol.dispose](): void {
    this.#admission[Symbol.dispose]();
  }

  #measure(): void {
    const attributes = { pool: this.#request.job().name };
    const told = (name: string, description: string, value: () => number): unknown =>
      gauge(name, { unit: '{statement}', description }, () => [{ value: value(), attributes }]);
    told('sql.statements', 'Statements that run in the pool', () => this.#admission.running);
    told('sql.queue', 'Statements that wait for their turn', () => this.#admission.waiting);
    gauge('sql.sessions', { unit: '{session}', description: 'Clients that are logged in' }, () => [
      { value: this.#front?.sessions ?? 0, attributes },
    ]);
  }
}
