import type { Finding, TableName } from '#studio/data/link-shapes.ts';

export type Fidelity = 'exact' | 'widened' | 'text' | 'refused';

export interface PlannedColumn {
  readonly name: string;
  readonly sourceType: string;
  readonly fidelity: Fidelity;
  readonly reason: string | null;
}

export interface TablePlan {
  readonly source: TableName;
  readonly target: TableName;
  readonly columns: readonly PlannedColumn[];
}

/** What `preflight` answers. */
export interface Preflight {
  readonly findings: readonly Finding[];
  readonly tables: readonly TablePlan[];
}

/** What becomes of a column, in words. */
export const fidelityWords: Readonly<Record<Fidelity, string>> = {
  exact: 'kept as it is',
  widened: 'kept, in a wider type',
  text: 'kept as text',
  refused: 'left out',
};

const severities: readonly Finding['severity'][] = ['error', 'warning', 'info'];

/** Each once, the gravest first. */
export function sortedFindings(findings: readonly Finding[]): readonly Finding[] {
  const once = new Map(findings.map((finding) => [keyOfFinding(finding), finding]));
  return [...once.values()].toSorted((a, b) => severities.indexOf(a.severity) - severities.indexOf(b.severity));
}

export function keyOfFinding({ code, target, message }: Finding): string {
  return `${code} ${target ?? ''} ${message}`;
}

const fewAlike = 3;
const mostNamed = 5;

/** Findings that say the same of many tables, as one that names some of them. */
export function gatheredFindings(findings: readonly Finding[]): readonly Finding[] {
  const alike = new Map<string, Finding[]>();
  for (const finding of sortedFindings(findings)) {
    const key = `${finding.severity} ${finding.code} ${finding.message}`;
    const group = alike.get(key);
    if (group === undefined) alike.set(key, [finding]);
    else group.push(finding);
  }
  return [...alike.values()].flatMap((group) => (group.length <= fewAlike ? group : [gathered(group)]));
}

function gathered(group: readonly Finding[]): Finding {
  const first = group[0]!;
  const named = group.slice(0, mostNamed).map(({ target }) => target ?? '');
  const rest = group.length - named.length;
  const isSame = group.every(({ remedy }) => remedy === first.remedy);
  const remedy = isSame || typeof first.remedy !== 'string' ? first.remedy : `For ${first.target ?? 'the first'}: ${first.remedy}`;
  const target = `${group.length} tables: ${named.join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`;
  return { ...first, target, ...(remedy !== undefined && { remedy }) };
}

/** Tables of which not every column is kept as it is, those that lose columns first. */
export function changedPlans({ tables }: Pick<Preflight, 'tables'>): readonly TablePlan[] {
  const lost = ({ columns }: TablePlan): number => columns.filter(({ fidelity }) => fidelity === 'refused').length;
  return tables.filter(({ columns }) => columns.some(({ fidelity }) => fidelity !== 'exact')).toSorted((a, b) => lost(b) - lost(a));
}

/** `doc: left out, loc: kept as text`. */
export function changesText({ columns }: Pick<TablePlan, 'columns'>): string {
  const changed = columns.filter(({ fidelity }) => fidelity !== 'exact');
  const sorted = changed.toSorted((a, b) => Number(b.fidelity === 'refused') - Number(a.fidelity === 'refused'));
  return sorted.map(({ name, fidelity }) => `${name}: ${fidelityWords[fidelity]}`).join(', ');
}

export interface PlanSummary {
  readonly kept: number;
  readonly changed: number;
  readonly leftOut: number;
}

function summaryOf({ columns }: Pick<TablePlan, 'columns'>): PlanSummary {
  const count = (...of: readonly Fidelity[]): number => columns.filter(({ fidelity }) => of.includes(fidelity)).length;
  return { kept: count('exact'), changed: count('widened', 'text'), leftOut: count('refused') };
}

/** `12 columns kept, 2 changed, 1 left out`. */
export function summaryText(plan: Pick<TablePlan, 'columns'>): string {
  const { kept, changed, leftOut } = summaryOf(plan);
  const parts = [`${kept} ${kept === 1 ? 'column' : 'columns'} kept`];
  if (changed > 0) parts.push(`${changed} changed`);
  if (leftOut > 0) parts.push(`${leftOut} left out`);
  return parts.join(', ');
}

/** What stands in the way of a start. */
export function hasErrors({ findings }: Pick<Preflight, 'findings'>): boolean {
  return findings.some(({ severity }) => severity === 'error');
}
