import { networkInterfaces } from 'node:os';
import { kernelPrograms, run } from './commands.ts';
import { isInUserNamespace } from './hub-place.ts';

/**
 * Within `unshare -Urnm` the loopback interface is down, and nothing can listen on it: takes it up. Answers whether it did. Never on a host's own
 * network.
 */
export async function raiseLoopback(): Promise<boolean> {
  if (process.platform !== 'linux' || !isInUserNamespace() || networkInterfaces()['lo'] !== undefined) return false;
  return (await run(kernelPrograms.ip.path, ['link', 'set', 'lo', 'up'])).exit === 0;
}
