import { X509Certificate } from 'node:crypto';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { armFailpoints } from '#base/failpoint.ts';
import { openCertificates, type Certificates } from './certificates.ts';

const dayMs = 86_400_000;

async function emptyFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'isthmus-certificates-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}

function leaf({ cert }: Certificates): X509Certificate {
  return new X509Certificate(cert);
}

/** The status that a client who trusts only the CA gets, calling the server by this name. */
async function statusBy(name: string, certificates: Certificates): Promise<number | undefined> {
  const server = createServer({ cert: certificates.cert, key: certificates.key }, (_request, response) => response.writeHead(204).end());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const ca = await readFile(certificates.caPath);
  try {
    return await new Promise((resolve, reject) => {
      const { port } = server.address() as AddressInfo;
      request({ host: '127.0.0.1', port, servername: name === '127.0.0.1' ? '' : name, headers: { host: name }, ca }, (answer) => {
        answer.resume();
        resolve(answer.statusCode);
      })
        .on('error', reject)
        .end();
    });
  } finally {
    server.close();
  }
}

test('a client that trusts the CA is let in by every name and by no other', async () => {
  const certificates = await openCertificates({ folder: await emptyFolder(), hostNames: ['Host.example', '10.1.2.3', 'no such name'] });
  for (const name of ['localhost', '127.0.0.1', 'ws1.dev.isthmus.localhost', 'host.example']) {
    expect(await statusBy(name, certificates)).toBe(204);
  }
  await expect(statusBy('other.example', certificates)).rejects.toMatchObject({ code: 'ERR_TLS_CERT_ALTNAME_INVALID' });
  expect(leaf(certificates).checkIP('::1')).toBeDefined();
  expect(leaf(certificates).checkIP('10.1.2.3')).toBeDefined();
});

test('keys are private files, the CA is public', async () => {
  const folder = await emptyFolder();
  const { caPath } = await openCertificates({ folder, hostNames: [] });
  expect(caPath).toBe(join(folder, 'ca.pem'));
  expect(await readFile(caPath, 'utf8')).not.toContain('PRIVATE');
  for (const name of ['ca.pem', 'server.pem']) expect((await stat(join(folder, 'identity', name))).mode & 0o777).toBe(0o600);
});

test('the certificate stays until it is near its end or the names change; the CA stays', async () => {
  const folder = await emptyFolder();
  const startMs = Date.now();
  const at = (days: number, hostNames: readonly string[] = []): Promise<Certificates> =>
    openCertificates({ folder, hostNames, now: () => startMs + days * dayMs });
  const first = await at(0);
  const ca = await readFile(first.caPath, 'utf8');
  expect((await at(300)).cert).toBe(first.cert);
  const renewed = await at(380);
  expect(renewed.cert).not.toBe(first.cert);
  expect(leaf(renewed).validToDate.getTime()).toBeGreaterThan(startMs + 700 * dayMs);
  expect((await at(380, ['more.example'])).cert).not.toBe(renewed.cert);
  expect(await readFile(first.caPath, 'utf8')).toBe(ca);
});

test('a crash between any two files is put right by the next start', async () => {
  for (const passes of [1, 2, 3]) {
    const folder = await emptyFolder();
    {
      using _ = armFailpoints(`identity.file.before=throw:${passes}`);
      await expect(openCertificates({ folder, hostNames: [] })).rejects.toMatchObject({ code: 'Failpoint' });
    }
    expect(await statusBy('localhost', await openCertificates({ folder, hostNames: [] }))).toBe(204);
  }
});

test('a broken file is named, with what to do', async () => {
  const folder = await emptyFolder();
  await openCertificates({ folder, hostNames: [] });
  await writeFile(join(folder, 'identity', 'ca.pem'), 'nonsense');
  await expect(openCertificates({ folder, hostNames: [] })).rejects.toMatchObject({ kind: 'corrupt', code: 'IdentityFileBroken' });
});

test('an own certificate is served; one that is not of its key, has expired or is not there is refused', async () => {
  const folder = await emptyFolder();
  const ours = await openCertificates({ folder, hostNames: [] });
  const [certFile, keyFile] = [join(folder, 'own.pem'), join(folder, 'own.key')];
  await writeFile(certFile, ours.cert);
  await writeFile(keyFile, ours.key);
  const own = { certFile, keyFile };
  expect(await openCertificates({ folder, hostNames: [], own })).toEqual({ cert: ours.cert, key: ours.key, caPath: certFile });
  const bad = { kind: 'invalid', code: 'BadCertificate' };
  const later = Date.now() + 1_000 * dayMs;
  await expect(openCertificates({ folder, hostNames: [], own, now: () => later })).rejects.toMatchObject(bad);
  const other = await openCertificates({ folder: await emptyFolder(), hostNames: [] });
  await writeFile(keyFile, other.key);
  await expect(openCertificates({ folder, hostNames: [], own })).rejects.toMatchObject(bad);
  await rm(keyFile);
  await expect(openCertificates({ folder, hostNames: [], own })).rejects.toMatchObject(bad);
});
