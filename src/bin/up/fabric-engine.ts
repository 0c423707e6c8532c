import { createHash } from 'node:crypto';
import { existsSync, realpathSync } from 'node:fs';
import { resolve } from 'node:path';
import { faultText } from '#base/fault-text.ts';
import { toFault } from '#base/fault.ts';
import type { Log } from '#base/log.ts';
import type { FabricEngine } from '#fabric/engine.ts';
import { openKernelEngine } from '#fabric/kernel/engine.ts';
import { openUserspaceEngine } from '#fabric/userspace/engine.ts';
import type { ControlJob } from './channel.ts';
import type { EngineStatus, ShownFault } from './status.ts';

export interface OpenedEngine {
  readonly engine: FabricEngine;
  readonly status: EngineStatus;
}

/** The engine that is asked for. Faults: those of the kernel engine, unless the choice is `auto`. */
export async function openEngine(
  { engine, folder, uplink }: Pick<ControlJob, 'engine' | 'folder' | 'uplink'>,
  log: Log,
): Promise<OpenedEngine> {
  if (engine === 'userspace') return opened(await openUserspaceEngine({ log }));
  try {
    return opened(await openKernelEngine({ log, label: hubLabel(folder), folder, uplink }));
  } catch (error) {
    if (engine === 'kernel') throw error;
    const notKernel = faultText(toFault(error));
    log.warn({ code: notKernel.code, reason: notKernel.message }, 'the kernel cannot carry connections here, so that this process does');
    return opened(await openUserspaceEngine({ log }), notKernel);
  }
}

function opened(engine: FabricEngine, notKernel: ShownFault | null = null): OpenedEngine {
  return { engine, status: { kind: engine.kind, notKernel } };
}

/** Names what the kernel engine of a data folder makes on this host. */
export function hubLabel(folder: string): string {
  const path = existsSync(folder) ? realpathSync(folder) : resolve(folder);
  return createHash('sha256').update(path).digest('hex').slice(0, 8);
}
