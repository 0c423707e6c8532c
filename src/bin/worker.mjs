// The process that does one job of an integration runtime. Where its compiled code is kept is its only argument: inside a sandbox it is read, not written.
// Plain JavaScript: taking types off before the cache is open would take longer than all the rest.
import { enableCompileCache } from 'node:module';

enableCompileCache(process.argv[2]);
const { runWorker } = await import('#runtime/worker.ts');
runWorker();
