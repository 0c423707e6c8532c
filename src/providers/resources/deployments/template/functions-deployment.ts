import type { Fault } from '#base/fault.ts';
import type { Json, JsonObject } from '#arm/resource.ts';
import { type Arguments, taking } from './arguments.ts';
import { extensionId, idIn, subscriptionId, tenantId } from './ids.ts';
import { refuse } from './refusal.ts';
import { referenceNotRead, type TemplateFunction } from './scope.ts';

/** https://learn.microsoft.com/azure/azure-resource-manager/templates/template-functions-deployment and …-resource, …-scope */
export const deploymentFunctions: Readonly<Record<string, TemplateFunction>> = {
  parameters: taking(1, 1, (args) => {
    const { all, scope } = args;
    if (typeof all[0] !== 'string') throw args.wrong(0, 'the name of a parameter');
    return scope.parameter(all[0], scope.at);
  }),
  variables: taking(1, 1, (args) => {
    const { all, scope } = args;
    if (typeof all[0] !== 'string') throw args.wrong(0, 'the name of a variable');
    if (scope.variable === undefined) throw notHere(scope.at, 'variables');
    return scope.variable(all[0], scope.at);
  }),
  resourceid: taking(2, 64, (args) => {
    const { given, type, names } = typeAndNames(args, 2);
    const { place } = args.scope;
    const group = given.at(-1) ?? place.group;
    const subscription = given.length > 1 ? given[0] : place.subscriptionId;
    if (subscription === undefined) return idIn('', type, names, args.scope.at);
    const under = group === undefined ? `/subscriptions/${subscription}` : `/subscriptions/${subscription}/resourceGroups/${group}`;
    return idIn(under, type, names, args.scope.at);
  }),
  subscriptionresourceid: taking(2, 64, (args) => {
    const { given, type, names } = typeAndNames(args, 1);
    return subscriptionId(given[0] ?? args.scope.place.subscriptionId, type, names, args.scope.at);
  }),
  tenantresourceid: taking(2, 64, (args) => {
    const { type, names } = typeAndNames(args, 0);
    return tenantId(type, names, args.scope.at);
  }),
  extensionresourceid: taking(3, 64, (args) => {
    const names = args.all.slice(2).map((_, i) => args.text(i + 2));
    return extensionId(args.text(0), args.text(1), names, args.scope.at);
  }),
  reference: taking(1, 3, (args) => {
    const full = args.all.length > 2;
    if (full && args.text(2).toLowerCase() !== 'full') throw args.wrong(2, "'Full'");
    const resource = referred(args);
    return full ? resource : (resource['properties'] ?? {});
  }),
  resourceinfo: taking(1, 1, (args) => {
    const { id = '', name = '', type = '' } = referred(args) as Readonly<Record<string, Json>>;
    return { id, name, type };
  }),
  resourcegroup: taking(0, 0, ({ scope }) => {
    if (scope.place.facts.resourceGroup === undefined) throw notHere(scope.at, 'resourceGroup');
    return scope.place.facts.resourceGroup;
  }),
  subscription: taking(0, 0, ({ scope }) => {
    if (scope.place.facts.subscription === undefined) throw notHere(scope.at, 'subscription');
    return scope.place.facts.subscription;
  }),
  tenant: taking(0, 0, ({ scope }) => scope.place.facts.tenant),
  deployment: taking(0, 0, ({ scope }) => scope.place.facts.deployment),
  environment: taking(0, 0, ({ scope }) => scope.place.facts.environment),
};

function notHere(at: string, name: string): Fault {
  return refuse(
    at,
    `The template function '${name}' is not expected at this location`,
    `Use ${name}() in bodies of resources, or in outputs.`,
  );
}

function referred(args: Arguments): JsonObject {
  const { scope } = args;
  if (scope.references === undefined) throw notHere(scope.at, 'reference');
  const id = scope.references.resolve(args.text(0), scope.at);
  scope.references.note?.(id);
  const resource = scope.references.read(id);
  if (resource === undefined) throw referenceNotRead(id);
  return resource;
}

/** `[subscription], [group], type, name…`: the type is the first argument with a slash. */
function typeAndNames(
  args: Arguments,
  most: number,
): { readonly given: readonly string[]; readonly type: string; readonly names: readonly string[] } {
  const texts = args.all.map((_, i) => args.text(i));
  const at = texts.findIndex((text) => text.includes('/'));
  if (at < 0 || at > most) throw args.wrong(Math.max(0, Math.min(at, most)), "a type of resource, as 'Microsoft.Network/virtualNetworks'");
  return { given: texts.slice(0, at), type: texts[at]!, names: texts.slice(at + 1) };
}
