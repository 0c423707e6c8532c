import { nameOfTable } from '#studio/data/link-shapes.ts';
import { targetOf, type LinkDraft } from './link-draft.ts';

export const stepNames = ['source', 'tables', 'target', 'mode', 'review'] as const;
export type StepName = (typeof stepNames)[number];

export const stepTitles: Readonly<Record<StepName, string>> = {
  source: 'Source',
  tables: 'Tables',
  target: 'Target',
  mode: 'Mode',
  review: 'Review',
};

/** As Azure has it. */
export const mostTables = 5_000;
const mostMinutes = 10_080;

/** What keeps a step from being done, one sentence each. `taken`: names of links that are there. */
export function stepProblems(step: StepName, draft: LinkDraft, taken: readonly string[] = []): readonly string[] {
  switch (step) {
    case 'source':
      return draft.service === '' ? ['Choose the linked service of the source, or create one.'] : [];
    case 'tables':
      return tableProblems(draft);
    case 'target':
      return [...(draft.pool === '' ? ['Choose a SQL pool, or create one.'] : []), ...mappingProblems(draft).slice(0, 5)];
    case 'mode':
      return modeProblems(draft);
    case 'review':
      return nameProblems(draft.name, taken);
  }
}

function tableProblems({ tables }: LinkDraft): readonly string[] {
  if (tables.length === 0) return ['Select at least one table.'];
  return tables.length > mostTables
    ? [`A link has at most ${mostTables} tables, and ${tables.length} are selected: make several links.`]
    : [];
}

function modeProblems({ intervalMinutes, logBudgetGib }: LinkDraft): readonly string[] {
  const isWhole = Number.isInteger(intervalMinutes) && intervalMinutes >= 0 && intervalMinutes <= mostMinutes;
  return [
    ...(isWhole ? [] : [`The interval is a whole number of minutes, at most ${mostMinutes}, a week.`]),
    ...(Number.isFinite(logBudgetGib) && logBudgetGib >= 0 ? [] : ['The log budget is a number of GiB.']),
    ...(logBudgetGib > 0 && logBudgetGib < 0.001 ? ['The log budget is at least 1 MiB.'] : []),
  ];
}

export function nameProblems(name: string, taken: readonly string[]): readonly string[] {
  if (name === '') return ['Give the link a name.'];
  if (!/^[A-Za-z0-9_][^<>*#.%&:\\+?/]*$/.test(name) || name.length > 140)
    return [String.raw`A name begins with a letter, digit or _, without < > * # . % & : \ + ? /, and has at most 140 characters.`];
  return taken.some((one) => one.toLowerCase() === name.toLowerCase()) ? [`There is a link connection ${name} already.`] : [];
}

/** What is wrong with where tables go: two on one, Hash without its column, no name. */
export function mappingProblems(draft: LinkDraft): readonly string[] {
  const problems: string[] = [];
  const targets = new Map<string, string>();
  for (const table of draft.tables) {
    const { schemaName, tableName, distributionOptions } = targetOf(draft, table);
    const name = nameOfTable(table);
    if (schemaName.trim() === '' || tableName.trim() === '') problems.push(`${name} has no target schema or table.`);
    if (distributionOptions?.type === 'Hash' && (distributionOptions.distributionColumn ?? '') === '')
      problems.push(`${name} is spread by Hash: name the column.`);
    // The pool does not tell cases apart.
    const key = nameOfTable({ schemaName, tableName }).toLowerCase();
    const other = targets.get(key);
    if (other !== undefined) problems.push(`${other} and ${name} would both be written to ${schemaName}.${tableName}.`);
    targets.set(key, name);
  }
  return problems;
}

/** The step that may be shown: the one that is asked for, or the first before it that is not done. */
export function openStep(asked: string | undefined, draft: LinkDraft): StepName {
  const wanted = stepNames.find((name) => name === asked) ?? 'source';
  return stepNames.slice(0, stepNames.indexOf(wanted)).find((name) => stepProblems(name, draft).length > 0) ?? wanted;
}

export function stepAfter(step: StepName): StepName | undefined {
  return stepNames[stepNames.indexOf(step) + 1];
}

export function stepBefore(step: StepName): StepName | undefined {
  return stepNames[stepNames.indexOf(step) - 1];
}
