import { runDemoShop, shopName } from './demo/demo-shop.ts';
import type { DemoJob, DemoReport } from './up/channel.ts';
import { runChild } from './up/child.ts';

/** The process of the demo's database: see `runDemoShop`. */
runChild<DemoJob, DemoReport>('demo', (job, { signal, log, report }) =>
  runDemoShop({
    ...job,
    signal,
    log,
    onStep: (step) => report({ step, source: undefined, serverPid: undefined }),
    onOpen: (server) => {
      const url = `postgres://${server.user}@${server.host}:${server.port}/${shopName}`;
      log.info({ url, serverPid: server.pid }, 'shop open');
      report({ step: 'open', source: { url, password: server.password }, serverPid: server.pid });
    },
  }),
);
