import { constants, getPriority, setPriority } from 'node:os';

/**
 * Under a load a worker gets a little less of the processors than what serves everybody. It is no limit: that takes a control group, which an
 * ordinary user may not make on every host.
 */
export const niceness = 1;

/** To be called as soon as the process is there: what it starts after that has the same. */
export function giveWay(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    setPriority(pid, Math.min(constants.priority.PRIORITY_LOW, getPriority() + niceness));
  } catch (error) {
    // That it is gone already is noticed elsewhere.
    if ((error as { info?: { code?: string } }).info?.code !== 'ESRCH') throw error;
  }
}
