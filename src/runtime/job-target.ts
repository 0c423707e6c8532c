import type { RuntimeJob } from './job.ts';

/** The one database that a job is about. */
export function targetOf(job: RuntimeJob): { readonly host: string; readonly port: number } {
  return job.kind === 'link' ? job.link.store : job.store;
}
