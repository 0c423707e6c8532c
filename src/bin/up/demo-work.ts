import { runDemoShop, shopName } from '../demo/demo-shop.ts';
import type { DemoJob, DemoReport } from './channel.ts';
import type { ChildWork } from './child.ts';

/** Runs the demo's database and its writer until the signal aborts: see `runDemoShop`. */
export function runDemoJob(job: DemoJob, { signal, log, report }: ChildWork<DemoReport>): Promise<void> {
  return runDemoShop({
    ...job,
    signal,
    log,
    onStep: (step) => report(() => ({ step, source: undefined, serverPid: undefined })),
    onOpen: (server) => {
      const url = `postgres://${server.user}@${server.host}:${server.port}/${shopName}`;
      log.info({ url, serverPid: server.pid }, 'shop open');
      report(() => ({ step: 'open', source: { url, password: server.password }, serverPid: server.pid }));
    },
  });
}
