import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Json, JsonObject } from '#arm/resource.ts';
import { differences } from './compare.ts';
import { asTable, brief } from './output.ts';
import { askedResource, inOrder, planSummary } from './plan.ts';

const where = { subscription: 's', group: 'g', scope: undefined };

test('resources find their ids by name, scope and group', () => {
  const id = (document: JsonObject): string => askedResource(document, where).path;
  const group = '/subscriptions/s/resourceGroups/g';
  expect(id({ type: 'A.B/c', name: 'n' })).toBe(`${group}/providers/A.B/c/n`);
  expect(id({ type: 'A.B/c', name: 'n', resourceGroup: 'other', apiVersion: '2022-01-01' })).toBe(
    '/subscriptions/s/resourceGroups/other/providers/A.B/c/n?api-version=2022-01-01',
  );
  expect(id({ type: 'Microsoft.Resources/resourceGroups', name: 'x' })).toBe('/subscriptions/s/resourceGroups/x');
  expect(id({ type: 'Isthmus.Identity/servicePrincipals', name: 'ci' })).toBe('/providers/Isthmus.Identity/servicePrincipals/ci');
  expect(id({ type: 'Microsoft.Authorization/roleAssignments', name: 'x', scope: '/' })).toBe(
    '/providers/Microsoft.Authorization/roleAssignments/x',
  );
  expect(id({ type: 'Microsoft.Authorization/roleAssignments', name: 'x', scope: `${group}/` })).toBe(
    `${group}/providers/Microsoft.Authorization/roleAssignments/x`,
  );
  expect(askedResource({ type: 'A.B/c', name: 'n', id: '/subscriptions/s', location: 'l', etag: 'e', dependsOn: [] }, where).body).toEqual({
    location: 'l',
  });
});

test('in any order given, what is referred to comes first', () => {
  const names = ['a', 'b', 'c', 'd', 'e'];
  const path = (name: string): string => `/subscriptions/s/resourceGroups/g/providers/A.B/c/${name}`;
  const refersToEarlier = fc.array(fc.nat({ max: 3 }), { minLength: 5, maxLength: 5 });
  fc.assert(
    fc.property(refersToEarlier, fc.shuffledSubarray([0, 1, 2, 3, 4], { minLength: 5 }), (targets, order) => {
      const resources = names.map((name, i) => {
        const properties = i === 0 ? {} : { other: { id: path(names[targets[i]! % i]!).toUpperCase() } };
        return { path: path(name), id: path(name), body: { properties } };
      });
      const sorted = inOrder(order.map((i) => resources[i]!)).map(({ path: at }) => at.at(-1)!);
      for (let i = 1; i < 5; i++) expect(sorted.indexOf(names[targets[i]! % i]!)).toBeLessThan(sorted.indexOf(names[i]!));
    }),
  );
});

test('circles end', () => {
  const circle = ['a', 'b'].map((name, i) => ({ path: name, id: `/x/${name}`, body: { to: `/x/${['b', 'a'][i]!}` } }));
  expect(inOrder(circle)).toHaveLength(2);
});

const json = fc.jsonValue({ maxDepth: 3 }) as fc.Arbitrary<Json>;

test('what is shown as it was asked, and more, does not differ', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.constantFrom('a', 'b', 'c'), json), fc.dictionary(fc.constantFrom('x', 'y'), json), (properties, more) => {
      const shown = JSON.parse(JSON.stringify({ id: '/x', properties: { ...properties, ...more } })) as JsonObject;
      expect(differences({ properties }, shown)).toEqual([]);
    }),
  );
});

test('ids and locations are the same in any casing; values are not', () => {
  expect(differences({ location: 'West Europe' }, { location: 'westeurope' })).toEqual([]);
  expect(
    differences({ properties: { subnet: { id: '/SUBSCRIPTIONS/s' } } }, { properties: { subnet: { id: '/subscriptions/S', more: 1 } } }),
  ).toEqual([]);
  expect(differences({ sku: { name: 'standard' } }, { sku: { name: 'Standard' } })).toMatchObject([
    { name: 'sku.name', before: 'Standard' },
  ]);
  expect(differences({ properties: { a: [{ b: 1 }, { b: 2 }] } }, { properties: { a: [{ b: 1 }, { b: 3 }] } })).toMatchObject([
    { name: 'properties.a[1].b' },
  ]);
  expect(differences({ tags: {} }, { tags: { a: 'b' } })).toMatchObject([{ name: 'tags.a', before: 'b', after: undefined }]);
});

test('what is written for people stays on its line', () => {
  const columns = [
    { title: 'A', of: (row: string) => row },
    { title: 'EMPTY', of: () => undefined },
  ];
  expect(asTable(columns, ['x\u001b[2J\ny', 'long one'])).toBe('A\nx\\u001b[2J\\ny\nlong one\n');
  expect(brief('x'.repeat(200))).toHaveLength(70);
  expect(planSummary([])).toBe('');
});
