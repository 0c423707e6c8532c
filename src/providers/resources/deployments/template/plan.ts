import { Fault } from '#base/fault.ts';
import type { Json, JsonObject } from '#arm/resource.ts';
import { expressionIn } from './expression.ts';
import { evaluateCount, evaluateText, evaluateValue, withCopy } from './evaluate.ts';
import { templateHash } from './hashes.ts';
import { isOfKind, isSecure, kindOf, readParameters, readVariables, resolved, typeWords } from './parameters.ts';
import { refuse } from './refusal.ts';
import { expandResources, type PlannedResource } from './resources.ts';
import { type DeploymentPlace, type Fresh, isArray, isObject, maxSteps, type References, type Scope, typeName } from './scope.ts';
import { readTemplate, type Template } from './template.ts';

export interface TemplateInput {
  readonly template: Json;
  /** `{name: {value}}` */
  readonly parameters: JsonObject;
  readonly place: DeploymentPlace;
  readonly fresh: Fresh;
}

/** What a template means at a place. */
export interface Plan {
  readonly hash: string;
  /** As a deployment shows them. */
  readonly parameters: JsonObject;
  /** Each after what it depends on. Those that are only referred to, and those whose condition is false, are among them. */
  readonly resources: readonly PlannedResource[];
  /** Evaluates expressions that read resources: `read` gives those that are known. Fault: see `wantedBy`. */
  readonly outputs: (read: References['read']) => JsonObject;
  readonly bodyOf: (resource: PlannedResource, read: References['read']) => JsonObject;
  /** The body with expressions that read resources left as they are written. */
  readonly draftOf: (resource: PlannedResource) => JsonObject;
  /** The value with every text that holds the value of a secure parameter masked. */
  readonly masked: (value: Json) => Json;
}

const maxTemplateLength = 4 * 1024 * 1024;

/**
 * Reads and checks a template with its parameters. Pure: the same input gives the same plan.
 * Faults: `InvalidTemplate` with the place in the template, `TemplateFeatureNotSupported` for what ARM has and this system does not.
 */
export function planTemplate(input: TemplateInput): Plan {
  return guarded(() => plan(input));
}

function plan({ template: raw, parameters: given, place, fresh }: TemplateInput): Plan {
  if (JSON.stringify(raw).length > maxTemplateLength) throw refuse('', 'The template is larger than 4 MB', 'Split it.');
  const template = readTemplate(raw);
  const outside = { at: '', place, functions: template.functions, copies: [], references: undefined, budget: { left: maxSteps } };
  const parameters = readParameters(template, given, { ...outside, variable: undefined, fresh });
  const inside = { ...outside, parameter: parameters.value, fresh: undefined };
  const scope: Scope = { ...inside, variable: readVariables(template, inside) };
  const { resources, names } = expandResources(template, scope);
  const references = (read: References['read']): References => ({ resolve: names.resolve, read });
  // What cannot be evaluated yet stays; what is wrong is found now.
  const draft: References = { resolve: names.resolve, read: () => undefined, note: () => undefined };
  outputsOf(template, { ...scope, references: draft });
  return {
    hash: templateHash(raw),
    parameters: parameters.shown(),
    resources: ordered(resources),
    outputs: (read) => guarded(() => outputsOf(template, { ...scope, budget: { left: maxSteps }, references: references(read) })),
    bodyOf: (resource, read) => guarded(() => resource.body(references(read))),
    draftOf: (resource) => guarded(() => resource.body(draft)),
    masked: (value) => masked(value, parameters.secrets()),
  };
}

function masked(value: Json, secrets: readonly string[]): Json {
  if (typeof value === 'string') return secrets.some((one) => value.includes(one)) ? '*******' : value;
  if (isArray(value)) return value.map((one) => masked(one, secrets));
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, masked(one, secrets)]));
}

/** A template so nested that reading it takes the whole stack is refused like any other that is too deep. */
function guarded<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof Fault || !(error instanceof RangeError)) throw error;
    throw refuse('', 'The template is nested too deep', 'Make its values and expressions flatter.');
  }
}

/** Each resource after all that it depends on. Fault: `InvalidTemplate` for a circle. */
function ordered(resources: readonly PlannedResource[]): readonly PlannedResource[] {
  const waiting = new Map(resources.map((one) => [one.key, new Set(one.dependsOn)]));
  const byKey = new Map(resources.map((one) => [one.key, one]));
  const dependants = new Map<string, string[]>();
  for (const { key, dependsOn } of resources) for (const on of dependsOn) dependants.set(on, [...(dependants.get(on) ?? []), key]);
  const free = resources.filter((one) => one.dependsOn.size === 0).map(({ key }) => key);
  const order: PlannedResource[] = [];
  for (let key = free.shift(); key !== undefined; key = free.shift()) {
    order.push(byKey.get(key)!);
    for (const dependant of dependants.get(key) ?? []) {
      const left = waiting.get(dependant)!;
      left.delete(key);
      if (left.size === 0) free.push(dependant);
    }
  }
  if (order.length === resources.length) return order;
  const done = new Set(order.map(({ key }) => key));
  const rest = resources.filter(({ key }) => !done.has(key));
  const ids = rest.slice(0, 10).map(({ id }) => id);
  throw refuse(rest[0]!.at, `Circular dependency detected on resource: '${ids.join("', '")}'`, 'Break the circle.');
}

function outputsOf(template: Template, scope: Scope): JsonObject {
  const outputs: [string, JsonObject][] = [];
  for (const [name, declared] of Object.entries(template.outputs)) {
    const at = `outputs.${name}`;
    const spec = resolved(declared, template.definitions, at);
    if (!isWanted(spec['condition'], { ...scope, at: `${at}.condition` })) continue;
    const kind = kindOf(spec, at);
    const type = typeWords[kind];
    const value = outputValue(spec, { ...scope, at: `${at}.value` });
    // An expression that cannot be evaluated yet stays as it is written.
    const isDraft = typeof value === 'string' && value === spec['value'] && expressionIn(value) !== undefined;
    if (!isDraft && !isOfKind(value, kind) && !(value === null && spec['nullable'] === true)) {
      throw refuse(
        at,
        `The output is declared as ${type}, and its value is of type ${typeName(value)}`,
        'Correct the type, or convert the value.',
      );
    }
    outputs.push([name, isSecure(spec, template.definitions) ? { type } : { type, value }]);
  }
  return Object.fromEntries(outputs);
}

function isWanted(condition: Json | undefined, scope: Scope): boolean {
  if (condition === undefined || condition === null) return true;
  const value = typeof condition === 'string' ? evaluateText(condition, scope) : condition;
  if (typeof value === 'boolean') return value;
  if (scope.references?.note !== undefined && typeof value === 'string') return false;
  throw refuse(scope.at, `The condition must be true or false, and is of type ${typeName(value)}`, 'Correct the condition.');
}

function outputValue(spec: JsonObject, scope: Scope): Json {
  const { copy } = spec;
  if (isObject(copy) && copy['count'] !== undefined && copy['input'] !== undefined) {
    const count = evaluateCount(copy['count'], scope);
    return Array.from({ length: count }, (_, index) => evaluateValue(copy['input']!, withCopy(scope, { name: '', index })));
  }
  if (spec['value'] === undefined) throw refuse(scope.at, 'The output has no value', 'Give it a value.');
  return evaluateValue(spec['value'], scope);
}
