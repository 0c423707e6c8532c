import type { Json } from '#arm/resource.ts';
import { resolved, type Schema } from './json-schema.ts';

/** With what a member is filled in. */
export type FieldKind =
  /** It can be only one thing, or is the server's to say: nothing to fill in. */
  | { readonly kind: 'fixed' }
  | { readonly kind: 'choice'; readonly options: readonly Json[] }
  | { readonly kind: 'flag' }
  | { readonly kind: 'number' }
  | { readonly kind: 'secret' }
  | { readonly kind: 'text'; readonly isLong: boolean }
  /** The id of another resource; `inside`: it is a member of the object that is filled in. */
  | { readonly kind: 'reference'; readonly types: readonly string[] | undefined; readonly inside: string | undefined }
  | { readonly kind: 'list'; readonly items: Schema }
  | { readonly kind: 'map'; readonly maxLength: number | undefined }
  | { readonly kind: 'group' }
  | { readonly kind: 'either'; readonly branches: readonly Schema[] }
  /** What no schema says: JSON. */
  | { readonly kind: 'anything' };

const longText = 1_000;

/** `name`: of the member, which tells references where the schema does not. */
export function fieldKind(given: Schema, root: Schema, name = ''): FieldKind {
  const schema = resolved(given, root);
  if (schema.readOnly === true || schema.const !== undefined) return { kind: 'fixed' };
  if (schema.enum !== undefined) return { kind: 'choice', options: schema.enum };
  const branches = schema.anyOf ?? schema.oneOf;
  if (branches !== undefined && schema.type === undefined) return { kind: 'either', branches };
  switch (schema.type) {
    case 'boolean':
      return { kind: 'flag' };
    case 'integer':
    case 'number':
      return { kind: 'number' };
    case 'string':
      return textKind(schema, name);
    case 'array':
      return { kind: 'list', items: schema.items ?? {} };
    case 'object':
      return objectKind(schema, root, name);
    default:
      return { kind: 'anything' };
  }
}

/** What members of such names may lead to, where it depends on more than the schema says. */
const knownTargets: Readonly<Record<string, readonly string[]>> = {
  privateLinkServiceId: [
    'Microsoft.Network/privateLinkServices',
    'Microsoft.Sql/servers',
    'Microsoft.Sql/managedInstances',
    'Microsoft.DBforPostgreSQL/flexibleServers',
    'Microsoft.DBforMySQL/flexibleServers',
  ],
  get privateLinkResourceId() {
    return this['privateLinkServiceId']!;
  },
};

function textKind({ writeOnly, maxLength = 0, 'x-isthmus-reference': reference }: Schema, name: string): FieldKind {
  if (writeOnly === true) return { kind: 'secret' };
  const types = reference?.types ?? knownTargets[name];
  if (reference !== undefined || types !== undefined) return { kind: 'reference', types, inside: undefined };
  return { kind: 'text', isLong: maxLength >= longText && /description|script|template|text$/i.test(name) };
}

function objectKind(schema: Schema, root: Schema, name: string): FieldKind {
  const { properties = {}, additionalProperties } = schema;
  const members = Object.entries(properties).filter(([, one]) => resolved(one, root).readOnly !== true);
  const [only] = members;
  if (members.length === 1 && only![0] === 'id') {
    const inner = fieldKind(only![1], root, name);
    if (inner.kind === 'reference' || inner.kind === 'text')
      return { kind: 'reference', types: inner.kind === 'reference' ? inner.types : undefined, inside: 'id' };
  }
  if (members.length > 0 && members.every(([inner, one]) => fieldKind(one, root, inner).kind === 'fixed')) return { kind: 'fixed' };
  if (members.length > 0) return { kind: 'group' };
  const values = typeof additionalProperties === 'object' ? resolved(additionalProperties, root) : {};
  return values.type === 'string' ? { kind: 'map', maxLength: values.maxLength } : { kind: 'anything' };
}
