import { expect, test } from 'vitest';
import { instantOf, onClock } from './offset-moment.ts';

test('a column of moments is compared as it lies, so that its zone maps are used; nothing else is taken for one', () => {
  expect(instantOf(onClock('t1."at"', 0))).toBe('t1."at"');
  expect(instantOf(onClock('"a b"."at ""x"""', 0))).toBe('"a b"."at ""x"""');
  for (const other of [onClock('t1."at"', 60), onClock('t1.at + t1.b', 0), `(${onClock('t1.at', 0)})`, 't1."at"'])
    expect(instantOf(other)).toBe(`struct_extract(${other}, 'utc')`);
});
