import { readFileSync } from 'node:fs';
import { parse as parseYaml } from 'yaml';
import { z } from 'zod';
import { fault, type Fault } from './fault.ts';
import { isSecret, secret, type Secret } from './secret.ts';

/** Where a value came from, weakest first. */
export type ConfigOrigin = 'default' | 'file' | 'environment' | 'flag';

export interface ConfigRequest<S extends z.ZodObject> {
  /** Names in camelCase; groups are nested objects. Defaults belong into the schema. */
  readonly schema: S;
  /** Path of a YAML or JSON file. */
  readonly file?: string | undefined;
  /** What the command line gave, in the schema's shape; undefined values count as not given. */
  readonly flags?: Readonly<Record<string, unknown>>;
  /** The process's own unless tests give another. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

export interface LoadedConfig<S extends z.ZodObject> {
  /** Frozen, all the way down. */
  readonly config: DeepReadonly<z.output<S>>;
  /** By dotted name; names that are not here have the schema's default. */
  readonly origins: ReadonlyMap<string, ConfigOrigin>;
}

export type DeepReadonly<T> = T extends Secret | ((...args: never[]) => unknown)
  ? T
  : T extends object
    ? { readonly [K in keyof T]: DeepReadonly<T[K]> }
    : T;

/** For schemas: a text that nothing prints. */
export const secretText: z.ZodType<Secret, string | Secret> = z.union([z.string().transform(secret), z.custom<Secret>(isSecret)]);

const prefix = 'ISTHMUS_';
/** Holds the keys that seal secrets, in place of a file: base64, several with commas; the first one seals, all open. */
export const sealKeyVariable = 'ISTHMUS_SEAL_KEY';
/** The password of the server that takes e-mail of alerts. */
export const smtpPasswordVariable = 'ISTHMUS_SMTP_PASSWORD';
/** Read by other parts of the product, each in its own place. */
const otherVariables = new Set([
  'ISTHMUS_FAILPOINTS',
  'ISTHMUS_WITH_PARENT',
  'ISTHMUS_HOME',
  'ISTHMUS_CLIENT_SECRET',
  'ISTHMUS_SUBSCRIPTION',
  sealKeyVariable,
  smtpPasswordVariable,
]);

/** This process' environment with some variables more, for a program that is started. */
export function environmentWith(more: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  return { ...process.env, ...more };
}

/** One variable of the process's environment; empty counts as unset. The only way to it from outside this file. */
export function environmentVariable(name: string): string | undefined {
  return process.env[name] || undefined;
}

/** A secret of the environment, which it is taken out of: no process started from here on inherits it. Empty counts as unset. */
export function takeEnvironmentSecret(name: string): Secret | undefined {
  const text = environmentVariable(name);
  delete process.env[name];
  return text === undefined ? undefined : secret(text);
}

/**
 * Reads a program's configuration: file < environment (`pool.memoryMb` is ISTHMUS_POOL_MEMORY_MB) < flags. Unknown names are errors.
 * Throws one `invalid` that lists all that is wrong, with the name and origin of each, never a value.
 */
export function loadConfig<S extends z.ZodObject>(request: ConfigRequest<S>): LoadedConfig<S> {
  const origins = new Map<string, ConfigOrigin>();
  const given: Record<string, unknown> = {};
  const take = (origin: ConfigOrigin, values: Readonly<Record<string, unknown>>): void =>
    merge({ into: given, origins, origin }, values, []);
  if (request.file !== undefined) take('file', readFile(request.file));
  const fromEnvironment = readEnvironment(request.schema, request.environment ?? process.env);
  take('environment', fromEnvironment.values);
  take('flag', request.flags ?? {});
  const parsed = request.schema.safeParse(given);
  const wrong = parsed.success ? [] : parsed.error.issues.map((issue) => describeIssue(issue, origins));
  const problems = [...unknownNames(request.schema, given, origins), ...fromEnvironment.problems, ...wrong];
  if (!parsed.success || problems.length > 0) throw badConfig(problems, request);
  return { config: freeze(parsed.data) as DeepReadonly<z.output<S>>, origins };
}

/** One line a value, `name = value (origin)`, with secrets masked: what `--print-config` shows. */
export function printConfig<S extends z.ZodObject>({ config, origins }: LoadedConfig<S>): string {
  return [...leaves(config, [])].map(([name, value]) => `${name} = ${JSON.stringify(value)} (${originOf(name, origins)})\n`).join('');
}

function originOf(name: string, origins: ReadonlyMap<string, ConfigOrigin>): ConfigOrigin {
  for (let at = name; at !== ''; at = at.slice(0, Math.max(0, at.lastIndexOf('.')))) {
    const origin = origins.get(at);
    if (origin !== undefined) return origin;
  }
  return [...origins].find(([at]) => at.startsWith(`${name}.`))?.[1] ?? 'default';
}

interface Merge {
  readonly into: Record<string, unknown>;
  readonly origins: Map<string, ConfigOrigin>;
  readonly origin: ConfigOrigin;
}

function merge(target: Merge, values: Readonly<Record<string, unknown>>, path: readonly string[]): void {
  for (const [name, value] of Object.entries(values)) {
    if (value === undefined) continue;
    const at = [...path, name];
    if (isGroup(value)) {
      const existing = target.into[name];
      const into = isGroup(existing) ? existing : {};
      target.into[name] = into;
      merge({ ...target, into }, value, at);
    } else {
      target.into[name] = value;
      target.origins.set(at.join('.'), target.origin);
    }
  }
}

