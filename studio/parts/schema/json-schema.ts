import type { Json, JsonObject } from '#arm/resource.ts';

/** The part of JSON Schema 2020-12 in which the server says what bodies are. */
export interface Schema {
  readonly type?: 'object' | 'array' | 'string' | 'integer' | 'number' | 'boolean' | 'null';
  readonly title?: string;
  readonly description?: string;
  readonly default?: Json;
  readonly enum?: readonly Json[];
  readonly const?: Json;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: Schema | boolean;
  readonly propertyNames?: Schema;
  readonly maxProperties?: number;
  readonly items?: Schema;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
  readonly format?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
  readonly $ref?: string;
  readonly $defs?: Readonly<Record<string, Schema>>;
  readonly readOnly?: boolean;
  /** A secret: sent, and never shown. */
  readonly writeOnly?: boolean;
  /** The id of another resource; `types`: what it may be, undefined: anything. */
  readonly 'x-isthmus-reference'?: { readonly types?: readonly string[] };
}

const maxHops = 20;

/** The schema itself, where it only refers to one of `root`'s definitions or is put together from several. */
export function resolved(schema: Schema, root: Schema): Schema {
  let found = schema;
  for (let hops = 0; found.$ref !== undefined && hops < maxHops; hops += 1) {
    const { $ref, ...beside } = found;
    const name = $ref.startsWith('#/$defs/') ? $ref.slice('#/$defs/'.length) : '';
    found = { ...root.$defs?.[name], ...beside };
  }
  const { allOf, ...rest } = found;
  return allOf === undefined ? found : allOf.map((one) => resolved(one, root)).reduce(both, rest);
}

function both(a: Schema, b: Schema): Schema {
  return {
    ...a,
    ...b,
    ...((a.properties ?? b.properties) && { properties: { ...a.properties, ...b.properties } }),
    ...((a.required ?? b.required) && { required: [...(a.required ?? []), ...(b.required ?? [])] }),
  };
}

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function isList(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value);
}
