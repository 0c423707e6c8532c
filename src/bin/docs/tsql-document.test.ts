import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { tsqlDocument } from './tsql-document.ts';

test('docs/tsql.md is what the tables say', () => {
  expect(readFileSync(new URL('../../../docs/tsql.md', import.meta.url), 'utf8')).toBe(tsqlDocument());
});
