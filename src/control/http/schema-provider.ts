import { fault } from '#base/fault.ts';
import type { OwnAsk, OwnProvider } from '#arm/own-provider.ts';
import type { TypeCatalog } from '#arm/resource-type.ts';
import type { JsonObject } from '#arm/resource.ts';
import { typeList, typeSchema } from '#arm/type-schema.ts';

/**
 * `GET /providers/Isthmus.Schemas/types` lists the types of resources, `…/types/{namespace}/{type}[/{child} …]` says everything of one: see
 * `typeSchema`. Whoever has signed in may know.
 */
export function schemaProvider(catalog: TypeCatalog): OwnProvider {
  const made = new Map<string, JsonObject>();
  const run = async ({ words }: OwnAsk): Promise<JsonObject> => {
    if (words.length === 0) return { value: typeList(catalog) };
    const type = catalog.get(words.join('/'));
    if (type === undefined) {
      throw fault('missing', 'InvalidResourceType', `There is no type of resources '${words.join('/').slice(0, 200)}'.`, {
        target: words.join('/').slice(0, 200),
        remedy: 'GET /providers/Isthmus.Schemas/types lists all types.',
      });
    }
    const known = made.get(type.type) ?? typeSchema(type, catalog);
    made.set(type.type, known);
    return known;
  };
  const summary = 'What resources of a type are made of: schemas, rules of names, actions';
  return {
    namespace: 'Isthmus.Schemas',
    answers: [{ verb: 'GET', word: 'types', at: 'tenant', follows: ['', '/{type}'], summary, permission: undefined, run }],
  };
}
