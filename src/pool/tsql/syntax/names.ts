import type { Fault } from '#base/fault.ts';
import type { ObjectName, TypeName } from './ast.ts';
import type { Reader } from './reader.ts';
import { isReserved } from './reserved.ts';
import type { Token } from './token.ts';

export function isName(token: Token): boolean {
  return token.kind === 'name' || (token.kind === 'word' && !isReserved(token.upper));
}

/** A name: a word that is no keyword, or anything in brackets. SQL Server takes 128 characters. */
export function name(p: Reader): string {
  const token = p.peek();
  if (!isName(token)) throw p.unexpected();
  return checked(p, p.advance()).text;
}

function checked(p: Reader, token: Token): Token {
  if (token.text.length > 128) {
    throw p.error(103, `The identifier that starts with '${token.text.slice(0, 128)}' is too long. Maximum length is 128.`, token);
  }
  return token;
}

export function nameList(p: Reader): string[] {
  return p.enclosed(name);
}

/** `a.b..c` */
export function objectName(p: Reader): ObjectName {
  const place = p.place();
  // `..t`: parts may be left out from the beginning on, too.
  const parts = p.is('.') ? [''] : [name(p)];
  while (p.accept('.')) {
    parts.push(p.is('.') ? '' : name(p));
    if (parts.length > 4) throw tooManyParts(p, place.line);
  }
  return { ...place, parts };
}

export function tooManyParts(p: Reader, line: number): Fault {
  return p.error(117, 'The object name contains more than the maximum number of prefixes. The maximum is 3.', { line });
}

/** A word as a name whether it is a keyword or not: after `AS` of types, in options. */
export function anyWord(p: Reader): string {
  const token = p.peek();
  if (token.kind !== 'word' && token.kind !== 'name') throw p.unexpected();
  return p.advance().text;
}

/** `decimal(10, 2)`, `sys.varchar(max)`, `double precision`, `national character varying(10)`. */
export function typeName(p: Reader): TypeName {
  const place = p.place();
  const parts = spelledType(p);
  return { ...place, parts, arguments: p.is('(') ? p.enclosed(typeArgument) : [] };
}

function spelledType(p: Reader): string[] {
  if (p.accept('DOUBLE', 'PRECISION')) return ['float'];
  if (p.accept('NATIONAL')) {
    if (p.accept('TEXT')) return ['ntext'];
    if (!p.accept('CHARACTER') && !p.accept('CHAR')) throw p.unexpected();
    return [p.accept('VARYING') ? 'nvarchar' : 'nchar'];
  }
  const parts = [...objectName(p).parts];
  const only = parts.length === 1 ? (parts[0] as string).toUpperCase() : '';
  if ((only === 'CHARACTER' || only === 'CHAR') && p.accept('VARYING')) return ['varchar'];
  if (only === 'BINARY' && p.accept('VARYING')) return ['varbinary'];
  return parts;
}

function typeArgument(p: Reader): number | 'max' {
  if (p.accept('MAX')) return 'max';
  const token = p.peek();
  if (token.kind !== 'integer') throw p.unexpected();
  p.advance();
  const size = Number(token.text);
  if (size > 2_147_483_647)
    throw p.error(
      1007,
      `The number '${token.text.slice(0, 128)}' is out of the range for numeric representation (maximum precision 38).`,
      token,
    );
  return size;
}

/** A name after `AS`, or without it; undefined where none stands. A text may be one where `texts`. */
export function alias(p: Reader, texts = false): string | undefined {
  const as = p.accept('AS');
  const token = p.peek();
  if (isName(token) || (texts && token.kind === 'string')) {
    if (!as) refuseGo(p, token);
    return checked(p, p.advance()).text;
  }
  if (as) throw p.unexpected();
  return undefined;
}

/** `GO` alone in its line is what clients cut batches at: here it would be read as a name. */
export function refuseGo(p: Reader, token: Token): void {
  if (token.upper !== 'GO') return;
  const before = p.sql.slice(p.sql.lastIndexOf('\n', token.at - 1) + 1, token.at);
  const end = p.sql.indexOf('\n', token.end);
  const after = p.sql.slice(token.end, end === -1 ? undefined : end);
  if (before.trim() !== '' || !/^\s*(\d+\s*)?(--.*)?$/.test(after)) return;
  throw p.error(
    102,
    "Incorrect syntax near 'GO'. GO is a word of client programs, which send what is between as batches of their own: send them so.",
    token,
  );
}
