import type { Expression, FunctionCall, Place, TypeName } from './ast.ts';
import { call } from './call.ts';
import { anyWord } from './names.ts';
import type { Reader } from './reader.ts';

/** ODBC's names of functions that T-SQL calls otherwise, with the same arguments in the same order. */
const renamed: Readonly<Record<string, string>> = {
  CHAR_LENGTH: 'LEN',
  CHARACTER_LENGTH: 'LEN',
  LENGTH: 'LEN',
  LCASE: 'LOWER',
  UCASE: 'UPPER',
  IFNULL: 'ISNULL',
  REPEAT: 'REPLICATE',
  NOW: 'GETDATE',
  DATABASE: 'DB_NAME',
  USER: 'USER_NAME',
  DAYOFMONTH: 'DAY',
  ATAN2: 'ATN2',
  LOG: 'LOG',
};

const same: ReadonlySet<string> = new Set(
  `ABS ACOS ASCII ASIN ATAN CEILING CHAR CONCAT COS COT DEGREES DIFFERENCE EXP FLOOR LEFT LOG10 LTRIM MONTH PI POWER RADIANS RAND REPLACE RIGHT
  ROUND RTRIM SIGN SIN SOUNDEX SPACE SQRT SUBSTRING TAN YEAR`.split(/\s+/),
);

const dateParts: Readonly<Record<string, readonly [name: string, part: string]>> = {
  DAYNAME: ['DATENAME', 'weekday'],
  MONTHNAME: ['DATENAME', 'month'],
  DAYOFWEEK: ['DATEPART', 'weekday'],
  DAYOFYEAR: ['DATEPART', 'dayofyear'],
  HOUR: ['DATEPART', 'hour'],
  MINUTE: ['DATEPART', 'minute'],
  SECOND: ['DATEPART', 'second'],
  QUARTER: ['DATEPART', 'quarter'],
  WEEK: ['DATEPART', 'week'],
};

const intervals: Readonly<Record<string, string>> = {
  SQL_TSI_SECOND: 'second',
  SQL_TSI_MINUTE: 'minute',
  SQL_TSI_HOUR: 'hour',
  SQL_TSI_DAY: 'day',
  SQL_TSI_WEEK: 'week',
  SQL_TSI_MONTH: 'month',
  SQL_TSI_QUARTER: 'quarter',
  SQL_TSI_YEAR: 'year',
};

const types: Readonly<Record<string, string>> = {
  SQL_BIGINT: 'bigint',
  SQL_BIT: 'bit',
  SQL_DATE: 'datetime',
  SQL_DOUBLE: 'float',
  SQL_FLOAT: 'float',
  SQL_INTEGER: 'int',
  SQL_REAL: 'real',
  SQL_SMALLINT: 'smallint',
  SQL_TIMESTAMP: 'datetime',
  SQL_TINYINT: 'tinyint',
};

/** `{d '…'}`, `{ts '…'}`, `{guid '…'}` and `{fn …}`: what ODBC and JDBC drivers leave in statements. */
export function odbcEscape(p: Reader): Expression {
  const place = p.place();
  p.expect('{');
  const outer = p.enter();
  const word = anyWord(p).toUpperCase();
  const found = word === 'FN' ? functionOf(p, p.place()) : constant(p, place, word);
  p.expect('}');
  p.leave(outer);
  return found;
}

function constant(p: Reader, place: Place, word: string): Expression {
  const type = { D: 'datetime', TS: 'datetime', GUID: 'uniqueidentifier' }[word];
  if (word === 'T') throw p.unsupported('{t …}', place, "Write CAST('…' AS time).");
  const token = p.peek();
  if (type === undefined || token.kind !== 'string') throw p.unexpected(type === undefined ? p.previous : token);
  p.advance();
  const operand: Expression = { ...p.place(token), kind: 'string', value: token.text, national: token.national };
  return { ...place, kind: 'cast', operand, type: { ...place, parts: [type], arguments: [] }, style: undefined, tries: false };
}

function made(place: Place, name: string, args: FunctionCall['arguments']): FunctionCall {
  const named = { ...place, parts: [name] };
  return { ...place, kind: 'call', name: named, arguments: args, distinct: false, within: undefined, nulls: undefined, over: undefined };
}

function functionOf(p: Reader, place: Place): Expression {
  const written = anyWord(p);
  const upper = written.toUpperCase();
  if (same.has(upper)) return call(p, { ...place, parts: [written] });
  const other = renamed[upper];
  if (other !== undefined) return call(p, { ...place, parts: [other] });
  const part = dateParts[upper];
  if (part !== undefined)
    return made(place, part[0], [{ ...place, kind: 'date-part', word: part[1] }, ...p.enclosed((r) => r.expression())]);
  switch (upper) {
    case 'CONVERT':
      return converted(p, place);
    case 'LOCATE':
      return call(p, { ...place, parts: ['CHARINDEX'] });
    case 'MOD':
      return modulo(p, place);
    case 'TIMESTAMPADD':
      return interval(p, place, 'DATEADD');
    case 'TIMESTAMPDIFF':
      return interval(p, place, 'DATEDIFF');
    case 'CURRENT_TIMESTAMP':
      if (p.accept('(')) p.expect(')');
      return made(place, 'CURRENT_TIMESTAMP', []);
    default:
      throw p.unsupported(`The function {fn ${upper}}`, place);
  }
}

function modulo(p: Reader, place: Place): Expression {
  p.expect('(');
  const left = p.expression();
  p.expect(',');
  const right = p.expression();
  p.expect(')');
  return { ...place, kind: 'binary', operator: '%', left, right };
}

function interval(p: Reader, place: Place, name: string): Expression {
  p.expect('(');
  const word = intervals[p.peek().upper];
  if (word === undefined) throw p.unexpected();
  p.advance();
  p.expect(',');
  const args = p.list((r) => r.expression());
  p.expect(')');
  return made(place, name, [{ ...place, kind: 'date-part', word }, ...args]);
}

function converted(p: Reader, place: Place): Expression {
  p.expect('(');
  const operand = p.expression();
  p.expect(',');
  const token = p.peek();
  const name = types[token.upper];
  if (name === undefined) throw p.unsupported(`{fn CONVERT} to ${token.upper || 'this type'}`, place, 'Write CAST(… AS …).');
  p.advance();
  p.expect(')');
  const type: TypeName = { ...place, parts: [name], arguments: [] };
  return { ...place, kind: 'cast', operand, type, style: undefined, tries: false };
}
