import { wordOf } from '#arm/client-answer.ts';
import { fault } from '#base/fault.ts';
import type { CallOptions } from '#arm/client.ts';
import type { Json, JsonObject } from '#arm/resource.ts';
import { isObject, parseText, readText, type Document } from './documents.ts';
import type { FieldDifference } from './compare.ts';
import type { PlannedChange, Step } from './plan.ts';
import type { Whereabouts } from './resource-paths.ts';
import type { Session } from './session.ts';

export interface TemplateTarget extends Whereabouts {
  /** Where the deployment itself is noted; of subscriptions only. */
  readonly location: string | undefined;
  /** `name=value` or `@file`. */
  readonly parameters: readonly string[];
  /** The group is to be made first: nothing can be compared. */
  readonly isGroupNew: boolean;
}

type Template = Extract<Document, { kind: 'template' }>;

/** A template as a deployment; what it would change is asked of the server. */
export async function templateStep(document: Template, target: TemplateTarget, { arm }: Session): Promise<Step> {
  const path = deploymentPath(document, target);
  const parameters = readParameters(target.parameters, document.template);
  const location = path.includes('/resourceGroups/') || target.location === undefined ? {} : { location: target.location };
  const body: JsonObject = { ...location, properties: { mode: 'Incremental', template: document.template, parameters } };
  const changes = target.isGroupNew ? notKnown(document, path) : plannedChanges(await arm.post(`${path}/whatIf`, body));
  return { changes, perform: (options: CallOptions) => arm.put(path, body, options) };
}

function deploymentPath({ template, name, from }: Template, { subscription, group, scope }: TemplateTarget): string {
  const rest = `providers/Microsoft.Resources/deployments/${encodeURIComponent(name)}`;
  if (scope !== undefined) return `${scope.replace(/\/+$/, '')}/${rest}`;
  if (typeof template['$schema'] === 'string' && /subscriptionDeploymentTemplate/i.test(template['$schema']))
    return `/subscriptions/${subscription}/${rest}`;
  if (group !== undefined) return `/subscriptions/${subscription}/resourceGroups/${encodeURIComponent(group)}/${rest}`;
  throw fault('invalid', 'GroupMissing', `Into which group ${from} is to be deployed was not said.`, {
    target: from,
    remedy: 'Name a resource group with --group; with --location too it is made if it is missing.',
  });
}

function notKnown({ template }: Template, path: string): readonly PlannedChange[] {
  const resources = Array.isArray(template['resources'])
    ? (template['resources'] as readonly Json[])
    : Object.values(isObject(template['resources']) ? template['resources'] : {});
  const named = resources.filter(isObject).map(({ type, name }) => `${wordOf(type)} ${wordOf(name)}`);
  return (named.length > 0 ? named : [path]).map((id) => ({ id, change: 'unknown', fields: [] }));
}

const words: Readonly<Record<string, PlannedChange['change']>> = Object.freeze({
  create: 'create',
  modify: 'change',
  deploy: 'unknown',
  delete: 'delete',
  nochange: 'same',
  noeffect: 'same',
  unsupported: 'unknown',
});

/** Reads the answer of `whatIf`. What it ignores (what is there and not in the template) is left out. */
function plannedChanges(answer: JsonObject): readonly PlannedChange[] {
  const properties = isObject(answer['properties']) ? answer['properties'] : answer;
  const changes = Array.isArray(properties['changes']) ? (properties['changes'] as readonly Json[]) : [];
  return changes.filter(isObject).flatMap(({ resourceId, changeType, delta }) => {
    const change = words[wordOf(changeType).toLowerCase()];
    if (change === undefined) return [];
    return [{ id: wordOf(resourceId), change, fields: Array.isArray(delta) ? fieldsOf(delta as readonly Json[], '') : [] }];
  });
}

function fieldsOf(delta: readonly Json[], above: string): readonly FieldDifference[] {
  return delta.filter(isObject).flatMap(({ path, before, after, children, propertyChangeType }) => {
    if (/^noeffect$/i.test(wordOf(propertyChangeType))) return [];
    const step = wordOf(path);
    const name = above === '' ? step : /^\d+$/.test(step) ? `${above}[${step}]` : `${above}.${step}`;
    if (Array.isArray(children) && children.length > 0) return fieldsOf(children as readonly Json[], name);
    return [{ name, before: before ?? undefined, after: after ?? undefined, isHidden: false }];
  });
}

/** `name=value`, `name=@file` (its text), `@file` (a file of parameters, or an object). Faults: `BadParameter`, `UnknownParameter`, `SecretInArgument`. */
function readParameters(given: readonly string[], template: JsonObject): JsonObject {
  const declared = isObject(template['parameters']) ? template['parameters'] : {};
  const values: Record<string, Json> = {};
  for (const one of given) {
    if (one.startsWith('@')) {
      Object.assign(values, parameterFile(one.slice(1)));
      continue;
    }
    const [, name, text] = /^([^=]+)=(.*)$/s.exec(one) ?? [];
    if (name === undefined || text === undefined) throw badParameter(one, 'is neither name=value nor @file');
    values[name] = { value: parameterValue(name, text, declared) };
  }
  return values;
}

function parameterFile(file: string): JsonObject {
  const [content] = parseText(readText(file), file);
  if (!isObject(content)) throw badParameter(file, 'holds no parameters');
  const inside = isObject(content['parameters']) ? content['parameters'] : content;
  const isWrapped = isObject(content['parameters']);
  return Object.fromEntries(
    Object.entries(inside)
      .filter(([name]) => isWrapped || !/^(?:\$schema|contentVersion)$/.test(name))
      .map(([name, value]) => [name, isWrapped ? value : { value }]),
  );
}

function parameterValue(name: string, text: string, declared: JsonObject): Json {
  const declaration = Object.entries(declared).find(([other]) => other.toLowerCase() === name.toLowerCase())?.[1];
  if (!isObject(declaration)) {
    const names = Object.keys(declared).join(', ');
    throw fault('invalid', 'UnknownParameter', `The template has no parameter '${name}'.`, {
      target: name,
      remedy: names === '' ? 'Leave it out: the template has no parameters.' : `It has: ${names}.`,
    });
  }
  const type = wordOf(declaration['type']).toLowerCase();
  const isFile = text.startsWith('@');
  if (type.startsWith('secure') && !isFile) {
    throw fault('invalid', 'SecretInArgument', `The parameter '${name}' is a secret, which must not stand in an argument.`, {
      target: name,
      remedy: `Put it into a file that only you can read, and give --parameters ${name}=@FILE.`,
    });
  }
  const content = isFile ? readText(text.slice(1)).replace(/\r?\n$/, '') : text;
  if (type === 'string' || type === 'securestring') return content;
  try {
    return JSON.parse(content) as Json;
  } catch (cause) {
    throw fault('invalid', 'BadParameter', `The value of the parameter '${name}' is not of type ${type}.`, {
      target: name,
      remedy: 'Give it as JSON: 3, true, ["a"], {"b": 1}.',
      cause,
    });
  }
}

function badParameter(text: string, what: string): Error {
  return fault('invalid', 'BadParameter', `The parameter '${text.split('=')[0]}' ${what}.`, {
    target: '--parameters',
    remedy: 'Give --parameters name=value or --parameters @FILE.',
  });
}
