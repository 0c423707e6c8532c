import type { Json } from '#arm/resource.ts';
import { pathText, type FormPath } from './form-path.ts';
import { isList, isObject, resolved, type Schema } from './json-schema.ts';

/** What is wrong with one place of a body. */
export interface Issue {
  readonly path: FormPath;
  /** A sentence. */
  readonly text: string;
  /** Nothing is there yet: not told before somebody tried to send it. */
  readonly isMissing: boolean;
}

interface Place {
  readonly path: FormPath;
  readonly root: Schema;
}

/** All that a schema has against a value, in the order of the value. */
export function issuesOf(value: Json | undefined, schema: Schema, root: Schema = schema): readonly Issue[] {
  return value === undefined ? [] : looked(value, schema, { path: [], root });
}

function looked(value: Json, given: Schema, place: Place): readonly Issue[] {
  const schema = resolved(given, place.root);
  const wrong = (text: string): readonly Issue[] => [{ path: place.path, text, isMissing: false }];
  if (schema.const !== undefined && !isSame(value, schema.const)) return wrong(`This can only be ${word(schema.const)}.`);
  if (schema.enum !== undefined && !schema.enum.some((one) => isSame(value, one)))
    return wrong(`This must be one of ${schema.enum.map(word).join(', ')}.`);
  const branches = schema.anyOf ?? schema.oneOf;
  const byBranch = branches === undefined ? [] : ofBranches(value, branches, place);
  if (byBranch.length > 0) return byBranch;
  switch (schema.type) {
    case 'object':
      return isObject(value) ? ofObject(value, schema, place) : wrong('This must be an object.');
    case 'array':
      return isList(value) ? ofList(value, schema, place) : wrong('This must be a list.');
    case 'string':
      return typeof value === 'string' ? textTrouble(value, schema).flatMap(wrong) : wrong('This must be a text.');
    case 'integer':
      return typeof value === 'number' && Number.isInteger(value)
        ? numberTrouble(value, schema).flatMap(wrong)
        : wrong('This must be a whole number.');
    case 'number':
      return typeof value === 'number' ? numberTrouble(value, schema).flatMap(wrong) : wrong('This must be a number.');
    case 'boolean':
      return typeof value === 'boolean' ? [] : wrong('This must be true or false.');
    case 'null':
      return value === null ? [] : wrong('This must be empty.');
    default:
      return [];
  }
}

function ofObject(value: { readonly [name: string]: Json }, schema: Schema, place: Place): readonly Issue[] {
  const { properties = {}, required = [], additionalProperties, propertyNames, maxProperties } = schema;
  const missing = required
    .filter((name) => !Object.hasOwn(value, name))
    .map((name): Issue => ({ path: [...place.path, name], text: 'This is needed.', isMissing: true }));
  const members = Object.entries(value).flatMap(([name, member]) => {
    const inner = { ...place, path: [...place.path, name] };
    if (Object.hasOwn(properties, name)) return looked(member, properties[name]!, inner);
    const names = propertyNames === undefined ? [] : looked(name, propertyNames, inner);
    if (additionalProperties === false) return [{ path: inner.path, text: 'There is no such member.', isMissing: false }];
    return typeof additionalProperties === 'object' ? [...names, ...looked(member, additionalProperties, inner)] : names;
  });
  const isOver = maxProperties !== undefined && Object.keys(value).length > maxProperties;
  return [
    ...missing,
    ...(isOver ? [{ path: place.path, text: `There can be at most ${maxProperties} of these.`, isMissing: false }] : []),
    ...members,
  ];
}

function ofList(
  value: readonly Json[],
  { items, minItems = 0, maxItems = Number.POSITIVE_INFINITY }: Schema,
  place: Place,
): readonly Issue[] {
  const own: Issue[] = [];
  if (value.length < minItems)
    own.push({ path: place.path, text: `At least ${minItems} of these ${minItems === 1 ? 'is' : 'are'} needed.`, isMissing: true });
  if (value.length > maxItems) own.push({ path: place.path, text: `There can be at most ${maxItems} of these.`, isMissing: false });
  if (items === undefined) return own;
  return [...own, ...value.flatMap((one, i) => looked(one, items, { ...place, path: [...place.path, i] }))];
}

