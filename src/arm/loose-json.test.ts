import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Fault } from '#base/fault.ts';
import type { Json } from './resource.ts';
import { parseLooseJson } from './loose-json.ts';

test('what JSON can read means the same', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 6 }), (value) => {
      const text = JSON.stringify(value);
      expect(parseLooseJson(text)).toEqual(JSON.parse(text));
    }),
  );
});

const loose: readonly (readonly [string, Json])[] = [
  ['{"properties": {template: {"a": 1}, mode: \'incremental\',}}', { properties: { template: { a: 1 }, mode: 'incremental' } }],
  ['{"a": "one\ntwo"}', { a: 'one\ntwo' }],
  ['{"a": "one\r\ntwo"}', { a: 'one\r\ntwo' }],
  ['{"a": "quote \\" and\nend"}', { a: 'quote " and\nend' }],
  ['{// it\'s "odd"\n a: 1 /* don\'t */}', { a: 1 }],
  ['{"a": "no // comment\n/* none */"}', { a: 'no // comment\n/* none */' }],
  ['{"a": \'say "x"\n\'}', { a: 'say "x"\n' }],
];

test.each(loose)('reads %j', (text, value) => {
  expect(parseLooseJson(text)).toEqual(value);
});

test.each(['', '{', '{"a": Infinity}', '[NaN]', '{"a": "b', '/*', "{'a", `${'['.repeat(300)}${']'.repeat(300)}`])('refuses %j', (text) => {
  expect(() => parseLooseJson(text)).toThrow(Fault);
});

test('any text is read or refused', () => {
  let good = 0;
  const piece = fc.constantFrom('{', '}', '[', ']', '"', "'", '\\', '/', '*', '\n', 'a', ':', ',', '1', ' ', '__proto__');
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.array(piece).map((pieces) => pieces.join('')),
      ),
      (text) => {
        if (troubleOf(() => parseLooseJson(text)) === undefined) good += 1;
      },
    ),
    { numRuns: 1000 },
  );
  expect(good).toBeGreaterThan(0);
});

/** What the work is refused with. Anything else that is thrown fails the test. */
function troubleOf(work: () => unknown): Fault | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    if (error instanceof Fault && error.kind !== 'bug') return error;
    throw error;
  }
}
