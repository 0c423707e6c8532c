import { defineConfig } from 'oxlint';

/** The architecture, as data: what each module may import. Everything else is an error. `bin` may import all; nobody imports `bin`. */
const mayImport: Record<string, readonly string[]> = {
  base: [],
  wire: ['base'],
  arm: ['base'],
  fabric: ['base', 'wire'],
  replication: ['base', 'wire'],
  pool: ['base', 'wire', 'replication'],
  runtime: ['base', 'wire', 'replication'],
  control: ['base', 'arm'],
  providers: ['base', 'arm', 'fabric', 'replication', 'pool', 'runtime'],
  cli: ['base', 'arm'],
};
const modules = [...Object.keys(mayImport), 'bin'];
/** Hubs of the Studio, which do not know each other. */
const hubs = ['home', 'data', 'integrate', 'monitor', 'manage', 'network', 'approvals', 'resources'];
const escape = { regex: `^(\\.\\./)+(src/)?(${modules.join('|')})/`, message: 'Leave a module through #name/file.ts, not through ../' };

/** What files of a module may import of ours: the module itself, what the table says, and `more`. */
function imports(module: string, allowed: readonly string[], more: readonly string[] = []) {
  const names = [module, ...allowed, ...more].map((name) => `!#${name}/**`);
  return { patterns: [{ group: ['#*/**', ...names], message: `${module} may import only: ${allowed.join(', ') || 'nothing'}` }, escape] };
}

const lines = (max: number) => ['error', { max, skipBlankLines: true, skipComments: true }] as const;
const tests = ['**/*.test.ts', '**/*.test.tsx', '**/*.contract.ts', 'test/**'];
/** Tool configurations: the tools ask for a default export. */
const configs = ['*.config.ts', 'scripts/lint-rules.js'];

export default defineConfig({
  plugins: ['typescript', 'import', 'unicorn', 'oxc', 'node', 'promise', 'vitest'],
  jsPlugins: ['./scripts/lint-rules.js'],
  categories: { correctness: 'error' },
  options: { typeAware: true, denyWarnings: true, reportUnusedDisableDirectives: 'error' },
  env: { node: true, es2024: true },
  ignorePatterns: ['node_modules', '.isthmus', 'test/servers/versions', 'coverage', 'dist'],
  rules: {
    'import/no-cycle': 'error',
    'import/no-default-export': 'error',
    'oxc/no-barrel-file': ['error', { threshold: 0 }],
    'typescript/no-floating-promises': 'error',
    'typescript/no-misused-promises': 'error',
    'typescript/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
    'typescript/only-throw-error': 'error',
    'typescript/no-explicit-any': 'error',
    'typescript/ban-ts-comment': 'error',
    'typescript/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
    'unicorn/filename-case': ['error', { case: 'kebabCase' }],
    'unicorn/prefer-node-protocol': 'error',
    'no-console': 'error',
    'no-empty': 'error',
    'node/no-process-env': 'error',
    'max-lines': lines(400),
    'max-lines-per-function': lines(80),
    'max-params': ['error', { max: 4 }],
    'max-depth': ['error', { max: 3 }],
    'vitest/no-disabled-tests': 'error',
    'vitest/no-focused-tests': 'error',
    'house/no-plain-error': 'error',
    'house/no-inheritance': 'error',
    'house/telling-names': 'error',
    'house/erasable-only': 'error',
  },
  overrides: [
    ...Object.entries(mayImport).flatMap(([module, allowed]) => [
      { files: [`src/${module}/**`], rules: { 'no-restricted-imports': ['error', imports(module, allowed)] as const } },
      {
        files: [`src/${module}/**/*.test.ts`, `src/${module}/**/*.contract.ts`],
        rules: { 'no-restricted-imports': ['error', imports(module, allowed, ['test'])] as const },
      },
    ]),
    {
      files: ['src/bin/**'],
      rules: {
        'no-restricted-imports': [
          'error',
          { patterns: [{ group: ['#test/**'], message: 'Tests import the product, never the reverse.' }, escape] },
        ],
      },
    },
    { files: ['studio/**'], rules: { 'no-restricted-imports': ['error', imports('studio', ['base', 'arm'])] } },
    ...hubs.map((hub) => ({
      files: [`studio/hubs/${hub}/**`],
      rules: {
        'no-restricted-imports': [
          'error',
          {
            patterns: [
              {
                group: ['#*/**', '!#arm/**', '!#base/**', '!#studio/**', '#studio/hubs/**', `!#studio/hubs/${hub}/**`],
                message: 'Hubs do not know each other: what they share is in #studio/parts.',
              },
              escape,
            ],
          },
        ] as const,
      },
    })),
    { files: ['src/bin/**/*.test.ts'], rules: { 'no-restricted-imports': ['error', { patterns: [escape] }] } },
    { files: ['src/arm/**', 'studio/**'], rules: { 'import/no-nodejs-modules': 'error' } },
    { files: ['studio/**'], env: { browser: true } },
    { files: ['src/base/**'], rules: { 'house/no-plain-error': 'off' } },
    { files: ['src/base/config.ts'], rules: { 'node/no-process-env': 'off' } },
    {
      files: tests,
      rules: { 'max-lines': lines(600), 'max-lines-per-function': 'off', 'node/no-process-env': 'off', 'house/no-plain-error': 'off' },
    },
    { files: ['bench/**', 'scripts/**'], rules: { 'node/no-process-env': 'off', 'no-console': 'off', 'house/no-plain-error': 'off' } },
    { files: configs, rules: { 'import/no-default-export': 'off' } },
  ],
});
