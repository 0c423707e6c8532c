import { type CaseArea, holds, rows } from '../tsql-case.ts';

const list = (prefix: string, ...texts: readonly string[]): string =>
  texts.map((text) => `(${prefix}'${text.replaceAll("'", "''")}')`).join(', ');
const sorted = (prefix: string, ...texts: readonly string[]): ReturnType<typeof rows> =>
  rows(`SELECT v FROM (VALUES ${list(prefix, ...texts.toReversed())}) AS t (v) ORDER BY v`, ...texts.map((text) => [text]));

/** National texts are sorted by words, with hyphens and apostrophes last; those of the code page with them as symbols, before letters. */
export const wordSort: CaseArea = {
  area: 'Sorting: words, hyphens and apostrophes',
  cases: [
    sorted('N', 'carps', 'cars', "car's", 'car-s'),
    sorted('N', 'co_op', 'coat', 'comb', 'coop', 'co-op', 'cork', 'went', 'were', "we're"),
    sorted('N', "_'_", '_-_', '_+_', '_0_', 'A+A', 'A0A', "A'A", 'A-A'),
    sorted('', 'co-op', 'coat', 'comb', 'coop', 'cork', "we're", 'went', 'were'),
    holds("N'a-c' < N'ab'", false),
    holds("'a-c' < 'ab'", true),
    holds("'a-c' < N'ab'", false),
    holds("N'co-op' = N'coop'", false),
    holds("N'co-op' BETWEEN N'coop' AND N'cork'", true),
    rows("SELECT MIN(v), MAX(v) FROM (VALUES (N'a-c'), (N'ab'), (N'aa')) AS t (v)", ['aa', 'a-c']),
    rows("SELECT v, RANK() OVER (ORDER BY v) FROM (VALUES (N'a-b'), (N'ab')) AS t (v) ORDER BY v", ['ab', '1'], ['a-b', '2']),
  ],
};
