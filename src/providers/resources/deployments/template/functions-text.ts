import type { Json } from '#arm/resource.ts';
import { type Arguments, shown, taking } from './arguments.ts';
import { guid, uniqueString } from './hashes.ts';
import { refuse, refuseFeature } from './refusal.ts';
import { isArray, type TemplateFunction } from './scope.ts';

const maxTextLength = 4_000_000;

/** https://learn.microsoft.com/azure/azure-resource-manager/templates/template-functions-string */
export const textFunctions: Readonly<Record<string, TemplateFunction>> = {
  concat: taking(1, 256, (args) => (args.all.every(isArray) ? (args.all as readonly (readonly Json[])[]).flat(1) : joined(args, ''))),
  format: taking(1, 256, formatted),
  string: taking(1, 1, ({ all }) => shown(all[0]!)),
  tolower: taking(1, 1, (args) => args.text(0).toLowerCase()),
  toupper: taking(1, 1, (args) => args.text(0).toUpperCase()),
  trim: taking(1, 1, (args) => args.text(0).trim()),
  substring: taking(2, 3, (args) => {
    const text = args.text(0);
    const from = args.int(1);
    const length = args.all.length > 2 ? args.int(2) : text.length - from;
    if (from < 0 || length < 0 || from + length > text.length) throw args.wrong(1, `within the text of ${text.length} characters`);
    return text.slice(from, from + length);
  }),
  startswith: taking(2, 2, (args) => args.text(0).toLowerCase().startsWith(args.text(1).toLowerCase())),
  endswith: taking(2, 2, (args) => args.text(0).toLowerCase().endsWith(args.text(1).toLowerCase())),
  replace: taking(3, 3, (args) => limited(args.text(0).split(args.text(1)).join(args.text(2)), args)),
  split: taking(2, 2, (args) => {
    const limits = isArray(args.all[1]) ? args.all[1].map(shown) : [args.text(1)];
    return limits.reduce((parts, limit) => (limit === '' ? parts : parts.flatMap((part) => part.split(limit))), [args.text(0)]);
  }),
  join: taking(2, 2, (args) => limited(args.array(0).map(shown).join(args.text(1)), args)),
  padleft: taking(2, 3, (args) => {
    const width = args.int(1);
    if (width > 10_000) throw args.wrong(1, 'at most 10000');
    const filling = args.all.length > 2 ? args.text(2) : ' ';
    if (filling.length !== 1) throw args.wrong(2, 'one character');
    return args.text(0).padStart(width, filling);
  }),
  uniquestring: taking(1, 256, (args) => uniqueString(args.all.map(shown))),
  guid: taking(1, 256, (args) => guid(args.all.map(shown))),
  newguid: taking(0, 0, ({ scope }) => {
    if (scope.fresh === undefined) throw onlyInDefaults(scope.at, 'newGuid');
    return scope.fresh.guid(scope.at);
  }),
  base64: taking(1, 1, (args) => Buffer.from(args.text(0), 'utf8').toString('base64')),
  base64tostring: taking(1, 1, (args) => Buffer.from(args.text(0), 'base64').toString('utf8')),
  base64tojson: taking(1, 1, (args) => parsed(Buffer.from(args.text(0), 'base64').toString('utf8'), args)),
  json: taking(1, 1, (args) => parsed(args.text(0), args)),
  uri: taking(2, 2, (args) => {
    const base = URL.parse(args.text(0));
    if (base === null) throw args.wrong(0, 'an absolute address');
    return URL.parse(args.text(1), base.href)?.href ?? '';
  }),
  uricomponent: taking(1, 1, (args) => encodeURIComponent(args.text(0).toWellFormed())),
  uricomponenttostring: taking(1, 1, (args) => decoded(args.text(0))),
  datauri: taking(1, 1, (args) => `data:text/plain;charset=utf8;base64,${Buffer.from(args.text(0), 'utf8').toString('base64')}`),
  datauritostring: taking(1, 1, (args) => {
    const match = /^data:[^,]*?(;base64)?,(.*)$/s.exec(args.text(0));
    if (match === null) throw args.wrong(0, 'a data URI');
    return match[1] === undefined ? decoded(match[2]!) : Buffer.from(match[2]!, 'base64').toString('utf8');
  }),
};

