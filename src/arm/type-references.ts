import { isObject } from './json-schema.ts';
import { parseResourceId } from './resource-id.ts';
import type { AnyType } from './resource-type.ts';
import type { Asked, Json, JsonObject } from './resource.ts';

/** A member of a body that names another resource. */
export interface TypeReference {
  /** `properties.frontendIPConfigurations[].properties.subnet.id`. */
  readonly at: string;
  /** Whether it holds an id, or the name of what lies in the same place. */
  readonly by: 'id' | 'name';
  /** What it may name; undefined: anything. */
  readonly types: readonly string[] | undefined;
}

const maxDepth = 12;
const maxVariants = 6;

/**
 * Which members of a type's body name other resources, as the type itself says of bodies made of its schema. `properties`: the JSON Schema of
 * those. What it says only of some particular bodies may be missing.
 */
export function referencesOf(type: AnyType, properties: JsonObject, path: string): readonly TypeReference[] {
  const found = new Map<string, TypeReference>();
  if (type.references === undefined) return [];
  const id = parseResourceId(path.replaceAll(/\{\w+\}/g, 'x'));
  for (let variant = 0; variant < maxVariants; variant += 1) {
    const sample = sampleOf(properties, { variant, depth: 0, definitions: properties['$defs'] });
    const read = type.properties.safeParse(sample);
    const asked: Asked = { location: 'x', tags: {}, envelope: {}, properties: (read.success ? read.data : sample) as JsonObject };
    let references: ReturnType<typeof type.references>;
    try {
      references = type.references(asked, id);
    } catch {
      // A body that no schema could have let through.
      continue;
    }
    for (const one of references) {
      const at = one.at.replaceAll(/\[\d+\]/g, '[]');
      if (!found.has(at)) found.set(at, { at, by: /id$/i.test(at) ? 'id' : 'name', types: one.types });
    }
  }
  return [...found.values()];
}

interface Sampling {
  /** Which of several possible forms is taken. */
  readonly variant: number;
  readonly depth: number;
  readonly definitions: Json | undefined;
}

/** Something of the schema's form, with every member there. Texts are not what patterns want. */
function sampleOf(schema: Json | undefined, sampling: Sampling): Json {
  if (!isObject(schema) || sampling.depth > maxDepth) return {};
  const inner = { ...sampling, depth: sampling.depth + 1 };
  const { $ref: ref, anyOf, oneOf, properties, items } = schema;
  if (typeof ref === 'string' && isObject(sampling.definitions))
    return sampleOf(sampling.definitions[ref.slice(ref.lastIndexOf('/') + 1)], inner);
  const branches = (anyOf ?? oneOf) as readonly Json[] | undefined;
  if (branches !== undefined && branches.length > 0) return sampleOf(branches[sampling.variant % branches.length], inner);
  if (schema['const'] !== undefined) return schema['const'];
  if (Array.isArray(schema['enum'])) return (schema['enum'] as readonly Json[])[sampling.variant % schema['enum'].length] ?? '';
  switch (schema['type']) {
    case 'object':
      return Object.fromEntries(Object.entries(isObject(properties) ? properties : {}).map(([name, one]) => [name, sampleOf(one, inner)]));
    case 'array':
      return [sampleOf(items, inner)];
    case 'string':
      return textOf(schema);
    case 'integer':
    case 'number':
      return typeof schema['minimum'] === 'number' ? schema['minimum'] : 1;
    case 'boolean':
      return true;
    default:
      return {};
  }
}

function textOf({ default: usual, pattern, maxLength }: JsonObject): string {
  if (typeof usual === 'string' && usual !== '' && typeof pattern === 'string') return usual;
  return '/subscriptions/x/resourceGroups/x/providers/X.X/x/x'.slice(0, typeof maxLength === 'number' && maxLength < 60 ? 1 : undefined);
}
