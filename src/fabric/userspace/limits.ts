import { readFileSync } from 'node:fs';

export interface EngineLimits {
  /** Connections at once. What comes beyond them is reset and counted. */
  readonly maxConnections: number;
  /** Of all addresses of a target together. */
  readonly connectTimeoutMs: number;
  /** Silence after which the operating system asks whether the other end is still there; below every idle timeout, Azure's 4 minutes included. */
  readonly keepAliveMs: number;
  /** How exactly idle times are kept, and how often counters move for connections that stay open. */
  readonly tickMs: number;
}

/** For everything that is no connection of ours: databases, logs, the API. */
const reservedDescriptors = 512;
const unknownDescriptors = 4_096;
const descriptorsPerConnection = 2;

/** The limits where nothing else is asked for, and the number of sockets that may listen. */
export function hostLimits(
  asked: Partial<EngineLimits> = {},
): EngineLimits & { readonly mostListeners: number; readonly descriptors: number } {
  const descriptors = Math.max(64, openFilesLimit() - reservedDescriptors);
  return {
    maxConnections: Number.POSITIVE_INFINITY,
    connectTimeoutMs: 15_000,
    keepAliveMs: 30_000,
    tickMs: 1_000,
    ...asked,
    mostListeners: Math.floor((descriptors * 3) / 4),
    descriptors,
  };
}

/** So many connections fit under the process's limit of open files, beside the sockets that listen. */
export function mostConnections(limits: { readonly maxConnections: number; readonly descriptors: number }, listeners: number): number {
  return Math.min(limits.maxConnections, Math.floor((limits.descriptors - listeners) / descriptorsPerConnection));
}

/** Node raises the soft limit to the hard one when it starts. */
function openFilesLimit(): number {
  try {
    const soft = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
    return soft === undefined ? unknownDescriptors : Number(soft);
  } catch {
    return unknownDescriptors;
  }
}