/** Bytes written as %XX; what is no UTF-8 becomes the replacement character, as elsewhere. */
function decoded(text: string): string {
  const parts = text.split(/((?:%[0-9a-f]{2})+)/i);
  return parts.map((part, i) => (i % 2 === 1 ? Buffer.from(part.replaceAll('%', ''), 'hex').toString('utf8') : part)).join('');
}

export function onlyInDefaults(at: string, name: string): Error {
  return refuse(
    at,
    `The function '${name}' may be used in default values of parameters only`,
    'Make it the defaultValue of a parameter, and use that.',
  );
}

function joined(args: Arguments, separator: string): string {
  return limited(args.all.map((value, i) => (isArray(value) ? refuseMixed(args, i) : shown(value))).join(separator), args);
}

function refuseMixed(args: Arguments, i: number): never {
  throw args.wrong(i, 'a text where others are, or all must be arrays');
}

function limited(text: string, { scope }: Arguments): string {
  if (text.length <= maxTextLength) return text;
  throw refuse(scope.at, `A text is longer than ${maxTextLength} characters`, 'Make it shorter.');
}

function parsed(text: string, args: Arguments): Json {
  try {
    return JSON.parse(text) as Json;
  } catch (error) {
    if (error instanceof SyntaxError) throw args.wrong(0, 'JSON');
    throw error;
  }
}

const placeholder = /\{\{|\}\}|\{(\d{1,3})(?:,(-?\d{1,4}))?(?::([^{}]*))?\}|[{}]/g;

/** As .NET's composite formatting, for the formats that templates use. */
function formatted(args: Arguments): string {
  const text = args.text(0).replace(placeholder, (whole: string, index?: string, width?: string, form?: string) => {
    if (whole === '{{') return '{';
    if (whole === '}}') return '}';
    if (index === undefined) throw args.wrong(0, "a text whose braces are '{0}', or doubled");
    const value = args.all[Number(index) + 1];
    if (value === undefined) throw args.wrong(0, `a text that names no more than ${args.all.length - 1} values`);
    const one = form === undefined || form === '' ? shown(value) : numberAs(value, form, args);
    const columns = Number(width ?? 0);
    return columns < 0 ? one.padEnd(-columns) : one.padStart(columns);
  });
  return limited(text, args);
}

function numberAs(value: Json, form: string, args: Arguments): string {
  const [, letter = '', count] = /^([A-Za-z]?)(\d{0,2})$/.exec(form) ?? [];
  const digits = count === undefined || count === '' ? undefined : Number(count);
  if (typeof value !== 'number') return shown(value);
  const sign = value < 0 ? '-' : '';
  const positive = Math.abs(value);
  if (/^0+$/.test(form)) return sign + String(Math.round(positive)).padStart(form.length, '0');
  switch (letter) {
    case 'D':
    case 'd':
      return sign + String(positive).padStart(digits ?? 0, '0');
    case 'X':
      return value
        .toString(16)
        .toUpperCase()
        .padStart(digits ?? 0, '0');
    case 'x':
      return value.toString(16).padStart(digits ?? 0, '0');
    case 'F':
    case 'f':
      return sign + positive.toFixed(digits ?? 2);
    case 'N':
    case 'n':
      return sign + positive.toFixed(digits ?? 2).replace(/\B(?=(\d{3})+(?!\d))/g, ',');
    default:
      throw refuseFeature(args.scope.at, `The number format '${form}'`, 'Use D, X, F, N with a number of digits, or zeros.');
  }
}
