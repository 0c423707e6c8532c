import { notSupported, sqlError } from '../sql-error.ts';
import { textArgument } from './arguments.ts';
import { castTo } from './convert.ts';
import { format } from './format.ts';
import type { CallContext, FunctionRule } from './functions.ts';
import { bound, failing, textLiteral } from './sql-text.ts';
import { isBinary, isText, knownType } from './type-order.ts';
import type { Typed } from './typed.ts';

type Write = FunctionRule['write'];

const badJson = failing(13_609, 'JSON text is not properly formatted.');

/** A path of JSON as DuckDB writes it. Fault 13607; strict paths are refused. */
function pathOf(value: Typed | undefined, context: CallContext): string {
  if (value === undefined) return '$';
  if (value.literal?.kind !== 'string')
    throw notSupported(`${context.name} with a path that is not a constant`, context.place, `Write it as '$.name'.`);
  const written = value.literal.text.trim();
  if (/^strict\b/i.test(written)) throw notSupported('A strict path of JSON', context.place, 'Use a lax one.');
  const path = written.replace(/^lax\s+/i, '');
  if (!/^\$(?:\.(?:[A-Za-z_][A-Za-z0-9_]*|"[^"*]*")|\[\d+\])*$/.test(path))
    throw sqlError(13_607, `JSON path is not properly formatted. Unexpected character '${path.charAt(0)}' is found at position 0.`, {
      place: context.place,
    });
  return path;
}

/** A scalar as text; a number must be in the JSON as it is written here, since DuckDB reads it anew. */
const value: Write = ([json, path], context) => {
  const source = textArgument(json, context).sql;
  const at = textLiteral(pathOf(path, context));
  const sql = bound('json', source, (text) => {
    const found = `json_extract_string(${text}, ${at})`;
    const changed = failing(40_510, 'A number of JSON that is not written in the shortest way is not supported by this SQL pool.');
    const number = bound('number', found, (digits) => {
      const at = `strpos(${text}, ${digits})`;
      const around = `substring(${text}, ${at} - 1, 1) || substring(${text}, ${at} + length(${digits}), 1)`;
      return `CASE WHEN ${digits} IS NULL THEN NULL WHEN ${at} > 1 AND NOT regexp_matches(${around}, '[0-9.eE+-]') THEN ${digits} ELSE ${changed} END`;
    });
    const kinds = `CASE json_type(${text}, ${at}) WHEN 'OBJECT' THEN NULL WHEN 'ARRAY' THEN NULL WHEN 'NULL' THEN NULL WHEN 'VARCHAR' THEN CASE WHEN length(${found}) <= 4000 THEN ${found} END WHEN 'BOOLEAN' THEN ${found} WHEN 'BIGINT' THEN ${found} WHEN 'UBIGINT' THEN ${found} ELSE ${number} END`;
    return `CASE WHEN ${text} IS NULL THEN NULL WHEN NOT json_valid(${text}) THEN ${badJson} ELSE ${kinds} END`;
  });
  return { sql, type: { name: 'nvarchar', length: 4000 }, nullable: true };
};

/** An object or array as it is written. */
const query: Write = ([json, path], context) => {
  const source = textArgument(json, context).sql;
  const wanted = pathOf(path, context);
  const at = textLiteral(wanted);
  const sql = bound('json', source, (text) => {
    const whole = wanted === '$' ? `trim(${text}, chr(9) || chr(10) || chr(13) || ' ')` : undefined;
    const spaced = failing(40_510, 'JSON_QUERY of JSON with blanks between its parts is not supported by this SQL pool.');
    const part = bound(
      'part',
      `CAST(json_extract(${text}, ${at}) AS VARCHAR)`,
      (found) => `CASE WHEN contains(${text}, ${found}) THEN ${found} ELSE ${spaced} END`,
    );
    return `CASE WHEN ${text} IS NULL THEN NULL WHEN NOT json_valid(${text}) THEN ${badJson} WHEN json_type(${text}, ${at}) IN ('OBJECT', 'ARRAY') THEN ${whole ?? part} END`;
  });
  return { sql, type: { name: 'nvarchar', length: 'max' }, nullable: true };
};

const isJson: Write = ([json], context) => {
  const source = textArgument(json, context);
  const sql = bound(
    'json',
    source.sql,
    (text) =>
      `CASE WHEN ${text} IS NULL THEN NULL WHEN json_valid(${text}) THEN CASE WHEN json_type(${text}) IN ('OBJECT', 'ARRAY') THEN 1 ELSE 0 END ELSE 0 END`,
  );
  return { sql: `CAST(${sql} AS INTEGER)`, type: { name: 'int' }, nullable: true };
};

const algorithms: Readonly<Record<string, string>> = { MD5: 'md5', SHA: 'sha1', SHA1: 'sha1', SHA2_256: 'sha256' };

const hashBytes: Write = ([algorithm, input], context) => {
  const given = input as Typed;
  const name = algorithm?.literal?.kind === 'string' ? algorithm.literal.text.toUpperCase() : undefined;
  const hash = name === undefined ? undefined : algorithms[name];
  if (hash === undefined)
    throw notSupported(`HASHBYTES with ${name ?? 'an algorithm that is not a constant'}`, context.place, `Use 'SHA2_256'.`);
  const type = knownType(given);
  if (given.type !== undefined && !isText(type) && !isBinary(type))
    throw sqlError(8116, `Argument data type ${type.name} is invalid for argument 2 of hashbytes function.`, { place: context.place });
  const bytes = castTo(given, { name: 'varbinary', length: 'max' }, { explicit: true, place: context.place });
  return { sql: `unhex(${hash}(${bytes.sql}))`, type: { name: 'varbinary', length: 8000 }, nullable: given.nullable };
};

export const jsonFunctions: Readonly<Record<string, FunctionRule>> = {
  JSON_VALUE: { least: 2, most: 2, group: 'JSON', note: 'constant lax paths', write: value },
  JSON_QUERY: { least: 1, most: 2, group: 'JSON', note: 'constant lax paths', write: query },
  ISJSON: { least: 1, most: 1, group: 'JSON', write: isJson },
  HASHBYTES: { least: 2, most: 2, group: 'other', note: 'MD5, SHA1, SHA2_256', write: hashBytes },
  FORMAT: { least: 2, most: 3, group: 'text', note: 'N, F, D and patterns of digits; patterns of dates; en-US', write: format },
};
