import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { coverageDocument } from './coverage-document.ts';

test('docs/coverage.md is what the types say', async () => {
  expect(readFileSync(new URL('../../../docs/coverage.md', import.meta.url), 'utf8')).toBe(await coverageDocument());
});
