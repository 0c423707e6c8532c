import { keepCompiled } from './compile-cache.ts';

// The process that reads the demo's database.
keepCompiled();
const { runChild } = await import('./up/child.ts');
const { runLinkJob } = await import('./up/link-work.ts');
runChild('worker', runLinkJob);
