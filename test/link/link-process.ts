import { directDialer } from '#base/dialer.ts';
import { silentLog } from '#base/log.ts';
import type { JobContext } from '#runtime/job-work.ts';
import type { LinkMessage, LinkOrder } from '#runtime/job.ts';
import { link } from '#runtime/jobs/link.ts';

// A link's job in a process of its own, for tests that kill it. Told over the channel of `fork`: first the order, then messages.

const listeners: ((message: LinkMessage) => void)[] = [];
const context: JobContext = {
  dialer: directDialer,
  signal: new AbortController().signal,
  log: silentLog,
  tell: () => undefined,
  onMessage: (listener) => {
    listeners.push(listener);
  },
};
let begun = false;
process.on('message', (told) => {
  if (begun) return listeners.forEach((listener) => listener(told as LinkMessage));
  begun = true;
  void link({ kind: 'link', link: told as LinkOrder }, context);
});
process.on('disconnect', () => process.exit());
