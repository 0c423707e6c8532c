import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { toFault, type Fault } from '#base/fault.ts';
import { openKernelEngine } from '#fabric/kernel/engine.ts';

/** Whether `isthmus up --engine kernel` would run here. */
export interface KernelEngineTried {
  readonly works: boolean;
  /** What keeps it from running. */
  readonly why: Pick<Fault, 'code' | 'message' | 'remedy'> | undefined;
}

/** Opens the kernel engine with a network of its own, and takes that away again. */
export async function tryKernelEngine(): Promise<KernelEngineTried> {
  const folder = mkdtempSync(join(tmpdir(), 'isthmus-doctor-'));
  try {
    await using _ = await openKernelEngine({ label: randomBytes(4).toString('hex'), folder });
    return { works: true, why: undefined };
  } catch (error) {
    const { code, message, remedy } = toFault(error);
    return { works: false, why: { code, message, remedy } };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
