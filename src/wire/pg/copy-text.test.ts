import fc from 'fast-check';
import { expect, test } from 'vitest';
import { toFault } from '#base/fault.ts';
import { parseCopyLine } from './copy-text.ts';

/** As `CopyAttributeOutText` of PostgreSQL writes a value. */
function written(value: string | null): string {
  if (value === null) return '\\N';
  const letters: Record<string, string> = { '\b': 'b', '\f': 'f', '\n': 'n', '\r': 'r', '\t': 't', '\v': 'v', '\\': '\\' };
  return value.replaceAll(/[\b\f\n\r\t\v\\]/g, (character) => `\\${letters[character]}`);
}

test('what COPY writes is read as it was', () => {
  expect(parseCopyLine('1\t\\N\t\tC:\\\\N\ttwo\\nlines\n')).toEqual(['1', null, '', 'C:\\N', 'two\nlines']);
  const value = fc.option(fc.string({ unit: fc.constantFrom('a', 'N', '\\', '\t', '\n', '\r', '\b', '\f', '\v', 'é', '"') }));
  fc.assert(
    fc.property(fc.array(value, { minLength: 1 }), (row) => {
      expect(parseCopyLine(`${row.map(written).join('\t')}\n`)).toEqual(row);
    }),
  );
});

test('any other text is read or refused as corrupt', () => {
  const outcome = (line: string): string => {
    try {
      parseCopyLine(line);
      return 'read';
    } catch (error) {
      return toFault(error).kind;
    }
  };
  fc.assert(
    fc.property(fc.string(), (line) => {
      expect(['read', 'corrupt']).toContain(outcome(line));
    }),
  );
  expect([outcome('\\x41'), outcome('a\\'), outcome('\\N')]).toEqual(['corrupt', 'corrupt', 'read']);
});
