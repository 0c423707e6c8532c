import { notSupported, sqlError } from '../sql-error.ts';
import type { QueryBody, SelectBody, WithTable } from '../syntax/ast.ts';
import { tsqlTypeText } from '../tsql-type.ts';
import { failing } from '../translate/sql-text.ts';
import { namedColumns } from './from.ts';
import { writeSelect } from './select.ts';
import { unified } from './set-operation.ts';
import { type Around, foldName, type NamedQueries, type NamedQuery, placeName, type Selected } from './writing.ts';

/** A WITH: what stands before the query, with a blank after it, and the names that it gives. */
export interface With {
  readonly prefix: string;
  readonly named: NamedQueries;
}

/** Each name is known to those after it. Errors: 239 (twice), 240, 246, 252, 253, 460 to 467. */
export function writeWith(tables: readonly WithTable[], around: Around): With {
  const named = new Map(around.named);
  const own = new Set<string>();
  const parts: string[] = [];
  let recursive = false;
  for (const table of tables) {
    const name = foldName(table.name);
    if (own.has(name)) throw sqlError(239, `Duplicate common table expression name '${table.name}' was specified.`, { place: table });
    own.add(name);
    const inside: Around = { ...around, named: new Map(named), nested: true };
    const reference = around.writing.fresh('w');
    const calls = mentions(table.query, name);
    recursive ||= calls;
    const { sql, columns } = calls ? writeRecursive(table, reference, inside) : writePlain(table, reference, inside);
    parts.push(sql);
    named.set(name, { reference, columns });
  }
  return { prefix: parts.length === 0 ? '' : `WITH ${recursive ? 'RECURSIVE ' : ''}${parts.join(', ')} `, named };
}

function writePlain(table: WithTable, reference: string, around: Around): Selected {
  const selected = around.writing.query(table.query, around);
  const columns = namedColumns(selected.columns, table.columns, { label: table.name, place: table });
  return { sql: `${reference} AS (${selected.sql})`, columns };
}

/** The part that begins, and those that go on from it: each row knows how deep it is, so that endless ones end with error 530. */
function writeRecursive(table: WithTable, reference: string, around: Around): Selected {
  const { writing } = around;
  const members = unionMembers(table);
  const firstCall = members.findIndex((member) => mentions(member, foldName(table.name)));
  const start = members.slice(0, firstCall);
  const steps = members.slice(firstCall);
  if (start.length === 0) throw sqlError(246, `No anchor member was specified for recursive query "${table.name}".`, { place: table });
  if (steps.some((member) => !mentions(member, foldName(table.name))))
    throw sqlError(247, `An anchor member was found in the recursive part of recursive query "${table.name}".`, { place: table });
  const body = start.reduce((left, right): QueryBody => ({
    kind: 'set',
    operator: 'union-all',
    left,
    right,
    at: left.at,
    line: left.line,
  }));
  const anchor = writing.query({ ...table.query, body }, around);
  const columns = namedColumns(anchor.columns, table.columns, { label: table.name, place: table }).map((column) => ({
    ...column,
    nullable: true,
  }));
  const names = columns.map((_, place) => placeName(place));
  const onward = steps.map((step) => writeStep(step, { table, reference, columns }, around));
  const first = `SELECT ${names.map((name) => `f.${name}`).join(', ')}, 0 AS l FROM (${anchor.sql}) AS f`;
  return { sql: `${reference}(${[...names, 'l'].join(', ')}) AS (${first} UNION ALL (${onward.join(' UNION ALL ')}))`, columns };
}

interface Recursion extends NamedQuery {
  readonly table: WithTable;
}

function writeStep(step: QueryBody, recursion: Recursion, around: Around): string {
  const { table, columns } = recursion;
  const body = selectOf(step, table);
  refuseInStep(body, table);
  let alias: string | undefined;
  const named = new Map(around.named).set(foldName(table.name), {
    ...recursion,
    used(at) {
      if (alias !== undefined)
        throw sqlError(253, `Recursive member of a common table expression '${table.name}' has multiple recursive references.`, {
          place: table,
        });
      alias = at;
    },
  });
  const { maxRecursion: limit } = around.writing;
  const deeper = (): string => {
    const depth = `${alias ?? ''}.l + 1`;
    const stop = failing(530, `The statement terminated. The maximum recursion ${limit} has been exhausted before statement completion.`);
    return limit === 0 ? `${depth} AS l` : `CASE WHEN ${depth} > ${limit} THEN ${stop} ELSE ${depth} END AS l`;
  };
  const choice = writeSelect(body, [], { ...around, named }, deeper);
  if (alias === undefined) throw notSupported('A recursive reference in a subquery', table, 'Put it into FROM.');
  if (choice.columns.length !== columns.length)
    throw sqlError(
      205,
      'All queries combined using a UNION, INTERSECT or EXCEPT operator must have an equal number of expressions in their target lists.',
      { place: body },
    );
  for (const [place, column] of choice.columns.entries()) {
    const wanted = columns[place]!;
    if (column.type && wanted.type && tsqlTypeText(column.type) !== tsqlTypeText(wanted.type))
      throw sqlError(
        240,
        `Types don't match between the anchor and the recursive part in column "${wanted.name}" of recursive query "${table.name}".`,
        {
          place: body,
        },
      );
  }
  const plain = { sql: choice.sql, columns: choice.columns };
  return choice.columns.every(({ type }) => type) ? choice.sql : withDepth(unified(plain, columns, around));
}

