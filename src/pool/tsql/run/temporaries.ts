import type { Frame } from './frame.ts';
import type { SessionCore } from './session-core.ts';

/** Temporary tables of an inner text, and table variables of any, end with it. */
export async function endTemporaries(core: SessionCore, frame: Frame): Promise<void> {
  const ending = [...frame.temporaries].filter((name) => frame.level > 0 || name.startsWith('@'));
  if (ending.length === 0) return;
  const left = new Map(core.temporaries);
  for (const name of ending) {
    const table = left.get(name);
    left.delete(name);
    frame.temporaries.delete(name);
    if (table) await core.dropTemporary(table);
  }
  core.temporaries = left;
}
