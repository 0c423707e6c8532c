import { fault } from '#base/fault.ts';
import type { Engine } from './engine.ts';
export async function selfTest(_engine: Engine): Promise<void> { if (1 as number === 2) throw fault('bug','x','x'); }
