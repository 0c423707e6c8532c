import type { Fault } from '#base/fault.ts';
import type { Json, JsonObject } from '#arm/resource.ts';
import { same, shown } from './arguments.ts';
import { evaluateValue, loopsOf, evaluateLoop } from './evaluate.ts';
import { refuse, refuseFeature } from './refusal.ts';
import { isArray, isObject, memberName, type Scope, typeName, weigh } from './scope.ts';
import type { Template } from './template.ts';

/** What the parameters of a deployment are. */
export interface Parameters {
  readonly value: Scope['parameter'];
  /** As a deployment shows them: `{name: {type, value}}`, secure ones without their value. */
  readonly shown: () => JsonObject;
  /** All texts in values of secure parameters. */
  readonly secrets: () => readonly string[];
}

type Kind = 'string' | 'securestring' | 'int' | 'bool' | 'array' | 'object' | 'secureobject';

/** How each type is written in answers. */
export const typeWords: Readonly<Record<Kind, string>> = {
  string: 'String',
  securestring: 'SecureString',
  int: 'Int',
  bool: 'Bool',
  array: 'Array',
  object: 'Object',
  secureobject: 'SecureObject',
};

/** The type that a parameter or output declares. Fault: `InvalidTemplate`. */
export function kindOf(spec: JsonObject, at: string): Kind {
  const type = typeof spec['type'] === 'string' ? spec['type'].toLowerCase() : '';
  if (Object.hasOwn(typeWords, type)) return type as Kind;
  throw refuse(at, `The 'type' must be one of ${Object.keys(typeWords).join(', ')}`, 'Correct the type.');
}

/** Whether any part of a declaration is secure: a secure member makes the whole secret. */
export function isSecure(spec: Json, definitions: JsonObject, depth = 0): boolean {
  if (depth > 20) return true;
  if (isArray(spec)) return spec.some((one) => isSecure(one, definitions, depth + 1));
  if (!isObject(spec)) return false;
  if (typeof spec['type'] === 'string' && /^secure(string|object)$/i.test(spec['type'])) return true;
  const target = typeof spec['$ref'] === 'string' ? definitions[spec['$ref'].replace('#/definitions/', '')] : undefined;
  if (target !== undefined && isSecure(target, definitions, depth + 1)) return true;
  return ['properties', 'items', 'prefixItems', 'additionalProperties'].some((name) => {
    const inner = spec[name];
    return isObject(inner) && name === 'properties'
      ? Object.values(inner).some((one) => isSecure(one, definitions, depth + 1))
      : isSecure(inner ?? null, definitions, depth + 1);
  });
}

/** A declaration whose `$ref` is followed; members beside it win. */
export function resolved(spec: Json, definitions: JsonObject, at: string): JsonObject {
  let found = spec;
  for (let hops = 0; isObject(found) && typeof found['$ref'] === 'string'; hops += 1) {
    const { $ref, ...rest } = found;
    const name = String($ref).replace('#/definitions/', '');
    const target = Object.hasOwn(definitions, name) ? definitions[name] : undefined;
    if (!isObject(target) || hops > 20) throw refuse(at, `The type '${name.slice(0, 100)}' is not among the definitions`, 'Define it.');
    found = { ...target, ...rest };
  }
  if (isObject(found)) return found;
  throw refuse(at, `An object is expected here, and this is of type ${typeName(found)}`, 'Declare it as {"type": "string"}.');
}

/**
 * Reads what was given, and the defaults of the rest; checks all. Faults: `InvalidTemplate` naming the parameter, never its value.
 * `scope`: what defaults may see, but for the parameters themselves.
 */
export function readParameters(template: Template, given: JsonObject, scope: Omit<Scope, 'parameter'>): Parameters {
  const names = Object.keys(template.parameters);
  const unknown = Object.keys(given).filter((name) => memberName(template.parameters, name) === undefined);
  if (unknown.length > 0) {
    const text = `The following parameters were supplied, but do not correspond to any parameters defined in the template: '${unknown.join(', ').slice(0, 300)}'. The parameters defined in the template are: '${names.join(', ').slice(0, 1000)}'`;
    throw refuse('', text, 'Leave them out, or correct their names.');
  }
  const values = new Map<string, Json>();
  const busy = new Set<string>();
  const value = (asked: string, at: string): Json => {
    const name = memberName(template.parameters, asked);
    if (name === undefined) throw refuse(at, `The template parameter '${asked.slice(0, 100)}' is not found`, 'Declare it in parameters.');
    const known = values.get(name);
    if (known !== undefined) return known;
    if (busy.has(name)) throw refuse(at, `The default value of the template parameter '${name}' depends on itself`, 'Break the circle.');
    busy.add(name);
    const own = resolved(template.parameters[name]!, template.definitions, `parameters.${name}`);
    const found = valueOf({ name, spec: own, given }, { ...scope, at: `parameters.${name}.defaultValue`, parameter: value });
    busy.delete(name);
    values.set(name, found);
    return found;
  };
  for (const name of names) value(name, `parameters.${name}`);
  const show = (): JsonObject =>
    Object.fromEntries(
      names.map((name) => {
        const own = resolved(template.parameters[name]!, template.definitions, name);
        const type = typeWords[kindOf(own, name)];
        return [name, isSecure(own, template.definitions) ? { type } : { type, value: values.get(name) ?? null }];
      }),
    );
  const secrets = (): readonly string[] => {
    const secure = names.filter((name) => isSecure(template.parameters[name]!, template.definitions));
    return secure.flatMap((name) => textsIn(values.get(name) ?? null));
  };
  return { value, shown: show, secrets };
}

