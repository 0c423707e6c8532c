import { toFault, type Fault } from '#base/fault.ts';
import type { Json, JsonObject, Resource } from '#arm/resource.ts';
import type { ResourceReader } from '#arm/store.ts';
import type { ColumnPlan, JobFinding } from '#runtime/job.ts';
import { askOnce } from './link-job.ts';
import { bypassRefusal } from './link-may-run.ts';
import type { SynapseLinkOptions } from './link-options.ts';
import { shortName, slotName } from './link-places.ts';
import type { LinkRecord } from './link-record.ts';
import { captureOf, type LinkProperties } from './link-shape.ts';
import { distributionOf, type LinkTableAsked, structureOf } from './link-table-shape.ts';
import { nameOf, workerTables } from './link-tables.ts';
import { checkWay, wayOf } from './link-way.ts';

const timeoutMs = 60_000;
/** A slot that nothing has: of a link that was never started. */
const noRun = '00000000-0000-0000-0000-000000000000';

/**
 * Whether the link could start, and what becomes of each column; changes nothing. `{findings, tables: [{source, target, columns}]}`. What stands
 * in its way is a finding too: all of it comes at once.
 */
export async function preflight(
  { link, record, resources }: { readonly link: Resource<LinkProperties>; readonly record: LinkRecord; readonly resources: ResourceReader },
  options: SynapseLinkOptions,
  signal: AbortSignal,
): Promise<JsonObject> {
  const findings: JobFinding[] = [];
  const refusal = await bypassRefusal(link, resources);
  if (refusal !== undefined) findings.push(findingOf(refusal));
  let plans: readonly ColumnPlan[] = [];
  try {
    const way = await wayOf(link, options);
    await checkWay(way, options.explain);
    const tables = workerTables(link.properties, new Set(record.run?.over));
    const slot = record.run?.slot ?? slotName(link.id, noRun);
    const job = { kind: 'check' as const, store: way.login, slot, tables, capture: captureOf(link.properties), timeoutMs };
    const order = { segment: way.segment, name: `check of link ${shortName(link.id)}`, job, writable: [] };
    const checked = await askOnce(options.runtimes, order, 'checked', signal);
    findings.push(...checked.findings);
    plans = checked.tables;
  } catch (error) {
    const trouble = toFault(error);
    if (trouble.kind === 'bug' || trouble.kind === 'cancelled') throw trouble;
    findings.push(findingOf(trouble));
  }
  const asked = link.properties.linkTables ?? [];
  const tables = asked.map((table) => ({
    table,
    plan: plans.find((one) => one.schema === table.source.schemaName && one.name === table.source.tableName),
  }));
  for (const { table, plan } of tables) if (plan !== undefined) findings.push(...storageFindings(table, plan));
  return {
    findings: findings as unknown as Json,
    tables: tables.map(({ table: { id, source, target }, plan }) => ({
      id,
      source,
      target,
      columns: plan?.columns ?? [],
    })) as unknown as Json,
  };
}

/** What stands in the way, as a finding. */
export function findingOf({ code, message, target, remedy }: Fault): JobFinding {
  return { severity: 'error', code, message, target: target ?? null, remedy: remedy ?? null };
}

/** Types that a clustered columnstore index of a dedicated pool does not take. */
const unbounded = /^(?:text|bytea|json|jsonb|xml|character varying|varchar|(?:n?varchar|varbinary)\(max\))$/i;

/** What a dedicated pool would have to say to how the table is to be kept; this one keeps it all the same. */
function storageFindings({ source, target }: LinkTableAsked, { columns }: ColumnPlan): JobFinding[] {
  const found: JobFinding[] = [];
  const wide = columns.filter(({ sourceType, fidelity }) => fidelity !== 'refused' && unbounded.test(sourceType)).map(({ name }) => name);
  const structure = structureOf(target.structureOptions?.type ?? 'ColumnStoreIndex');
  if (structure === 'columnstore' && wide.length > 0)
    found.push({
      severity: 'warning',
      code: 'ColumnStoreWithMaxTypes',
      message: 'Use heap table when your data contains varchar(max), nvarchar(max), and varbinary(max)',
      target: nameOf(source),
      remedy: `Of unbounded length are: ${wide.slice(0, 20).join(', ')}. Set structureOptions.type to Heap; this pool takes them either way.`,
    });
  const column = target.distributionOptions?.distributionColumn ?? '';
  const hashed = target.distributionOptions !== undefined && distributionOf(target.distributionOptions.type) === 'hash';
  if (hashed && !columns.some(({ name, fidelity }) => name === column && fidelity !== 'refused'))
    found.push({
      severity: 'warning',
      code: 'DistributionColumnMissing',
      message: `The table ${nameOf(source)} has no column '${column}' by which its rows could be spread.`,
      target: nameOf(source),
      remedy: 'Name one of its columns in distributionOptions.distributionColumn.',
    });
  return found;
}
