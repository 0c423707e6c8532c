import { defineConfig } from 'vitest/config';

/** A test file's suffix says what it needs. `unit` needs nothing; the others name the real thing they start. */
const needs = ['pg', 'versions', 'mysql', 'tds', 'kernel'];
const roots = '{src,test,bench,studio}';

export default defineConfig({
  test: {
    // What is imported as #module/file.ts is run by Node's own rules, so nothing here needs an alias.
    projects: [
      {
        test: {
          name: 'unit',
          include: [`${roots}/**/*.test.{ts,tsx}`],
          exclude: [...needs.map((need) => `**/*.${need}.test.ts`), '**/*.e2e.test.ts', '**/node_modules/**', 'test/servers/versions/**'],
          testTimeout: 10_000,
        },
      },
      ...[...needs, 'e2e'].map((need) => ({
        test: {
          name: need,
          include: [`${roots}/**/*.${need}.test.ts`],
          exclude: ['**/node_modules/**', 'test/servers/versions/**'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      })),
    ],
    maxWorkers: 2,
    retry: 0,
    allowOnly: false,
    restoreMocks: true,
  },
});
