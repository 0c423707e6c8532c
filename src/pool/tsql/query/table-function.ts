import { notSupported, sqlError } from '../sql-error.ts';
import type { TableSource } from '../syntax/ast.ts';
import type { Scope, Typed } from '../translate/typed.ts';
import { castTo, commonTypeOf } from './expressions.ts';
import { failing, textLiteral } from '../translate/sql-text.ts';
import { translateExpression } from '../translate/expression.ts';
import { typeOfName } from '../translate/type-name.ts';
import { writtenName } from './names.ts';
import { clauses, rowScope } from './scope.ts';
import { type Around, type Column, placeName, type Selected } from './writing.ts';

type FunctionSource = TableSource & { readonly kind: 'function' };

/** STRING_SPLIT, GENERATE_SERIES and OPENJSON. Errors: 208 of others, and what their arguments say. */
export function tableFunction(source: FunctionSource, around: Around): Selected {
  const scope = around.outer ?? rowScope({ around, relations: [], clause: clauses.where });
  switch (writtenName(source.name).toUpperCase()) {
    case 'STRING_SPLIT':
      return stringSplit(source, scope);
    case 'GENERATE_SERIES':
      return generateSeries(source, scope);
    case 'OPENJSON':
      return openJson(source, scope);
    default:
      throw sqlError(208, `Invalid object name '${writtenName(source.name)}'.`, { place: source });
  }
}

function argumentsOf(source: FunctionSource, scope: Scope, least: number, most: number): readonly Typed[] {
  const { length } = source.arguments;
  if (length < least || length > most) {
    const number = length < least ? 313 : 8144;
    const what = length < least ? 'An insufficient number of arguments were supplied for' : '';
    throw sqlError(
      number,
      number === 313
        ? `${what} the procedure or function ${writtenName(source.name)}.`
        : `Procedure or function ${writtenName(source.name)} has too many arguments specified.`,
      {
        place: source,
      },
    );
  }
  return source.arguments.map((argument) => translateExpression(argument, scope));
}

const nvarcharMax = { name: 'nvarchar', length: 'max' } as const;

function stringSplit(source: FunctionSource, scope: Scope): Selected {
  const [text, separator] = argumentsOf(source, scope, 2, 3);
  const withOrdinal = source.arguments[2];
  const ordinal = withOrdinal?.kind === 'integer' && withOrdinal.text === '1';
  if (withOrdinal && !ordinal && !(withOrdinal.kind === 'integer' && withOrdinal.text === '0'))
    throw notSupported('STRING_SPLIT with an enable_ordinal that is not 0 or 1', source);
  const known = separator!.literal?.kind === 'string' ? separator!.literal.text : undefined;
  if (known === undefined) throw notSupported('STRING_SPLIT with a separator that is not a literal', source);
  if (known.length !== 1) throw sqlError(214, "Procedure expects parameter 'separator' of type 'nchar(1)/nvarchar(1)'.", { place: source });
  const value = castTo(
    text!,
    text!.type?.name === 'varchar' || text!.type?.name === 'char' ? { name: 'varchar', length: 'max' } : nvarcharMax,
  );
  // Letters separate by either case.
  const parts =
    known.toLowerCase() === known.toUpperCase()
      ? `string_split(${value.sql}, ${textLiteral(known)})`
      : `string_split_regex(${value.sql}, ${textLiteral(`(?i)${known}`)})`;
  const type = text!.type && 'length' in text!.type ? text!.type : nvarcharMax;
  const columns: Column[] = [{ name: 'value', type, nullable: true, binaryOrder: text!.binaryOrder }];
  if (!ordinal) return { sql: `SELECT unnest(${parts}) AS c1`, columns };
  columns.push({ name: 'ordinal', type: { name: 'bigint' }, nullable: false });
  return { sql: `SELECT unnest(${parts}) AS c1, CAST(generate_subscripts(${parts}, 1) AS BIGINT) AS c2`, columns };
}

function generateSeries(source: FunctionSource, scope: Scope): Selected {
  const values = argumentsOf(source, scope, 2, 3);
  const type = commonTypeOf(values);
  if (!type || !['tinyint', 'smallint', 'int', 'bigint'].includes(type.name))
    throw notSupported('GENERATE_SERIES of numbers that are not whole', source, 'Divide whole numbers.');
  const [start, stop, step] = values.map((value) => `CAST(${value.sql} AS BIGINT)`);
  const by =
    step === undefined
      ? `CASE WHEN ${start!} <= ${stop!} THEN 1 ELSE -1 END`
      : `CASE WHEN ${step} = 0 THEN ${failing(4199, 'Argument value 0 is invalid for argument 3 of generate_series function.')} ELSE ${step} END`;
  const sql = `SELECT unnest(generate_series(${start!}, ${stop!}, ${by})) AS c1`;
  const column: Typed = { sql: 's.c1', type: { name: 'bigint' }, nullable: false };
  return { sql: `SELECT ${castTo(column, type).sql} AS c1 FROM (${sql}) AS s`, columns: [{ name: 'value', type, nullable: false }] };
}

