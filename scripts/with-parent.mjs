// Loaded before a program that scripts/run.mjs starts: if the starter is killed, the program ends in good order instead of running on unseen.

import { isMainThread } from 'node:worker_threads';

/** Calls back once this process has another parent, which happens when its parent ends. Keeps no process alive. */
export function whenOrphaned(then) {
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    then();
  }, 250);
  timer.unref();
}

if (isMainThread && process.env.ISTHMUS_WITH_PARENT === String(process.ppid)) whenOrphaned(() => process.kill(process.pid, 'SIGTERM'));
