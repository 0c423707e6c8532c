import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '..');

/** A small checkout with only the rules of this one and the given files; answers, per file, the rules that it breaks. */
function lint(files: Readonly<Record<string, string>>): Record<string, string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'isthmus-lint-'));
  try {
    for (const name of ['package.json', 'oxlint.config.ts', 'scripts/lint-rules.js', 'tsconfig.json']) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      copyFileSync(join(root, name), join(folder, name));
    }
    symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), text);
    }
    const run = spawnSync(process.execPath, [join(root, 'node_modules/oxlint/bin/oxlint'), '-f', 'json', 'src', 'test', 'scripts'], {
      cwd: folder,
      encoding: 'utf8',
    });
    const report = JSON.parse(run.stdout) as { diagnostics: { filename: string; code: string; severity: string }[] };
    const broken: Record<string, string[]> = Object.fromEntries(Object.keys(files).map((name) => [name, []]));
    for (const { filename, code, severity } of report.diagnostics) broken[filename]?.push(`${severity} ${code}`);
    return broken;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const filler = (count: number): string => Array.from({ length: count }, (_, i) => `export const line${i} = ${i};\n`).join('');
const other = 'export const other = 1;\n';

/** Each file breaks exactly one rule of the house. */
const planted: Readonly<Record<string, readonly [text: string, rule: string]>> = {
  'src/wire/imports-pool.ts': [`import { other } from '#pool/other.ts';\nexport const x = other;\n`, 'eslint(no-restricted-imports)'],
  'src/wire/imports-type.ts': [
    `import type { Other } from '#replication/other.ts';\nexport type X = Other;\n`,
    'eslint(no-restricted-imports)',
  ],
  'src/replication/escapes.ts': [`import { other } from '../pool/other.ts';\nexport const x = other;\n`, 'eslint(no-restricted-imports)'],
  'src/replication/sources/deep/escapes.ts': [
    `import { other } from '../../../pool/other.ts';\nexport const x = other;\n`,
    'eslint(no-restricted-imports)',
  ],
  'src/pool/imports-bin.ts': [`import { other } from '#bin/other.ts';\nexport const x = other;\n`, 'eslint(no-restricted-imports)'],
  'src/pool/imports-test.ts': [`import { other } from '#test/other.ts';\nexport const x = other;\n`, 'eslint(no-restricted-imports)'],
  'src/bin/imports-test.ts': [`import { other } from '#test/other.ts';\nexport const x = other;\n`, 'eslint(no-restricted-imports)'],
  'src/base/imports-wire.ts': [`import { other } from '#wire/other.ts';\nexport const x = other;\n`, 'eslint(no-restricted-imports)'],
  'src/wire/plain-error.ts': [`export function f(): never {\n  throw new Error('x');\n}\n`, 'house(no-plain-error)'],
  'src/wire/plain-range-error.ts': [`export function f(): never {\n  throw new RangeError('x');\n}\n`, 'house(no-plain-error)'],
  'src/wire/environment.ts': [`export const x = process.env['HOME'];\n`, 'node(no-process-env)'],
  'src/base/environment.ts': [`export const x = process.env['HOME'];\n`, 'node(no-process-env)'],
  'src/wire/inherits.ts': [`import { Socket } from 'node:net';\nexport class Wire extends Socket {}\n`, 'house(no-inheritance)'],
  'src/wire/names.ts': [`export class ConnectionManager {}\n`, 'house(telling-names)'],
  'src/wire/names-interface.ts': [`export interface IConnection {\n  a: number;\n}\n`, 'house(telling-names)'],
  'src/wire/Case_of_file.ts': [other, 'unicorn(filename-case)'],
  'src/wire/any.ts': [`export function f(x: any): void {\n  void x;\n}\n`, 'typescript(no-explicit-any)'],
  'src/wire/floating.ts': [
    `async function g(): Promise<void> {}\nexport function f(): void {\n  g();\n}\n`,
    'typescript(no-floating-promises)',
  ],
  'src/wire/exhaustive.ts': [
    `export function f(x: 'a' | 'b'): number {\n  switch (x) {\n    case 'a':\n      return 1;\n  }\n  return 2;\n}\n`,
    'typescript(switch-exhaustiveness-check)',
  ],
  'src/wire/throws-literal.ts': [`export function f(): never {\n  throw 'x';\n}\n`, 'typescript(only-throw-error)'],
  'src/wire/swallows.ts': [
    `export function f(): void {\n  try {\n    g();\n  } catch {}\n}\ndeclare function g(): void;\n`,
    'eslint(no-empty)',
  ],
  'src/wire/console.ts': [`console.log(1);\nexport {};\n`, 'eslint(no-console)'],
  'src/wire/default.ts': [`export default 1;\n`, 'import(no-default-export)'],
  'src/wire/barrel.ts': [`export * from './other.ts';\n`, 'oxc(no-barrel-file)'],
  'src/wire/cycle-a.ts': [`import { b } from './cycle-b.ts';\nexport const a = (): number => b();\n`, 'import(no-cycle)'],
  'src/wire/long-file.ts': [filler(401), 'eslint(max-lines)'],
  'src/wire/long-file.test.ts': [filler(601), 'eslint(max-lines)'],
  'src/wire/long-function.ts': [
    `export function f(): void {\n${'  g();\n'.repeat(79)}}\ndeclare function g(): void;\n`,
    'eslint(max-lines-per-function)',
  ],
  'src/wire/parameters.ts': [
    `export function f(a: 1, b: 1, c: 1, d: 1, e: 1): number {\n  return a + b + c + d + e;\n}\n`,
    'eslint(max-params)',
  ],
  'src/wire/depth.ts': [
    `export function f(a: boolean): void {\n  if (a) {\n    while (a) {\n      if (a) {\n        if (a) {\n          g();\n        }\n      }\n    }\n  }\n}\ndeclare function g(): void;\n`,
    'eslint(max-depth)',
  ],
  'src/wire/enumeration.ts': [`export enum Side {\n  Left,\n}\n`, 'house(erasable-only)'],
  'src/wire/ignored.ts': [`// @ts-ignore\nexport const x = 1;\n`, 'typescript(ban-ts-comment)'],
  'src/wire/skipped.test.ts': [`import { test } from 'vitest';\ntest.skip('x', () => {});\n`, 'vitest(no-disabled-tests)'],
  'src/wire/focused.test.ts': [
    `import { expect, test } from 'vitest';\ntest.only('x', () => expect(1).toBe(1));\n`,
    'vitest(no-focused-tests)',
  ],
  'src/wire/common-js.ts': [`import x from 'fs';\nexport const y = x;\n`, 'unicorn(prefer-node-protocol)'],
};