/** None, if one of them has nothing against it; else what the one that is meant has. */
function ofBranches(value: Json, branches: readonly Schema[], place: Place): readonly Issue[] {
  const tried = branches.map((branch) => looked(value, branch, place));
  if (tried.some((issues) => issues.length === 0)) return [];
  return (
    tried[meantBranch(value, branches, place.root) ?? -1] ?? [{ path: place.path, text: 'This is of no possible form.', isMissing: false }]
  );
}

/** Which of several forms a value is meant to have: by what tells them apart, else by its kind. */
export function meantBranch(value: Json | undefined, branches: readonly Schema[], root: Schema): number | undefined {
  const forms = branches.map((branch) => resolved(branch, root));
  const told = forms.findIndex((form) => isTold(value, form, root));
  if (told >= 0) return told;
  const alike = forms.findIndex((form) => form.type === kindOf(value));
  return alike < 0 ? undefined : alike;
}

function isTold(value: Json | undefined, { properties = {} }: Schema, root: Schema): boolean {
  const words = Object.entries(properties).filter(([, one]) => resolved(one, root).const !== undefined);
  return isObject(value) && words.length > 0 && words.every(([name, one]) => isSame(value[name] ?? null, resolved(one, root).const!));
}

function kindOf(value: Json | undefined): Schema['type'] {
  if (value === undefined) return undefined;
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number';
  return typeof value as 'string' | 'boolean' | 'object';
}

function textTrouble(value: string, { minLength = 0, maxLength, pattern, format }: Schema): readonly string[] {
  if (value.length < minLength) return [minLength === 1 ? 'This must not be empty.' : `This needs at least ${minLength} characters.`];
  if (maxLength !== undefined && value.length > maxLength)
    return [`This can have at most ${maxLength} characters; it has ${value.length}.`];
  const rule = pattern === undefined ? undefined : expressionOf(pattern);
  return rule === undefined || rule.test(value) ? [] : [patternSentence(pattern!, format)];
}

function expressionOf(pattern: string): RegExp | undefined {
  for (const flags of ['u', '']) {
    try {
      return new RegExp(pattern, flags);
    } catch {
      // Only the server knows this pattern: it is looked at there.
    }
  }
  return undefined;
}

/** Patterns that many types share, as people say them. */
const sentences: Readonly<Record<string, string>> = {
  [String.raw`^[A-Za-z0-9](?:[\w.-]*\w)?$`]:
    "This can have letters, digits, '_', '.' and '-'; it begins with a letter or digit, and ends with one or '_'.",
  '^[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*$': "This can have letters and digits, with single '-' between them.",
  [String.raw`^[^\u0000-\u001f\u007f]*$`]: 'This cannot have control characters.',
  [String.raw`^\/.*`]: "This must begin with '/'.",
};

function patternSentence(pattern: string, format: string | undefined): string {
  if (format === 'uuid') return 'This must be a GUID, such as 0f8fad5b-d9cb-469f-a165-70867728950e.';
  return sentences[pattern] ?? `This is not of the form that is wanted: ${pattern}`;
}

function numberTrouble(value: number, { minimum, maximum, exclusiveMinimum, exclusiveMaximum }: Schema): readonly string[] {
  if (minimum !== undefined && value < minimum) return [`This must be at least ${minimum}.`];
  if (exclusiveMinimum !== undefined && value <= exclusiveMinimum) return [`This must be more than ${exclusiveMinimum}.`];
  if (maximum !== undefined && value > maximum) return [`This can be at most ${maximum}.`];
  if (exclusiveMaximum !== undefined && value >= exclusiveMaximum) return [`This must be less than ${exclusiveMaximum}.`];
  return [];
}

function isSame(a: Json, b: Json): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

function word(value: Json): string {
  return typeof value === 'string' ? `'${value}'` : JSON.stringify(value);
}

/** For whoever looks at the whole: `properties.subnet.id: This is needed.` */
export function issueText({ path, text }: Issue): string {
  return path.length === 0 ? text : `${pathText(path)}: ${text}`;
}