function isGroup(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !isSecret(value);
}

function readFile(path: string): Record<string, unknown> {
  const remedy = 'Give the path of a YAML or JSON file with one setting a line, for example: port: 4433';
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    throw fault('missing', 'NoConfigFile', `The configuration file ${path} cannot be read.`, { target: path, remedy, cause });
  }
  try {
    const values: unknown = parseYaml(text) ?? {};
    if (isGroup(values)) return values;
  } catch (cause) {
    throw fault('invalid', 'BadConfig', `The configuration file ${path} is neither YAML nor JSON.`, { target: path, remedy, cause });
  }
  throw fault('invalid', 'BadConfig', `The configuration file ${path} holds no settings.`, { target: path, remedy });
}

function readEnvironment(
  schema: z.ZodObject,
  environment: Readonly<Record<string, string | undefined>>,
): { readonly values: Record<string, unknown>; readonly problems: string[] } {
  const known = new Map([...variables(schema, [])].map((variable) => [variable.name, variable]));
  const values: Record<string, unknown> = {};
  const problems: string[] = [];
  for (const [name, text] of Object.entries(environment)) {
    if (!name.startsWith(prefix) || otherVariables.has(name) || text === undefined || text === '') continue;
    const variable = known.get(name);
    if (variable === undefined) problems.push(`${name}: there is no such setting`);
    else place(values, variable.path, fromText(variable.type, text));
  }
  return { values, problems };
}

interface Variable {
  readonly name: string;
  readonly path: readonly string[];
  readonly type: z.core.$ZodType;
}

function* variables(schema: z.ZodObject, path: readonly string[]): Iterable<Variable> {
  for (const [name, wrapped] of Object.entries(schema.shape as Record<string, z.core.$ZodType>)) {
    const type = unwrap(wrapped);
    const at = [...path, name];
    if (type instanceof z.ZodObject) yield* variables(type, at);
    else yield { name: prefix + at.map(upperSnake).join('_'), path: at, type };
  }
}

function upperSnake(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();
}

/** The type under defaults, optionals and the like: what a text of the environment must become. */
function unwrap(type: z.core.$ZodType): z.core.$ZodType {
  if (
    type instanceof z.ZodDefault ||
    type instanceof z.ZodOptional ||
    type instanceof z.ZodNullable ||
    type instanceof z.ZodReadonly ||
    type instanceof z.ZodPrefault
  ) {
    return unwrap(type.def.innerType);
  }
  return type instanceof z.ZodPipe ? unwrap(type.def.in) : type;
}

/** What cannot be read as the type wants is left as it is, and refused with the rest. */
function fromText(type: z.core.$ZodType, text: string): unknown {
  if (type instanceof z.ZodNumber) return text.trim() === '' || Number.isNaN(Number(text)) ? text : Number(text);
  if (type instanceof z.ZodBoolean) return text === 'true' ? true : text === 'false' ? false : text;
  if (type instanceof z.ZodArray) return text.split(',').map((word) => word.trim());
  return text;
}

function place(values: Record<string, unknown>, path: readonly string[], value: unknown): void {
  const [name = '', ...rest] = path;
  if (rest.length === 0) {
    values[name] = value;
    return;
  }
  const group = (values[name] ??= {}) as Record<string, unknown>;
  place(group, rest, value);
}

/** Zod drops what it does not know, and says so for one level only if asked. */
function unknownNames(
  schema: z.ZodObject,
  given: Readonly<Record<string, unknown>>,
  origins: ReadonlyMap<string, ConfigOrigin>,
  path: readonly string[] = [],
): string[] {
  const shape = schema.shape as Record<string, z.core.$ZodType>;
  return Object.entries(given).flatMap(([name, value]) => {
    const type = Object.hasOwn(shape, name) ? shape[name] : undefined;
    const at = [...path, name];
    if (type === undefined) return [`${at.join('.')}: there is no such setting (${originOf(at.join('.'), origins)})`];
    const inner = unwrap(type);
    return inner instanceof z.ZodObject && isGroup(value) ? unknownNames(inner, value, origins, at) : [];
  });
}

function describeIssue(issue: z.core.$ZodIssue, origins: ReadonlyMap<string, ConfigOrigin>): string {
  const name = issue.path.map(String).join('.');
  const origin = originOf(name, origins);
  return `${name}: ${issue.message}${origin === 'default' ? '' : ` (${origin})`}`;
}

function badConfig(problems: readonly string[], request: ConfigRequest<z.ZodObject>): Fault {
  const names = [...variables(request.schema, [])].map(({ path }) => path.join('.'));
  return fault('invalid', 'BadConfig', `The configuration is wrong: ${problems.join('; ')}.`, {
    ...(request.file === undefined ? {} : { target: request.file }),
    remedy: `Settings are: ${names.join(', ')}. In the environment, ${names[0] ?? 'name'} is ${prefix}${(names[0] ?? 'name').split('.').map(upperSnake).join('_')}.`,
  });
}

function* leaves(value: unknown, path: readonly string[]): Iterable<readonly [name: string, value: unknown]> {
  if (!isGroup(value)) yield [path.join('.'), value];
  else for (const [name, inner] of Object.entries(value)) yield* leaves(inner, [...path, name]);
}

function freeze(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  for (const inner of Object.values(value)) freeze(inner);
  return Object.freeze(value);
}
