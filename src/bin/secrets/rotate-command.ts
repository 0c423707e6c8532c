import { existsSync } from 'node:fs';
import { userInfo } from 'node:os';
import { sealKeyVariable } from '#base/config.ts';
import { fault } from '#base/fault.ts';
import type { Secret } from '#base/secret.ts';
import { sealKeyPath } from '#control/identity/seal-keys.ts';
import { rotateSealKeys } from '#control/identity/rotate-seal-keys.ts';
import { places, takeHomeFolder } from '../up/home-folder.ts';

export interface RotateCommand {
  readonly data: string;
  readonly output: 'table' | 'json';
  readonly fromEnvironment: Secret | undefined;
}

/** `isthmus secrets rotate`. Faults: `DataInUse` (conflict) while isthmus up runs there, `NothingSealed` (missing), and those of `rotateSealKeys`. */
export async function rotateCommand({ data, output, fromEnvironment }: RotateCommand): Promise<string> {
  checkStore(places.store(data), data);
  using folder = takeHomeFolder(data);
  const store = places.store(folder.path);
  const rotated = await rotateSealKeys({ folder: folder.path, store, fromEnvironment, by: `user ${userInfo().username} of this machine` });
  if (output === 'json') return `${JSON.stringify(rotated)}\n`;
  const { key, isFromEnvironment, changed, unreadable, dropped } = rotated;
  const where = isFromEnvironment ? sealKeyVariable : sealKeyPath(folder.path);
  const old = dropped.length === 0 ? '' : `Nothing is sealed with ${dropped.join(', ')} any more.\n`;
  const lost = unreadable === 0 ? '' : `${unreadable} sealed texts open with no key and stayed as they are: give those secrets anew.\n`;
  const what = changed === 1 ? '1 place of the store was' : `${changed} places of the store were`;
  return `${what} sealed anew with the key ${key}, which is in ${where}. Keep a copy of it apart from the data folder.\n${old}${lost}`;
}

function checkStore(path: string, folder: string): void {
  if (existsSync(path)) return;
  throw fault('missing', 'NothingSealed', `There is no store in ${folder}, and so nothing is sealed.`, {
    target: folder,
    remedy: 'Name the data folder of an isthmus up with --data.',
  });
}