/** What the rules allow. */
const allowed: Readonly<Record<string, string>> = {
  'src/wire/other.ts': other,
  'src/pool/other.ts': `import { other as wire } from '#wire/other.ts';\nexport const other = wire;\n`,
  'src/replication/other.ts': `import { other as wire } from '#wire/other.ts';\nexport type Other = typeof wire;\n`,
  'src/bin/other.ts': `import { other as pool } from '#pool/other.ts';\nexport const other = pool;\n`,
  'src/wire/cycle-b.ts': `import { a } from './cycle-a.ts';\nexport const b = (): number => a();\n`,
  'test/other.ts': other,
  'src/pool/other.test.ts': `import { other } from '#test/other.ts';\nexport const x = other;\n`,
  'src/base/config.ts': `export const x = process.env['HOME'];\n`,
  'src/base/own-error.ts': `export class Fault extends Error {}\nexport const x = new Error('x');\n`,
  'src/wire/full-file.ts': `${filler(400)}\n\n// A comment is not counted.\n`,
};

test('the linter refuses what the house forbids, each by its own rule', () => {
  const broken = lint({ ...allowed, ...Object.fromEntries(Object.entries(planted).map(([name, [text]]) => [name, text])) });
  const expected = Object.fromEntries(Object.entries(planted).map(([name, [, rule]]) => [name, [`error ${rule}`]]));
  expect(broken).toEqual({
    ...Object.fromEntries(Object.keys(allowed).map((name) => [name, []])),
    'src/wire/cycle-b.ts': ['error import(no-cycle)'],
    ...expected,
  });
});

test('the manual names the limits that the linter keeps', () => {
  const manual = readFileSync(join(root, 'CONTRIBUTING.md'), 'utf8');
  for (const limit of ['400', '600', '80']) expect(manual).toContain(limit);
});