/** `unified` names the columns it casts; the depth goes along. */
function withDepth(sql: string): string {
  return sql.replace(/ FROM \(/, ', l FROM (');
}

function selectOf(step: QueryBody, table: WithTable): SelectBody {
  if (step.kind === 'select') return step;
  if (step.kind === 'nested' && step.query.with.length === 0 && step.query.order.length === 0 && !step.query.for)
    return selectOf(step.query.body, table);
  throw sqlError(252, `Recursive common table expression '${table.name}' does not contain a top-level UNION ALL operator.`, {
    place: step,
  });
}

function refuseInStep(body: SelectBody, table: WithTable): void {
  const refuse = (number: number, what: string): never => {
    throw sqlError(number, `${what} not allowed in the recursive part of a recursive common table expression '${table.name}'.`, {
      place: body,
    });
  };
  if (body.distinct) refuse(460, 'DISTINCT operator is');
  if (body.top) refuse(461, 'The TOP or OFFSET operator is');
  if (body.group || body.having || containsCall(body.items, aggregateNames)) refuse(467, 'GROUP BY, HAVING, or aggregate functions are');
  if (containsWindow(body.items))
    throw notSupported('A window in the recursive part of a common table expression', body, 'Compute it over its result.');
  if (outerJoins(body.from).some((side) => mentions(side, foldName(table.name)))) refuse(462, 'Outer join is');
}

const aggregateNames = new Set([
  'SUM',
  'COUNT',
  'COUNT_BIG',
  'AVG',
  'MIN',
  'MAX',
  'STDEV',
  'STDEVP',
  'VAR',
  'VARP',
  'STRING_AGG',
  'APPROX_COUNT_DISTINCT',
  'CHECKSUM_AGG',
]);

/** All that a node is made of, itself first; not what is in its subqueries when `queries` is false. */
function* nodesOf(node: unknown, queries: boolean): Generator<Readonly<Record<string, unknown>>> {
  if (typeof node !== 'object' || node === null) return;
  if (Array.isArray(node)) {
    for (const part of node) yield* nodesOf(part, queries);
    return;
  }
  const record = node as Readonly<Record<string, unknown>>;
  yield record;
  for (const [name, part] of Object.entries(record)) if (queries || name !== 'query') yield* nodesOf(part, queries);
}

/** Whether it names that table anywhere. */
function mentions(node: unknown, name: string): boolean {
  for (const { kind, name: named } of nodesOf(node, true)) {
    if (kind !== 'table' || typeof named !== 'object' || named === null || !('parts' in named)) continue;
    const parts = named.parts as readonly string[];
    if (parts.length === 1 && foldName(parts[0] ?? '') === name) return true;
  }
  return false;
}

function containsCall(node: unknown, names: ReadonlySet<string>): boolean {
  for (const part of nodesOf(node, false)) {
    if (part['kind'] !== 'call' || part['over'] !== undefined) continue;
    const called = (part['name'] as { readonly parts: readonly string[] }).parts.at(-1) ?? '';
    if (names.has(called.toUpperCase())) return true;
  }
  return false;
}

function containsWindow(node: unknown): boolean {
  for (const part of nodesOf(node, false)) if (part['kind'] === 'call' && part['over'] !== undefined) return true;
  return false;
}

/** Of outer joins, the side that may be missing. */
function outerJoins(node: unknown): readonly unknown[] {
  const sides: unknown[] = [];
  for (const { kind, join, left, right } of nodesOf(node, false)) {
    if (kind !== 'join') continue;
    if (join === 'left' || join === 'full' || join === 'outer-apply') sides.push(right);
    if (join === 'right' || join === 'full') sides.push(left);
  }
  return sides;
}

function unionMembers(table: WithTable): readonly QueryBody[] {
  const { body } = table.query;
  const flat = (part: QueryBody): readonly QueryBody[] =>
    part.kind === 'set' && part.operator === 'union-all' ? [...flat(part.left), ...flat(part.right)] : [part];
  const members = flat(body);
  if (members.length < 2)
    throw sqlError(252, `Recursive common table expression '${table.name}' does not contain a top-level UNION ALL operator.`, {
      place: table,
    });
  return members;
}
