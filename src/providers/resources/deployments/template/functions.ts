import type { Fault } from '#base/fault.ts';
import { collectionFunctions } from './functions-collection.ts';
import { deploymentFunctions } from './functions-deployment.ts';
import { textFunctions } from './functions-text.ts';
import { valueFunctions } from './functions-value.ts';
import { refuse, refuseFeature } from './refusal.ts';
import type { TemplateFunction } from './scope.ts';

const table = new Map<string, TemplateFunction>(
  [textFunctions, collectionFunctions, valueFunctions, deploymentFunctions].flatMap((some) => Object.entries(some)),
);

/** Evaluate only the arguments they need: least and most number of arguments. */
export const lazyFunctions: Readonly<Record<string, readonly [number, number]>> = {
  if: [3, 3],
  and: [1, 256],
  or: [1, 256],
  coalesce: [1, 256],
};

/** Known to ARM, and not here: what to do instead. */
const refused: Readonly<Record<string, string>> = {
  pickzones: 'Write the zones out, or make them a parameter.',
  providers: 'Write the api-version out.',
  references: "Use reference() for each: reference('name[0]').",
  managementgroup: 'Deploy to a subscription or a group.',
  managementgroupresourceid: 'Deploy to a subscription or a group.',
  lambda: 'Write the values out, or use a copy loop.',
  lambdavariables: 'Write the values out, or use a copy loop.',
  map: 'Use a copy loop in variables.',
  mapvalues: 'Use a copy loop in variables.',
  filter: 'Write the values out, or use a copy loop with a condition.',
  reduce: 'Write the value out, or make it a parameter.',
  sort: 'Write the values in order.',
  toobject: 'Write the object out, or make it a parameter.',
  groupby: 'Write the object out, or make it a parameter.',
  cidrsubnet: 'Write the address range out.',
  cidrhost: 'Write the address out.',
  parsecidr: 'Write the address range out.',
  getsecret: 'Make it a parameter of type securestring.',
  externalinput: 'Make it a parameter.',
  fail: 'Use allowedValues of a parameter.',
};

/** Fault: `InvalidTemplate` for names that nobody knows, `TemplateFeatureNotSupported` for functions that only ARM has. */
export function functionNamed(name: string, at: string): TemplateFunction {
  const found = table.get(name.toLowerCase());
  if (found !== undefined) return found;
  throw unknownFunction(name, at);
}

/** Fault as `functionNamed`; also for a number of arguments that the function does not take. */
export function checkCall(name: string, args: number, at: string): void {
  const key = name.toLowerCase();
  const own = Object.hasOwn(lazyFunctions, key) ? lazyFunctions[key] : undefined;
  const found = functionLimits(own, name, at);
  if (args >= found[0] && args <= found[1]) return;
  const wanted = found[0] === found[1] ? `${found[0]}` : `between ${found[0]} and ${found[1]}`;
  throw refuse(at, `The template function '${name}' takes ${wanted} arguments, and ${args} are given`, 'Correct the call.');
}

function functionLimits(own: readonly [number, number] | undefined, name: string, at: string): readonly [number, number] {
  if (own !== undefined) return own;
  const { least, most } = functionNamed(name, at);
  return [least, most];
}

function unknownFunction(name: string, at: string): Fault {
  const key = name.toLowerCase();
  if (Object.hasOwn(refused, key)) return refuseFeature(at, `The function '${name}'`, refused[key]!);
  if (/^list[a-z]*$/.test(key)) {
    return refuseFeature(at, `The function '${name}'`, 'Secrets are not handed out: make what is needed a parameter of type securestring.');
  }
  return refuse(at, `The template function '${name.slice(0, 100)}' is not valid`, 'See the documentation for the functions of templates.');
}
