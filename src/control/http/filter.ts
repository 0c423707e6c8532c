import { fault, type Fault } from '#base/fault.ts';
import { keyOf, parseResourceId } from '#arm/resource-id.ts';
import type { Json, Resource } from '#arm/resource.ts';
import { isObject } from '../resources/json.ts';

/** Whether a resource is asked for. */
export type Wanted = (resource: Resource) => boolean;

type Token = { readonly kind: 'word' | 'text' | 'mark'; readonly text: string };

const pattern = /\s*(?:([A-Za-z_][\w./-]*)|'((?:[^']|'')*)'|([(),]))/y;
const maxTokens = 200;

/**
 * `$filter` as the lists of resources know it: `resourceGroup`, `name`, `resourceType`, `location`, `tagName`, `tagValue` and members of
 * `properties`, compared with `eq` and `ne`, or by `startswith(what, 'text')` and `substringof('text', what)`, with `and` and `or`. Texts are
 * compared without regard to case. Fault: `InvalidFilterInQueryString` (invalid).
 */
export function parseFilter(text: string | undefined): Wanted | undefined {
  if (text === undefined || text.trim() === '') return undefined;
  const tokens = tokensOf(text);
  const parser = { tokens, at: 0 };
  const wanted = parseOr(parser);
  if (parser.at < tokens.length) throw badFilter(`'${tokens[parser.at]!.text.slice(0, 40)}' was not expected`);
  return wanted;
}

interface Parser {
  readonly tokens: readonly Token[];
  at: number;
}

function tokensOf(text: string): readonly Token[] {
  const tokens: Token[] = [];
  const end = text.trimEnd().length;
  pattern.lastIndex = 0;
  while (pattern.lastIndex < end) {
    const at = pattern.lastIndex;
    const match = pattern.exec(text);
    if (match === null) throw badFilter(`it cannot be read from character ${at} on`);
    if (tokens.length >= maxTokens) throw badFilter('it is too long');
    if (match[1] !== undefined) tokens.push({ kind: 'word', text: match[1] });
    else if (match[2] !== undefined) tokens.push({ kind: 'text', text: match[2].replaceAll("''", "'") });
    else tokens.push({ kind: 'mark', text: match[3]! });
  }
  return tokens;
}

function parseOr(parser: Parser): Wanted {
  const parts = [parseAnd(parser)];
  while (takesWord(parser, 'or')) parts.push(parseAnd(parser));
  return parts.length === 1 ? parts[0]! : (resource) => parts.some((wanted) => wanted(resource));
}

function parseAnd(parser: Parser): Wanted {
  const parts = [parseTerm(parser)];
  while (takesWord(parser, 'and')) parts.push(parseTerm(parser));
  if (parts.length === 1) return parts[0]!;
  return (resource) => parts.every((wanted) => wanted(resource));
}

function parseTerm(parser: Parser): Wanted {
  const word = take(parser, 'word').toLowerCase();
  if (word === 'startswith' || word === 'substringof') return parseFunction(parser, word);
  const name = parser.tokens[parser.at - 1]!.text;
  const operator = take(parser, 'word').toLowerCase();
  if (operator !== 'eq' && operator !== 'ne') throw badFilter(`'${operator.slice(0, 40)}' is not an operator here`);
  const value = take(parser, 'text').toLowerCase();
  const matches = comparison(name, (text) => text === value);
  return operator === 'eq' ? matches : (resource) => !matches(resource);
}

function parseFunction(parser: Parser, word: 'startswith' | 'substringof'): Wanted {
  mark(parser, '(');
  const first = take(parser, word === 'startswith' ? 'word' : 'text');
  mark(parser, ',');
  const second = take(parser, word === 'startswith' ? 'text' : 'word');
  mark(parser, ')');
  if (word === 'startswith') return comparison(first, (text) => text.startsWith(second.toLowerCase()));
  return comparison(second, (text) => text.includes(first.toLowerCase()));
}

/** A resource has many tags: it is wanted if one of them fits. */
function comparison(name: string, fits: (text: string) => boolean): Wanted {
  const key = name.toLowerCase();
  const read = Object.hasOwn(readers, key) ? readers[key] : undefined;
  if (read !== undefined) return (resource) => read(resource).some((text) => fits(text.toLowerCase()));
  const path = name.replace(/^properties[./]/i, '').split(/[./]/);
  return (resource) => {
    const value = memberAt(resource.properties, path);
    return typeof value === 'string' && fits(value.toLowerCase());
  };
}

const readers: Readonly<Record<string, (resource: Resource) => readonly string[]>> = Object.freeze({
  name: ({ name }: Resource) => [name],
  resourcetype: ({ type }: Resource) => [type],
  resourcegroup: ({ id }: Resource) => [parseResourceId(id).group ?? ''],
  location: ({ location }: Resource) => [location ?? ''],
  tagname: ({ tags }: Resource) => Object.keys(tags),
  tagvalue: ({ tags }: Resource) => Object.values(tags),
});

function memberAt(value: Json, path: readonly string[]): Json | undefined {
  let now: Json | undefined = value;
  for (const word of path) {
    if (!isObject(now)) return undefined;
    const key = keyOf(word);
    const name: string | undefined = Object.keys(now).find((one) => keyOf(one) === key);
    now = name === undefined ? undefined : now[name];
  }
  return now;
}

function takesWord(parser: Parser, word: string): boolean {
  const token = parser.tokens[parser.at];
  if (token?.kind !== 'word' || token.text.toLowerCase() !== word) return false;
  parser.at += 1;
  return true;
}

function take(parser: Parser, kind: Token['kind']): string {
  const token = parser.tokens[parser.at];
  if (token?.kind !== kind) throw badFilter(token === undefined ? 'it ends too early' : `'${token.text.slice(0, 40)}' was not expected`);
  parser.at += 1;
  return token.text;
}

function mark(parser: Parser, text: string): void {
  if (take(parser, 'mark') !== text) throw badFilter(`'${text}' was expected`);
}

function badFilter(why: string): Fault {
  return fault('invalid', 'InvalidFilterInQueryString', `Invalid $filter: ${why}.`, {
    target: '$filter',
    remedy: "Write it like: resourceType eq 'Microsoft.Network/virtualNetworks' and tagName eq 'team'.",
  });
}
