import { sqlError } from '../sql-error.ts';
import { argumentAs, constantInt, intArgument, invalidArgument, textArgument } from './arguments.ts';
import type { FunctionRule } from './functions.ts';
import { windows1252 } from './code-page.ts';
import { castTo } from './convert.ts';
import { bound, failing, textLiteral } from './sql-text.ts';
import { isNumeric, isText, knownType, sizedType } from './type-order.ts';
import type { Typed } from './typed.ts';
import { lengthInUnits } from './utf16.ts';

type Write = FunctionRule['write'];

function text(least: number, most: number, write: Write, note?: string): FunctionRule {
  return { least, most, group: 'text', write, ...(note === undefined ? {} : { note }) };
}

const char: Write = ([value], context) => {
  const code = intArgument(value, context).sql;
  const sql = bound(
    'code',
    code,
    (n) =>
      `CASE WHEN ${n} BETWEEN 128 AND 159 THEN substring(${textLiteral(windows1252)}, ${n} - 127, 1) WHEN ${n} BETWEEN 0 AND 255 THEN chr(${n}) END`,
  );
  return { sql, type: { name: 'char', length: 1 }, nullable: true };
};

const nationalChar: Write = ([value], context) => {
  const code = intArgument(value, context).sql;
  const sql = bound(
    'code',
    code,
    (n) =>
      `CASE WHEN ${n} BETWEEN 55296 AND 57343 THEN ${failing(40_510, 'Half of a surrogate pair is not supported by this SQL pool.')} WHEN ${n} BETWEEN 0 AND 65535 THEN chr(${n}) END`,
  );
  return { sql, type: { name: 'nchar', length: 1 }, nullable: true };
};

const ascii: Write = ([value], context) => {
  const given = textArgument(value, context);
  const narrow = castTo(given, { name: 'varchar', length: 'max' }, { explicit: true, place: context.place });
  const code = bound('code', `unicode(${narrow.sql})`, (n) => {
    const other = `CASE WHEN strpos(${textLiteral(windows1252)}, chr(${n})) > 0 THEN strpos(${textLiteral(windows1252)}, chr(${n})) + 127 ELSE 63 END`;
    return `CASE WHEN ${n} < 0 THEN NULL WHEN ${n} < 128 OR ${n} BETWEEN 160 AND 255 THEN ${n} WHEN ${n} IS NOT NULL THEN ${other} END`;
  });
  return { sql: `CAST(${code} AS INTEGER)`, type: { name: 'int' }, nullable: true };
};

const unicode: Write = ([value], context) => {
  const code = bound(
    'code',
    `unicode(${textArgument(value, context).sql})`,
    (n) => `CASE WHEN ${n} < 0 THEN NULL WHEN ${n} > 65535 THEN 55296 + (${n} - 65536) // 1024 ELSE ${n} END`,
  );
  return { sql: `CAST(${code} AS INTEGER)`, type: { name: 'int' }, nullable: true };
};

const quotes: Readonly<Record<string, readonly [string, string]>> = {
  '[': ['[', ']'],
  ']': ['[', ']'],
  "'": ["'", "'"],
  '"': ['"', '"'],
  '(': ['(', ')'],
  ')': ['(', ')'],
  '<': ['<', '>'],
  '>': ['<', '>'],
  '{': ['{', '}'],
  '}': ['{', '}'],
  '`': ['`', '`'],
};

const quoteName: Write = ([value, quote], context) => {
  const source = textArgument(value, context);
  const wanted = quote === undefined ? '[' : quote.literal?.kind === 'string' ? quote.literal.text : undefined;
  if (wanted === undefined)
    throw sqlError(40_510, 'QUOTENAME with a quote that is not a constant is not supported by this SQL pool.', {
      place: context.place,
      kind: 'unsupported',
    });
  const [open, close] = quotes[wanted] ?? [];
  const type = { name: 'nvarchar', length: 258 } as const;
  if (open === undefined || close === undefined) return { sql: 'CAST(NULL AS VARCHAR)', type, nullable: true };
  const sql = bound(
    'source',
    source.sql,
    (text) =>
      `CASE WHEN ${lengthInUnits(text)} <= 128 THEN ${textLiteral(open)} || replace(${text}, ${textLiteral(close)}, ${textLiteral(close + close)}) || ${textLiteral(close)} END`,
  );
  return { sql, type, nullable: true };
};

