import { keepCompiled } from './compile-cache.ts';

// The process that answers requests for resources and makes them true.
keepCompiled();
const { runChild } = await import('./up/child.ts');
const { runControlJob } = await import('./up/control-work.ts');
runChild('control', runControlJob);
