import { keepCompiled } from './compile-cache.ts';

// The process that owns a pool.
keepCompiled();
const { runChild } = await import('./up/child.ts');
const { runPoolJob } = await import('./up/pool-work.ts');
runChild('pool', runPoolJob);