const translate: Write = (args, context) => {
  const [source, from, to] = args.map((argument) => textArgument(argument, context)) as [Typed, Typed, Typed];
  if (from.literal?.kind !== 'string' || to.literal?.kind !== 'string')
    throw sqlError(40_510, 'TRANSLATE with characters that are no constants is not supported by this SQL pool.', {
      place: context.place,
      kind: 'unsupported',
    });
  const [letters, others] = [Array.from(from.literal.text), Array.from(to.literal.text)];
  if (letters.length !== others.length)
    throw sqlError(9828, 'The second and third arguments of the TRANSLATE built-in function must contain an equal number of characters.', {
      place: context.place,
    });
  const pairs = new Map<string, string>();
  for (const [at, letter] of letters.entries())
    for (const spelled of source.binaryOrder === true ? [letter] : [letter, letter.toLowerCase(), letter.toUpperCase()])
      if (Array.from(spelled).length === 1 && !pairs.has(spelled)) pairs.set(spelled, others[at] ?? '');
  const sql = `translate(${source.sql}, ${textLiteral([...pairs.keys()].join(''))}, ${textLiteral([...pairs.values()].join(''))})`;
  return { sql, type: knownType(source), nullable: source.nullable, binaryOrder: source.binaryOrder };
};

const escapeText: Write = ([value, kind], context) => {
  if (kind?.literal?.kind !== 'string' || kind.literal.text.toLowerCase() !== 'json')
    throw sqlError(8116, `Argument data type varchar is invalid for argument 2 of string_escape function.`, { place: context.place });
  const source = textArgument(value, context);
  const pairs = [
    ['\\', '\\\\'],
    ['"', '\\"'],
    ['/', '\\/'],
    ['\b', '\\b'],
    ['\f', '\\f'],
    ['\n', '\\n'],
    ['\r', '\\r'],
    ['\t', '\\t'],
  ] as const;
  let sql = source.sql;
  for (const [plain, escaped] of pairs) sql = `replace(${sql}, ${textLiteral(plain)}, ${textLiteral(escaped)})`;
  const checked = bound(
    'escaped',
    sql,
    (text) =>
      `CASE WHEN regexp_matches(${text}, '[\\x00-\\x1F]') THEN ${failing(40_510, 'Control characters in STRING_ESCAPE are not supported by this SQL pool.')} ELSE ${text} END`,
  );
  return { sql: checked, type: { name: 'nvarchar', length: 'max' }, nullable: source.nullable };
};

const decimalText: Write = ([value, length, decimals], context) => {
  const width = constantInt(length) ?? (length === undefined ? 10 : undefined);
  const places = constantInt(decimals) ?? (decimals === undefined ? 0 : undefined);
  if (width === undefined || places === undefined || width < 1 || width > 8000)
    throw sqlError(40_510, 'STR with a length that is not a constant is not supported by this SQL pool.', {
      place: context.place,
      kind: 'unsupported',
    });
  if (!isNumeric(knownType(value as Typed)) && !isText(knownType(value as Typed))) throw invalidArgument(value, 1, context);
  const number = argumentAs(value, { name: 'float' }, context).sql;
  const digits = Math.min(places, 16, Math.max(0, width - 2));
  const sql = bound(
    'digits',
    `regexp_replace(CAST(CAST(${number} AS DECIMAL(38,${digits})) AS VARCHAR), '^(-?)[.]', '\\10.')`,
    (shown) => `CASE WHEN length(${shown}) > ${width} THEN '${'*'.repeat(width)}' ELSE lpad(${shown}, ${width}, ' ') END`,
  );
  return { sql, type: sizedType('varchar', width), nullable: (value as Typed).nullable };
};

/** Functions of single characters, and of how texts are written. */
export const characterFunctions: Readonly<Record<string, FunctionRule>> = {
  CHAR: text(1, 1, char),
  NCHAR: text(1, 1, nationalChar),
  ASCII: text(1, 1, ascii),
  UNICODE: text(1, 1, unicode),
  QUOTENAME: text(1, 2, quoteName),
  TRANSLATE: text(3, 3, translate, 'with constant characters'),
  STRING_ESCAPE: text(2, 2, escapeText),
  STR: text(1, 3, decimalText, 'with constant lengths'),
};
