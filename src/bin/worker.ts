import { runChild } from './up/child.ts';
import { runLinkJob } from './up/link-work.ts';

/** The process that reads a source: see `runLinkJob`. */
runChild('worker', runLinkJob);
