import { removeHub } from '#fabric/kernel/hub.ts';
import { hubLabel } from './fabric-engine.ts';
import { takeHomeFolder } from './home-folder.ts';

/**
 * `isthmus down`: takes away what the kernel engine of a data folder left on this host. Idempotent. Answers what to say.
 * Faults: `DataInUse` (conflict) while it runs.
 */
export async function downCommand(data: string): Promise<string> {
  using folder = takeHomeFolder(data);
  const removed = await removeHub({ label: hubLabel(folder.path), folder: folder.path });
  return removed ? 'The network of the kernel engine is gone from this host.\n' : 'The kernel engine has left nothing on this host.\n';
}
