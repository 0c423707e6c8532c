import type { Json, JsonObject } from '#arm/resource.ts';
import { checkExpressions } from './evaluate.ts';
import { refuse, refuseFeature } from './refusal.ts';
import { isArray, isObject, typeName, type UserFunction } from './scope.ts';

/** A template whose form is right: what is in it may still be wrong. */
export interface Template {
  readonly definitions: JsonObject;
  readonly parameters: JsonObject;
  readonly variables: JsonObject;
  readonly functions: ReadonlyMap<string, UserFunction>;
  readonly resources: readonly Declared[];
  readonly outputs: JsonObject;
}

/** A resource as the template declares it: with its loop, and its children in it. */
export interface Declared {
  readonly at: string;
  readonly symbolicName: string | undefined;
  readonly body: JsonObject;
}

const limits = { parameters: 256, variables: 512, resources: 800, outputs: 256 } as const;
const remedy = 'See the structure of templates: $schema, contentVersion, parameters, variables, functions, resources, outputs.';

/** Reads the form of a template and all its expressions. Faults: `InvalidTemplate`, `TemplateFeatureNotSupported`. */
export function readTemplate(value: Json): Template {
  if (!isObject(value)) throw refuse('', `The template must be an object, and is of type ${typeName(value)}`, remedy);
  for (const name of ['imports', 'extensions', 'extensionConfigs']) {
    if (value[name] !== undefined && value[name] !== null)
      throw refuseFeature(name, `'${name}'`, 'Leave it out: only resources of ARM can be deployed.');
  }
  const resources = value['resources'];
  if (resources === undefined) throw refuse('', "The template has no member 'resources'", 'Give resources, if only an empty array.');
  const template = {
    definitions: section(value, 'definitions'),
    parameters: section(value, 'parameters'),
    variables: section(value, 'variables'),
    functions: functionsOf(value['functions'] ?? []),
    resources: declared(resources, 'resources'),
    outputs: section(value, 'outputs'),
  };
  checkSizes(template);
  for (const part of ['parameters', 'variables', 'outputs'] as const) checkExpressions(template[part], part, template.functions);
  for (const { at, body } of template.resources) checkResource(body, at, template.functions);
  return template;
}

/** The form of each resource: members whose type all else relies on. Then its expressions, those of its children too. */
function checkResource(body: JsonObject, at: string, functions: ReadonlyMap<string, UserFunction>): void {
  if (typeof body['type'] !== 'string')
    throw refuse(at, "The resource has no 'type'", "Give its type, as 'Microsoft.Network/virtualNetworks'.");
  if (/^microsoft\.resources\/deployments$/i.test(body['type'])) {
    throw refuseFeature(at, 'A nested or linked deployment', 'Put its resources into this template, or deploy it by itself.');
  }
  // What is only referred to may lie elsewhere.
  const elsewhere = body['existing'] === true ? [] : ['resourceGroup', 'subscriptionId'];
  for (const name of [...elsewhere, 'import', 'extension']) {
    if (body[name] !== undefined && body[name] !== null) {
      throw refuseFeature(`${at}.${name}`, `'${name}' of a resource`, 'Deploy to that group or subscription with a deployment of its own.');
    }
  }
  checkExpressions(body, at, functions);
  for (const child of childrenOf(body, at)) checkResource(child.body, child.at, functions);
}

/** Children that are declared inside a resource. */
export function childrenOf(body: JsonObject, at: string): readonly Declared[] {
  const children = body['resources'];
  return children === undefined || children === null ? [] : declared(children, `${at}.resources`);
}

function declared(value: Json, at: string): readonly Declared[] {
  const entries: readonly (readonly [string, string | undefined, Json])[] = isArray(value)
    ? value.map((one, i) => [`${at}[${i}]`, undefined, one] as const)
    : Object.entries(objectAt(value, at)).map(([name, one]) => [`${at}.${name}`, name, one] as const);
  return entries.map(([place, symbolicName, one]) => ({ at: place, symbolicName, body: objectAt(one, place) }));
}

function section(template: JsonObject, name: string): JsonObject {
  const value = template[name];
  return value === undefined || value === null ? {} : objectAt(value, name);
}

function objectAt(value: Json, at: string): JsonObject {
  if (isObject(value)) return value;
  throw refuse(at, `An object is expected here, and this is of type ${typeName(value)}`, remedy);
}

function checkSizes(template: Template): void {
  const sizes = {
    parameters: Object.keys(template.parameters).length,
    variables: Object.keys(template.variables).length,
    resources: template.resources.length,
    outputs: Object.keys(template.outputs).length,
  };
  for (const name of ['parameters', 'variables', 'resources', 'outputs'] as const) {
    if (sizes[name] > limits[name]) {
      throw refuse(name, `The template has ${sizes[name]} ${name}, and may have ${limits[name]}`, 'Split the template.');
    }
  }
}

/** Functions of the template's own: they see their parameters only, and cannot call each other. */
function functionsOf(value: Json): ReadonlyMap<string, UserFunction> {
  const found = new Map<string, UserFunction>();
  if (!isArray(value)) throw refuse('functions', 'An array is expected here', remedy);
  for (const [i, one] of value.entries()) {
    const at = `functions[${i}]`;
    const namespace = objectAt(one, at)['namespace'];
    if (typeof namespace !== 'string')
      throw refuse(at, "The functions have no 'namespace'", 'Give them a namespace, and call them as namespace.name().');
    const members = objectAt(objectAt(one, at)['members'] ?? {}, `${at}.members`);
    for (const [name, own] of Object.entries(members)) {
      found.set(`${namespace}.${name}`.toLowerCase(), functionOf(objectAt(own, `${at}.members.${name}`), `${at}.members.${name}`));
    }
  }
  return found;
}

function functionOf(own: JsonObject, at: string): UserFunction {
  const parameters = own['parameters'] ?? [];
  if (!isArray(parameters))
    throw refuse(`${at}.parameters`, 'An array is expected here', 'Write parameters as [{"name": "a", "type": "string"}].');
  const names = parameters.map((one, i) => {
    const name = objectAt(one, `${at}.parameters[${i}]`)['name'];
    if (typeof name !== 'string') throw refuse(`${at}.parameters[${i}]`, "The parameter has no 'name'", 'Give it a name.');
    return name;
  });
  const output = objectAt(own['output'] ?? {}, `${at}.output`)['value'];
  if (output === undefined) throw refuse(`${at}.output`, "The function has no 'output.value'", 'Give what it results in.');
  checkExpressions(output, `${at}.output.value`, new Map());
  return { parameters: names, output };
}
