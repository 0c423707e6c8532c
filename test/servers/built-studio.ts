import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fault } from '#base/fault.ts';

export interface StudioBuild {
  /** What Home loads first, for people. */
  readonly out: string;
  /** Empty: what was there was made of the same sources. */
  readonly err: string;
}

/** The Studio's page is in dist/studio, as its sources are now. Takes some seconds where it was not. */
export function ensureStudio(): StudioBuild {
  const script = join(import.meta.dirname, '../../scripts/build-studio.mjs');
  const { status, stdout, stderr } = spawnSync(process.execPath, [script], { encoding: 'utf8' });
  if (status !== 0) throw fault('bug', 'NoStudio', `The Studio was not built: ${stdout}${stderr}`);
  return { out: stdout, err: stderr };
}
