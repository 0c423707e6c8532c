import { mkdir } from 'node:fs/promises';
import { Server } from 'node:https';
import { hostname } from 'node:os';
import { dirname } from 'node:path';
import type { Log } from '#base/log.ts';
import { supervise } from '#base/service.ts';
import { openCertificates, usualNames, type CertificateRequest, type Certificates } from '#control/identity/certificates.ts';
import { openSqliteStore } from '#control/store/sqlite-store.ts';
import type { ControlJob, ControlReport } from './channel.ts';
import type { ChildWork } from './child.ts';
import { composeControl } from './control-parts.ts';
import { openEngine } from './fabric-engine.ts';
import { places } from './home-folder.ts';
import { listenOn } from './listen.ts';
import { networkNews } from './network-news.ts';
import { openRuntimes } from './runtime-parts.ts';
import { openPoolHost } from './pool-host.ts';

const certificateEveryMs = 86_400_000;

/** Answers requests for resources and makes them true, until the signal aborts. Faults: `PortInUse` (conflict), those of the store and of certificates. */
export async function runControlJob(job: ControlJob, { signal, log, report, alsoMeasures }: ChildWork<ControlReport>): Promise<void> {
  const path = places.store(job.folder);
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await using store = await openSqliteStore({ path });
  const wanted: CertificateRequest = {
    folder: job.folder,
    hostNames: [hostname()],
    own: job.tls && { certFile: job.tls.cert, keyFile: job.tls.key },
  };
  const certificates = await openCertificates(wanted);
  const opened = await openEngine(job, log);
  await using engine = opened.engine;
  await using runtimes = openRuntimes({ engine, folder: job.folder, allowUnisolated: job.allowUnisolated, log });
  await using pools = openPoolHost({ folder: job.folder, sql: { ...job.sql, certificate: certificates }, log });
  alsoMeasures(() => pools.metrics());
  let ignoreReports = (): void => undefined;
  const ignoreEvents = engine.onEvent(networkNews(log, Date.now));
  const hostNames = [...usualNames, hostname().toLowerCase()];
  const parts = await composeControl({ job, store, certificates, hostNames, engine, runtimes, pools, log });
  const { app, loop, keeper, services, tenant, subscription } = parts;
  const renewal = setInterval(
    () =>
      void renew(wanted, log, (renewed) => {
        if (app.server instanceof Server) app.server.setSecureContext(renewed);
        pools.renew(renewed);
      }),
    certificateEveryMs,
  );
  try {
    const port = await listenOn(app, job.port);
    const url = `https://localhost:${port}`;
    const about = { engine: opened.status, url, studio: await parts.studioLink(url), ca: certificates.caPath, subscription, tenant };
    let told = { ...about, sql: pools.addresses() };
    report(() => told);
    ignoreReports = pools.onReport(() => {
      const sql = pools.addresses();
      // Whoever is told writes it down: only what is another.
      if (JSON.stringify(sql) === JSON.stringify(told.sql)) return;
      told = { ...about, sql };
      report(() => told);
    });
    log.info({ port }, 'requests are answered');
    await supervise([loop, keeper, ...services], { signal, log });
  } finally {
    clearInterval(renewal);
    ignoreReports();
    ignoreEvents();
    await app.close();
    parts[Symbol.dispose]();
  }
}

/** A certificate near its end is replaced while connections go on. */
async function renew(wanted: CertificateRequest, log: Log, take: (renewed: Pick<Certificates, 'cert' | 'key'>) => void): Promise<void> {
  try {
    const { cert, key } = await openCertificates(wanted);
    take({ cert, key });
  } catch (error) {
    log.warn({ err: error }, 'the certificate could not be renewed');
  }
}
