import { sqlError } from '../sql-error.ts';
import type { ObjectName } from '../syntax/ast.ts';
import type { DmlTarget, Statement } from '../syntax/statement.ts';
import type { SessionCore } from './session-core.ts';

/** Who may only read changes temporary tables and table variables alone. Errors: 229, 262. */
export function refuseWrite(statement: Statement, core: SessionCore): void {
  if (core.client.user.mayWrite) return;
  switch (statement.kind) {
    case 'query':
      if (statement.query.body.kind === 'select' && statement.query.body.into)
        refuseDdl('CREATE TABLE', statement.query.body.into, statement, core);
      return;
    case 'insert':
    case 'update':
    case 'delete':
    case 'merge':
      if (statement.output?.into) refuseInto(statement.output.into, statement, core);
      return refuseDml(statement.kind.toUpperCase(), statement.target, statement, core);
    case 'truncate':
      return refuseDdl('ALTER TABLE', statement.table, statement, core);
    case 'insert-bulk':
      return refuseDml('INSERT', { at: 0, line: statement.line, kind: 'table', name: statement.table }, statement, core);
    case 'create-table':
    case 'create-table-as':
      return refuseDdl('CREATE TABLE', statement.table, statement, core);
    case 'alter-table':
    case 'create-index':
    case 'create-statistics':
    case 'update-statistics':
      return refuseDdl('ALTER TABLE', statement.table, statement, core);
    case 'drop':
      for (const name of statement.names) refuseDdl(`DROP ${statement.what.toUpperCase()}`, name, statement, core);
      return;
    case 'create-view':
      return refuseDdl('CREATE VIEW', statement.view, statement, core);
    case 'create-schema':
      throw denied('CREATE SCHEMA', statement, core);
    case 'rename':
      return refuseDdl('ALTER', statement.from, statement, core);
    default:
      return;
  }
}

/** What a plan says it writes, whatever the statement looked like. Error 3906. */
export function refuseAnyWrite(core: SessionCore, place: Pick<Statement, 'line'>): void {
  if (core.client.user.mayWrite) return;
  throw sqlError(3906, `Failed to update database "${core.pool.options.database}": the login '${core.client.user.name}' may only read.`, {
    severity: 14,
    kind: 'denied',
    place,
  });
}

function isTemporary(name: ObjectName): boolean {
  return name.parts.at(-1)?.startsWith('#') === true;
}

function refuseDdl(what: string, name: ObjectName, place: Statement, core: SessionCore): void {
  if (!isTemporary(name)) throw denied(what, place, core);
}

function denied(what: string, place: Statement, core: SessionCore): Error {
  return sqlError(
    262,
    `${what} permission denied in database '${core.pool.options.database}'. The login '${core.client.user.name}' may only read.`,
    {
      severity: 14,
      kind: 'denied',
      place,
    },
  );
}

/** The target may be an alias of its FROM: then it is named there. */
function refuseDml(what: string, target: DmlTarget, place: Statement, core: SessionCore): void {
  if (target.kind === 'table-variable' || isTemporary(target.name)) return;
  const { parts } = target.name;
  if (parts.length === 1 && 'from' in place && aliasesTemporary(place.from, parts[0]!)) return;
  throw sqlError(
    229,
    `The ${what} permission was denied on the object '${parts.at(-1) ?? ''}', database '${core.pool.options.database}', schema '${parts.at(-2) || 'dbo'}'. The login '${core.client.user.name}' may only read.`,
    { severity: 14, kind: 'denied', place },
  );
}

/** What OUTPUT says goes into a table too. */
function refuseInto(name: ObjectName, place: Statement, core: SessionCore): void {
  const isVariable = name.parts.length === 1 && name.parts[0]!.startsWith('@');
  if (!isVariable) refuseDml('INSERT', { at: 0, line: place.line, kind: 'table', name }, place, core);
}

function aliasesTemporary(node: unknown, alias: string): boolean {
  if (Array.isArray(node)) return node.some((entry) => aliasesTemporary(entry, alias));
  if (typeof node !== 'object' || node === null) return false;
  const source = node as { kind?: string; alias?: string; name?: ObjectName | string };
  if (source.alias?.toLowerCase() === alias.toLowerCase()) {
    if (source.kind === 'table-variable') return true;
    if (source.kind === 'table' && typeof source.name === 'object') return isTemporary(source.name);
  }
  return 'left' in node && 'right' in node && (aliasesTemporary(node.left, alias) || aliasesTemporary(node.right, alias));
}
