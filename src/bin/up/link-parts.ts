import { randomUUID } from 'node:crypto';
import { totalmem } from 'node:os';
import type { Sealer } from '#arm/access.ts';
import { storesOf } from '#providers/authoring/store-access.ts';
import type { SynapseLinkOptions } from '#providers/synapse/link-options.ts';
import { synapseLinks, type SynapseLinks } from '#providers/synapse/link-types.ts';
import { workspaceHome } from '#providers/synapse/workspace-home.ts';

type Given = 'store' | 'writer' | 'runtimes' | 'pools' | 'explain' | 'counter' | 'folder' | 'ring' | 'log';

/** SQL pools and link connections of workspaces, in the time and with the memory of this machine. */
export function linkParts(options: Pick<SynapseLinkOptions, Given>, sealer: Pick<Sealer, 'open'>): SynapseLinks {
  return synapseLinks({
    ...options,
    log: options.log.child({ part: 'links' }),
    stores: storesOf(workspaceHome, sealer),
    hostMemoryMb: Math.floor(totalmem() / 1_048_576),
    clock: {
      nowMs: Date.now,
      monotonicMs: () => performance.now(),
      timer: (ms, wake) => {
        const timer = setTimeout(wake, ms);
        return () => clearTimeout(timer);
      },
    },
    newId: randomUUID,
    random: Math.random,
  });
}
