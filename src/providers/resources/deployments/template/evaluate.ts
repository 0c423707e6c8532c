import { Fault } from '#base/fault.ts';
import type { Json, JsonObject } from '#arm/resource.ts';
import { type Expression, callsIn, expressionIn, literalText, parseExpression } from './expression.ts';
import { checkCall, functionNamed, lazyFunctions } from './functions.ts';
import { refuse } from './refusal.ts';
import { type Copy, isArray, isObject, maxValueDepth, memberName, type Scope, spend, typeName, wantedBy, weigh } from './scope.ts';

export const maxCopies = 800;

/** Evaluates all expressions in a value, and its `copy` loops. Faults: `InvalidTemplate`, `TemplateFeatureNotSupported`; see `wantedBy`. */
export function evaluateValue(value: Json, scope: Scope, depth = 0): Json {
  spend(scope);
  if (depth > maxValueDepth) throw refuse(scope.at, `A value is nested deeper than ${maxValueDepth}`, 'Make it flatter.');
  if (typeof value === 'string') return evaluateText(value, scope);
  if (isArray(value)) {
    spend(scope, value.length);
    return value.map((one, i) => (isPlain(one) ? one : evaluateValue(one, { ...scope, at: `${scope.at}[${i}]` }, depth + 1)));
  }
  if (!isObject(value)) return value;
  const loops = loopsOf(value);
  spend(scope, Object.keys(value).length);
  const members = Object.entries(value).filter(([name]) => loops === undefined || name !== 'copy');
  const plain = members.map(([name, one]): readonly [string, Json] => {
    const own = memberNameOf(name, scope);
    return [own, isPlain(one) ? one : evaluateValue(one, { ...scope, at: `${scope.at}.${name.slice(0, 80)}` }, depth + 1)];
  });
  const looped = (loops ?? []).map((loop): readonly [string, Json] => {
    const at = `${scope.at}.copy.${loop.name}`;
    return [loop.name, evaluateLoop(loop, { ...scope, at }, depth)];
  });
  return Object.fromEntries([...plain, ...looped]);
}

/** Most of a template: what evaluates to itself. */
function isPlain(value: Json): boolean {
  return typeof value === 'string' ? !value.startsWith('[') : typeof value !== 'object' || value === null;
}

/** A text of a template: what its expression gives, or itself. */
export function evaluateText(text: string, scope: Scope): Json {
  const source = expressionIn(text);
  if (source === undefined) return literalText(text);
  const expression = parseExpression(source, scope.at);
  if (scope.references?.note === undefined) return evaluateExpression(expression, scope);
  noteReferences(expression, scope);
  try {
    return evaluateExpression(expression, scope);
  } catch (error) {
    if (error instanceof Fault && wantedBy(error) !== undefined) return text;
    throw error;
  }
}

/** A text that must be one after evaluation. */
export function evaluateToText(value: Json | undefined, scope: Scope): string {
  const result = typeof value === 'string' ? evaluateText(value, scope) : value;
  if (typeof result === 'string') return result;
  throw refuse(
    scope.at,
    `A text is expected here, and this is of type ${typeName(result ?? null)}`,
    'Give a text, or an expression that results in one.',
  );
}

/** Refuses what no evaluation could do: syntax, unknown functions, wrong numbers of arguments. Looks at branches that are not taken, too. */
export function checkExpressions(value: Json, at: string, functions: Scope['functions']): void {
  if (typeof value === 'string') {
    const source = expressionIn(value);
    if (source === undefined) return;
    for (const call of callsIn(parseExpression(source, at))) checkOne(call, at, functions);
  } else if (isArray(value)) value.forEach((one, i) => checkExpressions(one, `${at}[${i}]`, functions));
  else if (isObject(value)) for (const [name, one] of Object.entries(value)) checkExpressions(one, `${at}.${name.slice(0, 80)}`, functions);
}

function checkOne(call: Expression & { readonly kind: 'call' }, at: string, functions: Scope['functions']): void {
  if (call.namespace === undefined) checkCall(call.name, call.args.length, at);
  else userFunction(call.namespace, call.name, { at, functions });
}

/** The loops of an object: a member `copy` that is an array of `{name, count, input}`. Any other member of that name is a value. */
export function loopsOf(value: JsonObject): readonly Loop[] | undefined {
  const { copy } = value;
  if (!isArray(copy) || copy.length === 0) return undefined;
  const loops = copy.filter(isLoop);
  return loops.length === copy.length ? loops : undefined;
}

export interface Loop extends JsonObject {
  readonly name: string;
  readonly count: Json;
  readonly input: Json;
}

function isLoop(value: Json): value is Loop {
  return isObject(value) && typeof value['name'] === 'string' && value['count'] !== undefined && value['input'] !== undefined;
}

export function evaluateLoop(loop: Loop, scope: Scope, depth = 0): Json {
  const count = evaluateCount(loop.count, scope);
  return Array.from({ length: count }, (_, index) =>
    evaluateValue(loop.input, withCopy({ ...scope, at: `${scope.at}[${index}]` }, { name: loop.name.toLowerCase(), index }), depth + 1),
  );
}

