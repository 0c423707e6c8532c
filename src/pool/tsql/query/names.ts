import type { ObjectName } from '../syntax/ast.ts';
import { sqlError } from '../sql-error.ts';
import type { PlanContext, TableFacts } from './plan.ts';
import { foldName } from './writing.ts';

/** Where an object lies: temporary tables have no schema. */
export interface Settled {
  readonly schema: string;
  readonly name: string;
  readonly temporary: boolean;
}

/** As it was written, for messages: `dbo.t`. */
export function writtenName(name: ObjectName): string {
  return name.parts.join('.');
}

/** Whose object a name means. Errors: 40515 (another database), 117 (too many parts). */
export function settleName(name: ObjectName, context: Pick<PlanContext, 'names'>): Settled {
  const { names } = context;
  const parts = name.parts;
  const object = parts.at(-1) ?? '';
  const schema = parts.at(-2) ?? '';
  const database = parts.at(-3) ?? '';
  if (parts.length > 3)
    throw sqlError(
      parts.length > 4 ? 117 : 40_515,
      `Reference to database and/or server name in '${writtenName(name)}' is not supported in this version of SQL Server.`,
      { place: name, kind: 'unsupported' },
    );
  if (object.startsWith('#')) {
    if (database !== '' && !['tempdb', foldName(names.database)].includes(foldName(database))) throw elsewhere(name);
    return { schema: '', name: object, temporary: true };
  }
  const systems = ['sys', 'information_schema'].includes(foldName(schema));
  const here =
    database === '' || foldName(database) === foldName(names.database) || (systems && ['master', 'tempdb'].includes(foldName(database)));
  if (!here) throw elsewhere(name);
  return { schema: schema === '' ? names.defaultSchema : schema, name: object, temporary: false };
}

function elsewhere(name: ObjectName) {
  return sqlError(
    40_515,
    `Reference to database and/or server name in '${writtenName(name)}' is not supported in this version of SQL Server.`,
    {
      place: name,
      kind: 'unsupported',
    },
  );
}

/** Error 208 where there is no such table or view; 4701 of TRUNCATE, 4902 of ALTER. */
export function tableNamed(name: ObjectName, context: Pick<PlanContext, 'names'>, verb?: 'TRUNCATE' | 'ALTER'): TableFacts {
  const settled = settleName(name, context);
  const facts = context.names.table(settled.schema, settled.name);
  if (!facts && verb !== undefined) {
    const text = `Cannot find the object "${writtenName(name)}" because it does not exist or you do not have permissions.`;
    throw sqlError(verb === 'ALTER' ? 4902 : 4701, text, { place: name });
  }
  if (!facts) throw sqlError(208, `Invalid object name '${writtenName(name)}'.`, { place: name });
  return facts;
}

/** As messages name it: `pool.dbo.t`, or `#t`. */
export function fullName(table: Pick<TableFacts, 'schema' | 'name'>, context: Pick<PlanContext, 'names'>): string {
  return table.schema === '' ? table.name : `${context.names.database}.${table.schema}.${table.name}`;
}
