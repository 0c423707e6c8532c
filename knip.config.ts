import type { KnipConfig } from 'knip';

const config: KnipConfig = {
  entry: [
    'src/bin/*.{ts,mjs}',
    'src/bin/docs/write-docs.ts',
    'test/clients/*.ts',
    'test/fabric/inside.ts',
    'test/link/link-process.ts',
    'test/runtime/{far-side,inside,parent}.ts',
    'bench/{run,raw-reader,bare-server,tds-server}.ts',
    'scripts/*.mjs',
    'studio/app/main.tsx',
    'studio/vite.config.ts',
  ],
  project: ['src/**/*.ts', 'test/**/*.ts', 'bench/**/*.ts', 'studio/**/*.{ts,tsx}', 'scripts/**/*.{js,mjs}'],
  // Part of Debian's base system.
  ignoreBinaries: ['nsenter', 'prlimit', 'setpriv', 'unshare'],
  // A contract's parts are exported for whoever names one.
  ignoreExportsUsedInFile: { interface: true, type: true },
};

export default config;
