import { fault, type Fault } from '#base/fault.ts';
import type { Json, JsonObject } from '#arm/resource.ts';
import { refuse } from './refusal.ts';

/** Where a deployment goes, and what templates may know of it. */
export interface DeploymentPlace {
  readonly kind: 'group' | 'subscription' | 'tenant';
  /** The id of the group or subscription; empty at the tenant. */
  readonly id: string;
  readonly subscriptionId: string | undefined;
  readonly group: string | undefined;
  /** What `resourceGroup()`, `subscription()`, `tenant()`, `deployment()` and `environment()` answer. Undefined: there is none here. */
  readonly facts: {
    readonly resourceGroup: JsonObject | undefined;
    readonly subscription: JsonObject | undefined;
    readonly tenant: JsonObject;
    readonly deployment: JsonObject;
    readonly environment: JsonObject;
  };
}

/** Reading other resources from an expression. Given only where ARM allows it: in bodies of resources and in outputs. */
export interface References {
  /** The id of what a name, symbolic name or id stands for. Fault: `InvalidTemplate`. */
  resolve(text: string, place: string): string;
  /** The resource as it is shown; undefined: not read yet. */
  read(id: string): JsonObject | undefined;
  /** Given where a template is only looked at: told of every id that is referred to; what cannot be evaluated yet stays as it is written. */
  readonly note?: (id: string) => void;
}

export interface UserFunction {
  readonly parameters: readonly string[];
  readonly output: Json;
}

/** What an expression can see. */
export interface Scope {
  /** Where it stands in the template, for faults. */
  readonly at: string;
  readonly place: DeploymentPlace;
  readonly parameter: (name: string, at: string) => Json;
  /** Undefined: variables may not be used here. */
  readonly variable: ((name: string, at: string) => Json) | undefined;
  readonly references: References | undefined;
  /** By `namespace.name` in lower case. */
  readonly functions: ReadonlyMap<string, UserFunction>;
  /** Copy loops around it, the innermost last. */
  readonly copies: readonly Copy[];
  /** Values of a kind that differs with every deployment: only in default values of parameters. */
  readonly fresh: Fresh | undefined;
  readonly budget: Budget;
}

export interface Copy {
  /** In lower case; empty: has none. */
  readonly name: string;
  readonly index: number;
}

/** The same for every evaluation of one deployment. */
export interface Fresh {
  /** ISO 8601, UTC. */
  readonly now: string;
  /** A GUID for the n-th time one is asked for at a place. */
  guid(at: string): string;
}

/** How much work may still be done for a template. */
export interface Budget {
  left: number;
}

export const maxSteps = 2_000_000;
/** The most that one value may nest. */
export const maxValueDepth = 100;

export interface TemplateFunction {
  readonly least: number;
  readonly most: number;
  readonly run: (args: readonly Json[], scope: Scope) => Json;
}

/** Counts work. Fault: `InvalidTemplate` when a template wants too much. */
export function spend(scope: Scope, steps = 1): void {
  scope.budget.left -= steps;
  if (scope.budget.left < 0) {
    throw refuse(scope.at, 'Evaluating the template takes too many steps', 'Make its loops and values smaller, or split the template.');
  }
}

/** Counts the size of a value made by an expression: values that share parts grow faster than the text that makes them. */
export function weigh(value: Json, scope: Scope, depth = 0): void {
  if (depth > maxValueDepth) throw refuse(scope.at, `A value is nested deeper than ${maxValueDepth}`, 'Make it flatter.');
  if (typeof value === 'string') return spend(scope, 1 + (value.length >> 3));
  spend(scope);
  if (typeof value === 'object' && value !== null) for (const one of Object.values(value)) weigh(one, scope, depth + 1);
}

const notRead = 'ReferenceNotRead';

/** A referred resource has to be read before the expression can be evaluated: see `wantedBy`. */
export function referenceNotRead(id: string): Fault {
  return fault('missing', notRead, `The resource ${id} was not read yet.`, { target: id });
}

/** The id that an evaluation stopped for; undefined: it was stopped by something else. */
export function wantedBy(trouble: Fault): string | undefined {
  return trouble.code === notRead ? trouble.target : undefined;
}

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function isArray(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value);
}

/** The name under which an object holds a member: ARM compares names of members without regard to case. */
export function memberName(object: JsonObject, name: string): string | undefined {
  if (Object.hasOwn(object, name)) return name;
  const key = name.toLowerCase();
  return Object.keys(object).find((one) => one.toLowerCase() === key);
}

export function typeName(value: Json): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'number') return Number.isInteger(value) ? 'int' : 'float';
  return typeof value === 'boolean' ? 'bool' : typeof value;
}
