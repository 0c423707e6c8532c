import type { TableFacts } from '../query/plan.ts';
import { informationSchema } from './information-schema.ts';
import { queryOf } from './rowset.ts';
import type { Snapshot } from './snapshot.ts';
import type { Asker, RowsetMaker } from './system-view.ts';
import { systemViews } from './system-views.ts';

const schemas: Readonly<Record<string, Readonly<Record<string, RowsetMaker>>>> = {
  sys: systemViews,
  information_schema: informationSchema,
};
const schemaNames: Readonly<Record<string, string>> = { sys: 'sys', information_schema: 'INFORMATION_SCHEMA' };

/** A view of `sys` or INFORMATION_SCHEMA; undefined: it is not known here. */
export function systemTable(
  asker: Asker,
  snapshot: Snapshot,
  named: { readonly schema: string; readonly name: string },
): TableFacts | undefined {
  const schema = named.schema.toLowerCase();
  const views = schemas[schema];
  const name = named.name.toLowerCase();
  const make = views && Object.hasOwn(views, name) ? views[name] : undefined;
  if (!make) return undefined;
  const rowset = make(snapshot, asker);
  return {
    kind: 'system',
    schema: schemaNames[schema] ?? schema,
    name: named.name,
    reference: `(${queryOf(rowset)})`,
    columns: rowset.columns.map(([column, type, nullable = false]) => ({ name: column, type, nullable })),
    readOnly: `'${named.schema}.${named.name}' is the system's.`,
  };
}
