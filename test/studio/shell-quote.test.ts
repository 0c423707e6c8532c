import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { shellLine, shellWithInput } from '#studio/parts/shell-quote.ts';

const word = fc.string({ unit: 'binary', maxLength: 30 }).filter((text) => !text.includes('\u0000'));

test('a shell reads back the words of a command', () => {
  fc.assert(
    fc.property(fc.array(word, { minLength: 1, maxLength: 30 }), (words) => {
      const read = execFileSync('sh', ['-c', shellLine(['printf', '%s\\0', ...words])], { encoding: 'utf8' });
      expect(read).toBe(words.map((one) => `${Buffer.from(one).toString()}\u0000`).join(''));
    }),
    { numRuns: 15 },
  );
});

test('nothing in a body is run by the shell', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const text = JSON.stringify({ said: value, odd: '$(id) `id` ${HOME}' }, undefined, 2);
      expect(execFileSync('sh', ['-c', shellWithInput(['cat'], text)], { encoding: 'utf8' })).toBe(`${text}\n`);
    }),
    { numRuns: 15 },
  );
});