function textsIn(value: Json): readonly string[] {
  if (typeof value === 'string') return value === '' ? [] : [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : [];
}

interface One {
  readonly name: string;
  readonly spec: JsonObject;
  readonly given: JsonObject;
}

function valueOf({ name, spec, given }: One, scope: Scope): Json {
  const kind = kindOf(spec, `parameters.${name}`);
  const key = memberName(given, name);
  const own = key === undefined ? undefined : given[key];
  if (own !== undefined && own !== null && !isObject(own)) {
    throw refuse(
      '',
      `The value for the template parameter '${name}' must be given as an object with a member 'value'`,
      'Write {"value": …}.',
    );
  }
  if (own?.['reference'] !== undefined) {
    throw refuseFeature(`parameters.${name}`, 'A parameter from a key vault', "Give the parameter's value; securestring keeps it unseen.");
  }
  const value = own?.['value'];
  if (value !== undefined && value !== null) return checked({ name, spec, value }, kind);
  if (spec['defaultValue'] !== undefined && spec['defaultValue'] !== null) {
    const fallback = evaluateValue(spec['defaultValue'], scope);
    weigh(fallback, scope);
    return checked({ name, spec, value: fallback }, kind);
  }
  if (spec['nullable'] === true || spec['defaultValue'] === null) return null;
  throw refuse(
    '',
    `The value for the template parameter '${name}' is not provided`,
    `Give the parameter '${name}', or a defaultValue in the template.`,
  );
}

function checked(one: { readonly name: string; readonly spec: JsonObject; readonly value: Json }, kind: Kind): Json {
  const { name, spec, value } = one;
  const wrong = (why: string, remedy: string): Fault =>
    refuse('', `The provided value for the template parameter '${name}' is not valid. ${why}`, remedy);
  if (value === null && spec['nullable'] === true) return value;
  if (!isOfKind(value, kind)) {
    throw wrong(
      `Expected a value of type '${typeWords[kind]}', but received a value of type '${typeName(value)}'`,
      'Give a value of that type.',
    );
  }
  const { allowedValues } = spec;
  if (isArray(allowedValues) && !allows(allowedValues, value)) {
    throw wrong(`It is not part of the allowed value(s): '${allowedValues.map(shown).join(',').slice(0, 500)}'`, 'Give one of them.');
  }
  const size = typeof value === 'number' ? value : typeof value === 'string' || isArray(value) ? value.length : undefined;
  const [least, most] = typeof value === 'number' ? (['minValue', 'maxValue'] as const) : (['minLength', 'maxLength'] as const);
  const [low, high] = [spec[least], spec[most]];
  if (size !== undefined && typeof low === 'number' && size < low)
    throw wrong(`The ${least} is ${low}`, 'Give a value that is not below it.');
  if (size !== undefined && typeof high === 'number' && size > high)
    throw wrong(`The ${most} is ${high}`, 'Give a value that is not above it.');
  return value;
}

/** Each of an array's elements may be meant, too. */
function allows(allowed: readonly Json[], value: Json): boolean {
  const isIn = (one: Json): boolean => allowed.some((other) => same(one, other));
  return isIn(value) || (isArray(value) && value.every(isIn));
}

export function isOfKind(value: Json, kind: Kind): boolean {
  switch (kind) {
    case 'string':
    case 'securestring':
      return typeof value === 'string';
    case 'int':
      return typeof value === 'number' && Number.isSafeInteger(value);
    case 'bool':
      return typeof value === 'boolean';
    case 'array':
      return isArray(value);
    case 'object':
    case 'secureobject':
      return isObject(value);
  }
}

/** The variables of a template, each evaluated when it is first needed. */
export function readVariables(template: Template, scope: Omit<Scope, 'variable'>): (name: string, at: string) => Json {
  const loops = loopsOf(template.variables) ?? [];
  const looped = new Map(loops.map((loop) => [loop.name.toLowerCase(), loop]));
  const values = new Map<string, Json>();
  const busy = new Set<string>();
  const variable = (asked: string, at: string): Json => {
    const name = memberName(template.variables, asked);
    const loop = looped.get(asked.toLowerCase());
    const key = name ?? loop?.name;
    if (key === undefined) throw refuse(at, `The template variable '${asked.slice(0, 100)}' is not found`, 'Declare it in variables.');
    const known = values.get(key);
    if (known !== undefined) return known;
    if (busy.has(key)) throw refuse(at, `The template variable '${key}' depends on itself`, 'Break the circle.');
    busy.add(key);
    const own = { ...scope, at: `variables.${key}`, variable };
    const value = loop === undefined ? evaluateValue(template.variables[key]!, own) : evaluateLoop(loop, own);
    weigh(value, own);
    busy.delete(key);
    values.set(key, value);
    return value;
  };
  for (const name of Object.keys(template.variables)) if (name !== 'copy' || loops.length === 0) variable(name, 'variables');
  for (const name of looped.keys()) variable(name, 'variables');
  return variable;
}
