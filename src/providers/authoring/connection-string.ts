import { fault } from '#base/fault.ts';

/** `key=value;…` of ADO.NET and ODBC: keys in any casing, values bare or in '…', "…" or {…} with the closing one doubled inside. */
export interface Pair {
  /** In lower case, without blanks: `initialcatalog`. */
  readonly key: string;
  readonly value: string;
  /** As written, without the semicolon. */
  readonly text: string;
}

const mostPairs = 100;
const quotes: Readonly<Record<string, string>> = { "'": "'", '"': '"', '{': '}' };

/** Fault: `InvalidConnectionString` (invalid); it never quotes the text. */
export function readConnectionString(text: string): readonly Pair[] {
  const pairs: Pair[] = [];
  let at = 0;
  while (at < text.length) {
    if (text[at] === ';' || /\s/.test(text[at]!)) {
      at += 1;
      continue;
    }
    const equals = text.indexOf('=', at);
    if (equals < 0) throw wrong('a part of it has no =');
    const { value, end } = readValue(text, equals + 1);
    pairs.push({ key: text.slice(at, equals).toLowerCase().replaceAll(/\s/g, ''), value, text: text.slice(at, end).trim() });
    if (pairs.length > mostPairs) throw wrong(`it has more than ${mostPairs} parts`);
    at = end;
  }
  return pairs;
}

function readValue(text: string, from: number): { readonly value: string; readonly end: number } {
  let at = from;
  while (text[at] === ' ') at += 1;
  const close = quotes[text[at] ?? ''];
  if (close === undefined) {
    const semicolon = text.indexOf(';', at);
    const end = semicolon < 0 ? text.length : semicolon;
    return { value: text.slice(at, end).trim(), end };
  }
  let value = '';
  for (at += 1; at < text.length; at += 1) {
    if (text[at] !== close) value += text[at]!;
    else if (text[at + 1] === close) {
      value += close;
      at += 1;
    } else {
      const rest = /^\s*(?=;|$)/.exec(text.slice(at + 1));
      if (rest === null) throw wrong('something stands between a quoted value and the next ;');
      return { value, end: at + 1 + rest[0].length };
    }
  }
  throw wrong('a quoted value does not end');
}

const passwordKeys: ReadonlySet<string> = new Set(['password', 'pwd']);

/** The string without its password, and the password. The same text where there is none in it. */
export function splitPassword(text: string): { readonly open: string; readonly password: string | undefined } {
  const pairs = readConnectionString(text);
  const password = pairs.findLast(({ key }) => passwordKeys.has(key))?.value;
  if (password === undefined) return { open: text, password };
  const rest = pairs.filter(({ key }) => !passwordKeys.has(key)).map((pair) => `${pair.text};`);
  return { open: rest.join(''), password };
}

function wrong(why: string): Error {
  return fault('invalid', 'InvalidConnectionString', `The connection string cannot be read: ${why}.`, {
    target: 'properties.typeProperties.connectionString',
    remedy: 'Write it as Server=host,port;Initial Catalog=database;User ID=user;Password=…, values with ; in quotes.',
  });
}