const badJson = failing(13_609, 'JSON text is not properly formatted.');

function openJson(source: FunctionSource, scope: Scope): Selected {
  const [text, path] = argumentsOf(source, scope, 1, 2);
  const sql = castTo(text!, nvarcharMax).sql;
  const whole = `CASE WHEN ${sql} IS NULL THEN NULL WHEN json_valid(${sql}) THEN CAST(${sql} AS JSON) ELSE ${badJson} END`;
  const at =
    path === undefined
      ? whole
      : `json_extract(${whole}, ${textLiteral(jsonPath(path.literal?.kind === 'string' ? path.literal.text : undefined, source))})`;
  return source.with ? openWith(source, source.with, at) : openPlain(at);
}

/** A row for each element or property. */
function openPlain(json: string): Selected {
  const kind = `CASE json_type(e.v) WHEN 'NULL' THEN 0 WHEN 'VARCHAR' THEN 1 WHEN 'BOOLEAN' THEN 3 WHEN 'ARRAY' THEN 4 WHEN 'OBJECT' THEN 5 ELSE 2 END`;
  const pairs = `CASE json_type(d.j) WHEN 'ARRAY' THEN list_transform(json_extract(d.j, '$[*]'), lambda v, i: {'k': CAST(i - 1 AS VARCHAR), 'v': v}) WHEN 'OBJECT' THEN list_transform(json_keys(d.j), lambda k: {'k': k, 'v': json_extract(d.j, '$."' || replace(k, '"', '\\"') || '"')}) END`;
  const rows = `SELECT p.x.k AS k, p.x.v AS v FROM (SELECT unnest(${pairs}) AS x FROM (SELECT ${json} AS j) AS d) AS p`;
  return {
    sql: `SELECT e.k AS c1, json_extract_string(e.v, '$') AS c2, CAST(${kind} AS UTINYINT) AS c3 FROM (${rows}) AS e`,
    columns: [
      { name: 'key', type: { name: 'nvarchar', length: 4000 }, nullable: false, binaryOrder: true },
      { name: 'value', type: nvarcharMax, nullable: true },
      { name: 'type', type: { name: 'tinyint' }, nullable: false },
    ],
  };
}

/** A row for each element of an array, or one for an object, with the columns that are asked for. */
function openWith(source: FunctionSource, wanted: NonNullable<FunctionSource['with']>, json: string): Selected {
  const rows = `SELECT unnest(CASE json_type(d.j) WHEN 'ARRAY' THEN json_extract(d.j, '$[*]') WHEN 'OBJECT' THEN [d.j] END) AS v FROM (SELECT ${json} AS j) AS d`;
  const columns: Column[] = [];
  const values = wanted.map((column, place) => {
    const path = textLiteral(column.path === undefined ? `$."${column.name}"` : jsonPath(column.path, source));
    const type = typeOfName(column.type);
    if (column.asJson && !(type.name === 'nvarchar' && type.length === 'max'))
      throw sqlError(13_618, 'AS JSON option can be specified only for column of nvarchar(max) type in WITH clause.', { place: source });
    columns.push({ name: column.name, type, nullable: true });
    const kinds = `json_type(json_extract(e.v, ${path}))`;
    const found = column.asJson
      ? `CASE WHEN ${kinds} IN ('ARRAY', 'OBJECT') THEN CAST(json_extract(e.v, ${path}) AS VARCHAR) END`
      : `CASE WHEN ${kinds} NOT IN ('ARRAY', 'OBJECT') THEN json_extract_string(e.v, ${path}) END`;
    return `${castTo({ sql: found, type: nvarcharMax, nullable: true }, type).sql} AS ${placeName(place)}`;
  });
  return { sql: `SELECT ${values.join(', ')} FROM (${rows}) AS e`, columns };
}

/** `$.a.b[0]`, in the lax mode. */
function jsonPath(text: string | undefined, source: FunctionSource): string {
  if (text === undefined) throw notSupported('A JSON path that is not a literal', source);
  const path = text.replace(/^\s*lax\s+/i, '').trim();
  if (/^strict\b/i.test(path)) throw notSupported('A strict JSON path', source, 'Use a lax one.');
  if (!/^\$(?:\.(?:"(?:[^"\\]|\\.)*"|[\p{L}_][\p{L}\p{N}_$]*)|\[\d+\])*$/u.test(path))
    throw sqlError(13_607, `JSON path is not properly formatted.`, { place: source });
  return path;
}
