import { runChild } from './up/child.ts';
import { runPoolJob } from './up/pool-work.ts';

/** The process that owns a pool: see `runPoolJob`. */
runChild('pool', runPoolJob);
