// A program that starts a worker which ends by nothing it is asked, says its process, and stays. `plainly`: without sandbox.
import { fault } from '#base/fault.ts';
import { silentLog } from '#base/log.ts';
import { openRuntimes } from '#bin/up/runtime-parts.ts';
import { SamplePlan } from '#fabric/sample-plan.contract.ts';
import { openUserspaceEngine } from '#fabric/userspace/engine.ts';

const [folder = '', how] = process.argv.slice(2);
const engine = await openUserspaceEngine();
const sample = new SamplePlan({ host: '127.0.0.1', port: 9 });
await engine.apply(sample.plan());
const none = fault('unsupported', 'NoSandboxHere', 'Not in this test.');
const host = openRuntimes({
  engine,
  folder,
  allowUnisolated: true,
  log: silentLog,
  program: 'test/runtime/inside.ts',
  ...(how === 'plainly' && { sandbox: async () => none }),
});
const login = { database: 'stubborn', user: 'reader', password: null, tls: 'prefer', certificateName: null } as const;
const store = { kind: 'postgresql', host: sample.name, port: sample.port, ...login } as const;
const order = { segment: sample.segment, name: 'test', job: { kind: 'test-connection', store, timeoutMs: 60_000 }, writable: [] } as const;
const job = await host.start(order, new AbortController().signal);
for await (const event of job.events) if (event.kind === 'step') process.stdout.write(`${job.pid}\n`);
