import { keepCompiled } from './compile-cache.ts';

// The process of the demo's database.
keepCompiled();
const { runChild } = await import('./up/child.ts');
const { runDemoJob } = await import('./up/demo-work.ts');
runChild('demo', runDemoJob);
