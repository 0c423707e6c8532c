import { enableCompileCache } from 'node:module';

// The process that does one job of an integration runtime. Where its compiled code is kept is its only argument: inside a sandbox it is read, not written.
enableCompileCache(process.argv[2]);
const { runWorker } = await import('#runtime/worker.ts');
runWorker();
