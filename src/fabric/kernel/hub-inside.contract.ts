import { execFileSync } from 'node:child_process';
import { hubPlace } from './hub-place.ts';

/** Runs a program in the hub of a label, wherever this user's hubs live, and answers what it says. */
export function inHubOf(label: string, ...command: readonly string[]): string {
  return execFileSync('/usr/bin/nsenter', [`--net=${hubPlace({ label }).path}`, '--', ...command], { encoding: 'utf8' });
}
