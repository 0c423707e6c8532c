import type { SqlValue } from '../session.ts';
import type { CatalogueTable } from '../catalogue/snapshot.ts';
import { factsOf, lengthOf, typeFacts } from '../catalogue/type-facts.ts';
import { textLiteral } from '../translate/sql-text.ts';
import type { Typed } from '../translate/typed.ts';
import type { TsqlType } from '../tsql-type.ts';
import { type Asking, chosen, int, knownText, type SessionFunction, sysname, worth } from './asking.ts';
import type { SessionCore } from './session-core.ts';

/** An object's number for each way in which it may be named, in lower case and without brackets. */
function spelled(core: SessionCore): ReadonlyMap<string, bigint> {
  const names = new Map<string, bigint>();
  const database = core.pool.options.database.toLowerCase();
  for (const { facts, objectId } of core.snapshot.tables.values()) {
    const schema = facts.schema.toLowerCase();
    const name = facts.name.toLowerCase();
    const id = BigInt(objectId);
    if (schema === 'dbo') {
      names.set(name, id);
      names.set(`${database}..${name}`, id);
    }
    names.set(`${schema}.${name}`, id);
    names.set(`${database}.${schema}.${name}`, id);
  }
  return names;
}

/** `[dbo].[a table]` as `dbo.a table`. */
function plainName(text: string): string {
  return text
    .split(/\.(?=(?:[^[\]"]|\[[^\]]*\]|"[^"]*")*$)/)
    .map((part) =>
      part
        .trim()
        .replace(/^\[(.*)\]$/s, (_, inner: string) => inner.replaceAll(']]', ']'))
        .replace(/^"(.*)"$/s, '$1'),
    )
    .join('.')
    .toLowerCase();
}

function temporaryId(core: SessionCore, name: string): bigint | undefined {
  const own = name.replace(/^tempdb\.(?:[^.]*)\./, '');
  if (!own.startsWith('#')) return undefined;
  const place = [...core.temporaries.keys()].indexOf(own);
  // SQL Server's temporary tables have negative numbers too.
  return place < 0 ? undefined : BigInt(-1_000_000 - place);
}

function kindOf(table: CatalogueTable | undefined): string {
  return table?.facts.kind === 'view' ? 'V' : 'U';
}

function objectIdOf({ core }: Asking, args: readonly Typed[]): Typed {
  const known = knownText(args[0]);
  const kind = knownText(args[1])?.trim().toUpperCase();
  const names = spelled(core);
  if (known === undefined)
    return chosen({ ...args[0]!, sql: `replace(replace(replace(${args[0]!.sql}, '[', ''), ']', ''), '"', '')` }, names, int);
  if (known === null) return worth(null, int);
  const name = plainName(known);
  const temporary = temporaryId(core, name);
  if (temporary !== undefined) return worth(kind === undefined || kind === 'U' ? temporary : null, int);
  const id = names.get(name);
  if (id === undefined) return worth(null, int);
  return worth(kind === undefined || kind === kindOf(core.snapshot.byId.get(Number(id))) ? id : null, int);
}

function byId(pick: (table: CatalogueTable) => SqlValue, type: TsqlType): SessionFunction {
  return ({ core }, args) => chosen(args[0]!, new Map([...core.snapshot.byId].map(([id, table]) => [String(id), pick(table)])), type);
}

function schemaOf({ core }: Asking, args: readonly Typed[], by: 'name' | 'id'): Typed {
  const all: (readonly [string, bigint])[] = [...core.snapshot.schemas.values()].map(({ name, id }) => [name, BigInt(id)]);
  all.push(['sys', 4n], ['INFORMATION_SCHEMA', 3n], ['guest', 2n]);
  if (args.length === 0) return by === 'id' ? worth('dbo', sysname) : worth(1n, int);
  return by === 'id'
    ? chosen(args[0]!, new Map(all.map(([name, id]) => [String(id), name])), sysname)
    : chosen(args[0]!, new Map(all.map(([name, id]) => [name.toLowerCase(), id])), int);
}

function columnOf(core: SessionCore, tableArgument: Typed | undefined, columnArgument: Typed | undefined) {
  const table = knownText(tableArgument);
  const column = knownText(columnArgument);
  if (typeof table !== 'string' || typeof column !== 'string') return undefined;
  const id = /^-?\d+$/.test(table) ? Number(table) : Number(spelled(core).get(plainName(table)) ?? 0);
  const facts = core.snapshot.byId.get(id)?.facts;
  const place = facts?.columns.findIndex(({ name }) => name.toLowerCase() === column.toLowerCase()) ?? -1;
  return facts?.columns[place];
}

function columnName({ core }: Asking, args: readonly Typed[]): Typed {
  const cases: string[] = [];
  for (const [id, { facts }] of core.snapshot.byId)
    for (const [place, { name }] of facts.columns.entries()) cases.push(`WHEN '${id} ${place + 1}' THEN ${textLiteral(name)}`);
  if (cases.length === 0) return worth(null, sysname);
  return {
    sql: `(CASE concat(CAST(${args[0]!.sql} AS VARCHAR), ' ', CAST(${args[1]!.sql} AS VARCHAR)) ${cases.join(' ')} END)`,
    type: sysname,
    nullable: true,
  };
}

function columnLength({ core }: Asking, args: readonly Typed[]): Typed {
  const column = columnOf(core, args[0], args[1]);
  return worth(column ? BigInt(factsOf(column.type).maxLength) : null, { name: 'smallint' });
}

function columnProperty({ core }: Asking, args: readonly Typed[]): Typed {
  const column = columnOf(core, args[0], args[1]);
  if (!column) return worth(null, int);
  const sizes = factsOf(column.type);
  const length = lengthOf(column.type);
  const values = new Map<string, SqlValue>([
    ['allowsnull', column.nullable ? 1n : 0n],
    ['isidentity', column.identity ? 1n : 0n],
    ['iscomputed', 0n],
    ['ishidden', 0n],
    ['isrowguidcol', 0n],
    ['issparse', 0n],
    ['generatedalwaystype', 0n],
    ['precision', length === undefined ? BigInt(sizes.precision) : BigInt(length)],
    ['scale', length === undefined ? BigInt(sizes.scale) : null],
    ['charmaxlen', length === undefined ? null : BigInt(length)],
  ]);
  return chosen(args[2]!, values, int);
}

function objectProperty({ core }: Asking, args: readonly Typed[]): Typed {
  const property = knownText(args[1])?.toLowerCase() ?? '';
  const say = (pick: (table: CatalogueTable) => boolean | undefined): Typed =>
    chosen(
      args[0]!,
      new Map(
        [...core.snapshot.byId].map(([id, table]): [string, SqlValue] => {
          const is = pick(table);
          return [String(id), is === undefined ? null : is ? 1n : 0n];
        }),
      ),
      int,
    );
  const isView = (table: CatalogueTable): boolean => table.facts.kind === 'view';
  switch (property) {
    case 'istable':
    case 'isusertable':
      return say((table) => !isView(table));
    case 'isview':
      return say(isView);
    case 'ismsshipped':
    case 'isprocedure':
    case 'istrigger':
    case 'isscalarfunction':
    case 'istablefunction':
    case 'tablehasforeignkey':
    case 'tablehasforeignref':
    case 'tablehasrowguidcol':
    case 'tablehastextimage':
    case 'tableistemporal':
    case 'tabletemporaltype':
      return say(() => false);
    case 'tablehasprimarykey':
      return say(({ keys }) => keys.some(({ kind }) => kind === 'primary'));
    case 'tablehasuniquecnst':
      return say(({ keys }) => keys.some(({ kind }) => kind === 'unique'));
    case 'tablehasidentity':
      return say(({ facts }) => facts.columns.some(({ identity }) => identity !== undefined));
    case 'isquotedidenton':
    case 'execisquotedidenton':
    case 'isansinullson':
    case 'execisansinullson':
      return say(() => true);
    case 'ownerid':
      return say(() => true);
    case 'cardinality':
      return chosen(args[0]!, new Map([...core.snapshot.byId].map(([id, { rows }]) => [String(id), rows])), { name: 'bigint' });
    default:
      return worth(null, int);
  }
}

function typeOf(by: 'name' | 'id'): SessionFunction {
  return (_, args) =>
    by === 'id'
      ? chosen(args[0]!, new Map(typeFacts.map((type) => [String(type.userId), type.name])), sysname)
      : chosen(args[0]!, new Map(typeFacts.map((type) => [type.name, BigInt(type.userId)])), int);
}

/** Functions that are answered from the catalogue. */
export const objectFunctions: Readonly<Record<string, SessionFunction>> = {
  OBJECT_ID: objectIdOf,
  OBJECT_NAME: byId(({ facts }) => facts.name, sysname),
  OBJECT_SCHEMA_NAME: byId(({ facts }) => facts.schema, sysname),
  OBJECT_DEFINITION: byId(({ facts }) => facts.view?.text ?? null, { name: 'nvarchar', length: 'max' }),
  OBJECTPROPERTY: objectProperty,
  OBJECTPROPERTYEX: objectProperty,
  SCHEMA_NAME: (asking, args) => schemaOf(asking, args, 'id'),
  SCHEMA_ID: (asking, args) => schemaOf(asking, args, 'name'),
  COL_NAME: columnName,
  COL_LENGTH: columnLength,
  COLUMNPROPERTY: columnProperty,
  TYPE_NAME: typeOf('id'),
  TYPE_ID: typeOf('name'),
  INDEX_COL: () => worth(null, sysname),
  INDEXPROPERTY: () => worth(null, int),
  STATS_DATE: () => worth(null, { name: 'datetime' }),
};
