import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ControlJob } from '../up/channel.ts';
import { silentLog } from '#base/log.ts';
import { openCertificates } from '#control/identity/certificates.ts';
import { openSqliteStore } from '#control/store/sqlite-store.ts';
import { openUserspaceEngine } from '#fabric/userspace/engine.ts';
import { composeControl } from '../up/control-parts.ts';
import { openRuntimes } from '../up/runtime-parts.ts';
import { openPoolHost } from '../up/pool-host.ts';

/** The text of `docs/coverage.md`: every operation that is served, and the client tests that drive it, as a control plane itself says on `/coverage`. */
export async function coverageDocument(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'isthmus-docs-'));
  try {
    await using store = await openSqliteStore({ path: join(folder, 'resources.db') });
    const certificates = await openCertificates({ folder, hostNames: [] });
    const job: ControlJob = {
      folder,
      port: 0,
      tls: undefined,
      issuers: [],
      accessLog: undefined,
      sealKeys: undefined,
      allowUnisolated: false,
      engine: 'userspace' as const,
      uplink: undefined,
      smtp: undefined,
      allowLocalWebhooks: false,
      sql: { firstPort: 0, encryption: 'require' },
    };
    await using engine = await openUserspaceEngine();
    await using runtimes = openRuntimes({ engine, folder, allowUnisolated: false, log: silentLog });
    await using pools = openPoolHost({ folder, sql: { ...job.sql, certificate: certificates }, log: silentLog });
    using parts = await composeControl({ job, store, certificates, hostNames: [], engine, runtimes, pools, log: silentLog });
    const answer = await parts.app.inject({ url: '/coverage', headers: { accept: 'text/markdown' } });
    await parts.app.close();
    return `<!-- Made by npm run docs from the types themselves and docs/client-tests.json. -->\n\n${answer.body}`;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
