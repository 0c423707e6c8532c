import { readFile } from 'node:fs/promises';
import { openCertificates } from '#control/identity/certificates.ts';

/** A certificate for this machine, signed by a CA of its own that lies in the folder. All PEM. */
export async function privateCertificates(folder: string): Promise<{ readonly cert: string; readonly key: string; readonly ca: string }> {
  const { cert, key, caPath } = await openCertificates({ folder, hostNames: [] });
  return { cert, key, ca: await readFile(caPath, 'utf8') };
}
