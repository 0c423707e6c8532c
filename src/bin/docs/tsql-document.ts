import { readFileSync } from 'node:fs';
import { procedureNames } from '#pool/tsql/run/procedures.ts';
import { sessionFunctionNames } from '#pool/tsql/run/session-functions.ts';
import { statementWords } from '#pool/tsql/syntax/parse.ts';
import { aggregates } from '#pool/tsql/translate/aggregate.ts';
import { functionRules, lackingFunctions } from '#pool/tsql/translate/function-table.ts';
import { windowFunctions } from '#pool/tsql/translate/window-functions.ts';

/** What tests say of themselves in docs/tsql-cases.json. */
interface TestedCases {
  readonly areas: readonly { readonly area: string; readonly cases: number; readonly errors: Readonly<Record<string, number>> }[];
  /** In how many cases each function is called, by its name in capitals. */
  readonly functions: Readonly<Record<string, number>>;
}

const cell = (text: string): string => text.replaceAll('|', '\\|');
const row = (...cells: readonly string[]): string => `| ${cells.map(cell).join(' | ')} |`;
const sorted = (names: readonly string[]): string[] => names.toSorted((left, right) => (left < right ? -1 : 1));
const words = (names: readonly string[]): string =>
  sorted(names)
    .map((name) => `\`${name}\``)
    .join(', ');

function functionRows(tested: TestedCases): string[] {
  const rows = new Map<string, { readonly group: string; readonly note: string }>();
  for (const [name, { group, note = '' }] of functionRules()) rows.set(name, { group, note });
  for (const [name, { note = '' }] of Object.entries(aggregates)) rows.set(name, { group: 'aggregate', note });
  for (const name of Object.keys(windowFunctions)) rows.set(name, { group: 'window', note: '' });
  for (const name of sessionFunctionNames())
    if (!lackingFunctions.has(name) && !rows.has(name)) rows.set(name, { group: 'session', note: '' });
  return sorted([...rows.keys()]).map((name) => {
    const { group, note } = rows.get(name) as { group: string; note: string };
    return row(`\`${name}\``, group, note, String(tested.functions[name] ?? 0));
  });
}

/** docs/tsql.md: what a SQL pool's T-SQL is, from the tables that decide it, and what is tested of it. */
export function tsqlDocument(): string {
  const tested = JSON.parse(readFileSync(new URL('../../../docs/tsql-cases.json', import.meta.url), 'utf8')) as TestedCases;
  const cases = tested.areas.reduce((sum, { cases: count }) => sum + count, 0);
  const known = statementWords();
  return `<!-- Made by npm run docs from the tables in src/pool/tsql and docs/tsql-cases.json. -->

# T-SQL of a SQL pool

What is not known is refused by name, with SQL Server's number for it, before anything of its batch runs; what is known and not supported, with 40510. ${cases} batches are run by tests and their rows, types and errors compared with what SQL Server documents; TPC-H's 22 queries with DuckDB's own dialect.

## Statements

Read, by their first words: ${words(known.read)}; and a procedure's name as a batch's first word.

Known and refused as a whole: ${words(known.refused)}; and of \`CREATE\`, \`ALTER\` and \`DROP\` all but tables, views, schemas, indexes and statistics.

## Functions

| function | kind | what differs | cases |
|---|---|---|---|
${functionRows(tested).join('\n')}

## Functions that are refused

| function | instead |
|---|---|
${sorted([...lackingFunctions.keys()])
  .map((name) => row(`\`${name}\``, lackingFunctions.get(name) ?? ''))
  .join('\n')}

## Procedures

${words(procedureNames())}

## What is tested

| subject | cases | refusals among them, by number |
|---|---|---|
${tested.areas
  .map(({ area, cases: count, errors }) =>
    row(
      area,
      String(count),
      Object.entries(errors)
        .map(([number, times]) => (times > 1 ? `${number} (${times})` : number))
        .join(', '),
    ),
  )
  .join('\n')}
`;
}