export function evaluateCount(value: Json | undefined, scope: Scope): number {
  const count = typeof value === 'string' ? evaluateText(value, scope) : value;
  if (typeof count === 'number' && Number.isInteger(count) && count >= 0 && count <= maxCopies) return count;
  throw refuse(scope.at, `The count of a copy loop must be a whole number between 0 and ${maxCopies}`, 'Correct the count.');
}

export function withCopy(scope: Scope, copy: Copy): Scope {
  return { ...scope, copies: [...scope.copies, copy] };
}

function memberNameOf(name: string, scope: Scope): string {
  return expressionIn(name) === undefined ? literalText(name) : evaluateToText(name, scope);
}

/** All that a text refers to, also what stands behind the first thing that is not there yet. */
function noteReferences(expression: Expression, scope: Scope): void {
  for (const call of callsIn(expression)) {
    if (call.namespace !== undefined || call.name.toLowerCase() !== 'reference') continue;
    try {
      evaluateExpression({ ...call, args: call.args.slice(0, 1) }, scope);
    } catch (error) {
      // Evaluating the whole says what is wrong, if it is wrong there.
      if (!(error instanceof Fault)) throw error;
    }
  }
}

function evaluateExpression(expression: Expression, scope: Scope): Json {
  spend(scope);
  switch (expression.kind) {
    case 'literal':
      return expression.value;
    case 'index':
      return memberOf(evaluateExpression(expression.of, scope), evaluateExpression(expression.index, scope), scope);
    case 'call':
      return call(expression, scope);
  }
}

function memberOf(of: Json, index: Json, scope: Scope): Json {
  if (isArray(of) && typeof index === 'number') {
    const found = of[index];
    if (found !== undefined) return found;
    throw refuse(
      scope.at,
      `The array has ${of.length} elements, and there is none at index ${index}`,
      'Correct the index; the first is 0.',
    );
  }
  if (isObject(of) && typeof index === 'string') {
    const name = memberName(of, index);
    if (name !== undefined) return of[name]!;
    const names = Object.keys(of).slice(0, 20).join(', ');
    const text = `The language expression property '${index.slice(0, 100)}' does not exist, available properties are '${names}'`;
    throw refuse(scope.at, text, 'Correct the name; tryGet() gives null where there is none.');
  }
  throw refuse(
    scope.at,
    `A value of type ${typeName(of)} has no member of type ${typeName(index)}`,
    'Index arrays by number and objects by name.',
  );
}

function call({ namespace, name, args }: Expression & { readonly kind: 'call' }, scope: Scope): Json {
  if (namespace !== undefined) {
    const values = args.map((arg) => evaluateExpression(arg, scope));
    return callUserFunction(userFunction(namespace, name, scope), values, scope);
  }
  checkCall(name, args.length, scope.at);
  const key = name.toLowerCase();
  if (Object.hasOwn(lazyFunctions, key)) return callLazily(key, args, scope);
  const values = args.map((arg) => evaluateExpression(arg, scope));
  for (const value of values) if (isArray(value)) spend(scope, value.length);
  const result = functionNamed(name, scope.at).run(values, scope);
  // What they give was weighed when it was made.
  if (key !== 'parameters' && key !== 'variables') weigh(result, scope);
  return result;
}

function callLazily(key: string, args: readonly Expression[], scope: Scope): Json {
  if (key === 'coalesce') {
    for (const arg of args) {
      const value = evaluateExpression(arg, scope);
      if (value !== null) return value;
    }
    return null;
  }
  const truth = (arg: Expression): boolean => {
    const value = evaluateExpression(arg, scope);
    if (typeof value === 'boolean') return value;
    throw refuse(
      scope.at,
      `The function '${key}' needs true or false, and this is of type ${typeName(value)}`,
      'bool() converts texts and numbers.',
    );
  };
  if (key === 'if') return evaluateExpression(truth(args[0]!) ? args[1]! : args[2]!, scope);
  return key === 'and' ? args.every(truth) : args.some(truth);
}

function userFunction(namespace: string, name: string, { at, functions }: Pick<Scope, 'at' | 'functions'>) {
  const found = functions.get(`${namespace}.${name}`.toLowerCase());
  if (found !== undefined) return found;
  throw refuse(at, `The function '${namespace}.${name}' is not defined in the template`, "Define it in the template's functions.");
}

function callUserFunction(own: ReturnType<typeof userFunction>, values: readonly Json[], scope: Scope): Json {
  if (values.length !== own.parameters.length) {
    throw refuse(scope.at, `The function takes ${own.parameters.length} arguments, and ${values.length} are given`, 'Correct the call.');
  }
  const given = new Map(own.parameters.map((name, i) => [name.toLowerCase(), values[i]!]));
  const parameter = (name: string, at: string): Json => {
    const value = given.get(name.toLowerCase());
    if (value === undefined)
      throw refuse(at, `The function has no parameter '${name.slice(0, 100)}'`, 'Functions see their own parameters only.');
    return value;
  };
  const result = evaluateValue(own.output, {
    ...scope,
    parameter,
    variable: undefined,
    references: undefined,
    functions: new Map(),
    copies: [],
  });
  weigh(result, scope);
  return result;
}
