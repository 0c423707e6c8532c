import { expect, test } from 'vitest';
import { Fault } from '#base/fault.ts';
import type { Json, JsonObject } from '#arm/resource.ts';
import { planned, subscription } from './sample-place.contract.ts';

/** What an expression results in, as an output of a template that has parameters and variables of all types. */
function value(expression: string): Json {
  const plan = planned({
    parameters: {
      text: { type: 'string', defaultValue: 'shop' },
      list: { type: 'array', defaultValue: [3, 1, 2] },
      map: { type: 'object', defaultValue: { b: 2, A: 1, nested: { deep: [10, 20] } } },
      now: { type: 'string', defaultValue: "[utcNow('yyyy-MM-dd HH:mm')]" },
      stamp: { type: 'string', defaultValue: '[utcNow()]' },
      fresh: { type: 'string', defaultValue: '[newGuid()]' },
    },
    variables: { v: "[concat(parameters('text'), '1')]", nothing: { is: '[null()]' } },
    functions: [
      {
        namespace: 'own',
        members: { twice: { parameters: [{ name: 'x', type: 'int' }], output: { type: 'int', value: "[mul(parameters('x'), 2)]" } } },
      },
    ],
    outputs: { it: { type: 'array', value: [expression] } },
  });
  const outputs = plan.outputs((id) => ({ id, location: 'here', properties: { address: '10.0.0.4' } })) as Readonly<
    Record<string, { readonly value: readonly Json[] }>
  >;
  return outputs['it']!.value[0]!;
}

const group = `/subscriptions/${subscription}/resourceGroups/shop`;

const table: readonly (readonly [string, Json])[] = [
  // Texts.
  ["[concat('a', 1, true())]", 'a1True'],
  ["[concat(createArray(1), parameters('list'))]", [1, 3, 1, 2]],
  ["[format('{0}-{1:D3}|{2,4}|{2,-3}|{{}}', 'a', 7, 'b')]", 'a-007|   b|b  |{}'],
  ["[format('{0:X2} {0:x} {1:N0} {1:F1} {0:000}', 10, 12345)]", '0A a 12,345 12345.0 010'],
  ['[string(true())]', 'True'],
  ["[string(parameters('list'))]", '[3,1,2]'],
  ["[string(createObject('a', 1))]", '{"a":1}'],
  ["[toLower('AbC')]", 'abc'],
  ["[toUpper('AbC')]", 'ABC'],
  ["[trim('  a ')]", 'a'],
  ["[substring('abcdef', 1, 3)]", 'bcd'],
  ["[substring('abcdef', 4)]", 'ef'],
  ["[startsWith('abc', 'A')]", true],
  ["[endsWith('abc', 'BC')]", true],
  ["[replace('a-b-c', '-', '+')]", 'a+b+c'],
  ["[split('a,b;c', ',')]", ['a', 'b;c']],
  ["[split('a,b;c', createArray(',', ';'))]", ['a', 'b', 'c']],
  ["[join(createArray('a', 'b', 3), '-')]", 'a-b-3'],
  ["[padLeft('7', 3, '0')]", '007'],
  ['[padLeft(7, 3)]', '  7'],
  ["[indexOf('abcABC', 'CA')]", 2],
  ["[lastIndexOf('abcabc', 'B')]", 4],
  ["[indexOf(parameters('list'), 2)]", 2],
  ["['it''s']", "it's"],
  ["[base64('one')]", 'b25l'],
  ["[base64ToString('b25l')]", 'one'],
  ['[base64ToJson(base64(\'{"a":1}\'))]', { a: 1 }],
  ['[json(\'{"a": [1, null]}\')]', { a: [1, null] }],
  ["[uri('http://a.org/b/', 'c.sh')]", 'http://a.org/b/c.sh'],
  ["[uriComponent('a b/ü')]", 'a%20b%2F%C3%BC'],
  ["[uriComponentToString('a%20b%2F%C3%BC+%')]", 'a b/ü+%'],
  ["[dataUri('Hello')]", 'data:text/plain;charset=utf8;base64,SGVsbG8='],
  ["[dataUriToString('data:;base64,SGVsbG8sIFdvcmxkIQ==')]", 'Hello, World!'],
  // Published results of Azure.
  ["[uniqueString('tyeth')]", 'zcztcwvu6iyg6'],
  ["[uniqueString('hello', 'world')]", 'a7wkljktk6wne'],
  // Collections.
  ["[array('a')]", ['a']],
  ["[array(parameters('list'))]", [3, 1, 2]],
  ['[createArray()]', []],
  ["[createObject('a', 1, 'b', createArray(2))]", { a: 1, b: [2] }],
  ["[contains(parameters('map'), 'NESTED')]", true],
  ["[contains(parameters('list'), 2)]", true],
  ["[contains(parameters('list'), '2')]", false],
  ["[contains('abc', 'b')]", true],
  ["[empty('')]", true],
  ['[empty(createObject())]', true],
  ["[empty(parameters('list'))]", false],
  ['[empty(null())]', true],
  ["[first(parameters('list'))]", 3],
  ["[last('abc')]", 'c'],
  ["[first('')]", ''],
  ["[length(parameters('map'))]", 3],
  ["[length('abc')]", 3],
  ["[skip(parameters('list'), 1)]", [1, 2]],
  ["[take('abc', 2)]", 'ab'],
  ['[union(createArray(1, 2), createArray(2, 3))]', [1, 2, 3]],
  ["[union(createObject('a', createObject('x', 1)), createObject('a', createObject('y', 2)))]", { a: { x: 1, y: 2 } }],
  ['[intersection(createArray(1, 2, 3), createArray(3, 2))]', [2, 3]],
  ["[intersection(createObject('a', 1, 'b', 2), createObject('b', 2, 'a', 3))]", { b: 2 }],
  [
    "[items(createObject('b', 2, 'A', 1))]",
    [
      { key: 'A', value: 1 },
      { key: 'b', value: 2 },
    ],
  ],
  ["[min(parameters('list'))]", 1],
  ['[max(4, 9, 2)]', 9],
  ['[range(5, 3)]', [5, 6, 7]],
  ["[tryGet(parameters('map'), 'nested', 'deep', 1)]", 20],
  ["[tryGet(parameters('map'), 'none')]", null],
  ["[parameters('map').nested.deep[0]]", 10],
  ["[parameters('MAP')['a']]", 1],
  // Logic and numbers.
  ["[if(equals(1, 1), 'yes', parameters('list')[99])]", 'yes'],
  ["[if(false(), parameters('list')[99], 'no')]", 'no'],
  ["[and(true(), false(), bool('x'))]", false],
  ["[or(true(), bool('x'))]", true],
  ['[not(false())]', true],
  ["[coalesce(null(), variables('nothing').is, 'c')]", 'c'],
  ["[equals(createObject('a', 1), createObject('a', 1))]", true],
  ["[equals('a', 'A')]", false],
  ['[less(1, 2)]', true],
  ["[lessOrEquals('b', 'a')]", false],
  ['[greater(2, 1)]', true],
  ['[greaterOrEquals(1, 2)]', false],
  ["[bool('True')]", true],
  ['[bool(0)]', false],
  ["[int('-12')]", -12],
  ["[float('1.5')]", 1.5],
  ['[add(1, 2)]', 3],
  ['[sub(1, 2)]', -1],
  ['[mul(3, -2)]', -6],
  ['[div(-7, 2)]', -3],
  ['[mod(-7, 3)]', -1],
  ['[own.twice(4)]', 8],
  // Times.
  ["[parameters('now')]", '2026-11-22 05:06'],
  ["[parameters('stamp')]", '20261122T050607Z'],
  ["[parameters('fresh')]", 'guid of parameters.fresh.defaultValue'],
  ["[dateTimeAdd('2026-01-31T00:00:00Z', 'P1DT2H')]", '2026-02-01T02:00:00Z'],
  ["[dateTimeAdd('20260131T000000Z', '-PT30M', 'yyyy/MM/dd HH.mm')]", '2026/01/30 23.30'],
  ["[dateTimeToEpoch('1970-01-02T00:00:00Z')]", 86_400],
  ['[dateTimeFromEpoch(86400)]', '1970-01-02T00:00:00Z'],
  // The deployment and its place.
  ["[variables('V')]", 'shop1'],
  ['[resourceGroup().location]', 'westeurope'],
  ['[subscription().subscriptionId]', subscription],
  ['[tenant().tenantId]', 'tenant'],
  ['[deployment().name]', 'sample'],
  ['[environment().name]', 'Isthmus'],
  ["[resourceId('Microsoft.X/a/b', 'n', 'm')]", `${group}/providers/Microsoft.X/a/n/b/m`],
  ["[resourceId('other', 'Microsoft.X/a', 'n')]", `/subscriptions/${subscription}/resourceGroups/other/providers/Microsoft.X/a/n`],
  ["[resourceId('s2', 'other', 'Microsoft.X/a', 'n')]", '/subscriptions/s2/resourceGroups/other/providers/Microsoft.X/a/n'],
  ["[subscriptionResourceId('Microsoft.X/a', 'n')]", `/subscriptions/${subscription}/providers/Microsoft.X/a/n`],
  ["[subscriptionResourceId('Microsoft.Resources/resourceGroups', 'g')]", `/subscriptions/${subscription}/resourceGroups/g`],
  ["[tenantResourceId('Microsoft.X/a', 'n')]", '/providers/Microsoft.X/a/n'],
  ["[extensionResourceId('/subscriptions/s', 'Microsoft.X/a', 'n')]", '/subscriptions/s/providers/Microsoft.X/a/n'],
  ["[reference(resourceId('Microsoft.X/a', 'n')).address]", '10.0.0.4'],
  ["[reference(resourceId('Microsoft.X/a', 'n'), '2020-01-01', 'Full').location]", 'here'],
  // What is no expression.
  ['[[literal]', '[literal]'],
  ['[half', '[half'],
  ['plain', 'plain'],
];

test.each(table)('%s', (expression, expected) => {
  expect(value(expression)).toEqual(expected);
});

test('guid() is a UUID of version 5, the same for the same texts', () => {
  expect(value("[guid('a', 'b')]")).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(value("[guid('a', 'b')]")).toBe(value("[guid('a-b')]"));
});

const refusals: readonly (readonly [string, string, string])[] = [
  ["[nope('a')]", 'InvalidTemplate', "'nope' is not valid"],
  ["[concat('a']", 'InvalidTemplate', 'column'],
  ['[]', 'InvalidTemplate', 'too early'],
  ["[concat('a') 'b']", 'InvalidTemplate', 'column'],
  ["[toLower('a', 'b')]", 'InvalidTemplate', 'takes 1 arguments'],
  ["[listKeys('x', '2020-01-01')]", 'TemplateFeatureNotSupported', 'listKeys'],
  ["[pickZones('a', 'b', 'c')]", 'TemplateFeatureNotSupported', 'pickZones'],
  ["[parameters('none')]", 'InvalidTemplate', "'none' is not found"],
  ["[variables('none')]", 'InvalidTemplate', "'none' is not found"],
  ["[parameters('map').none]", 'InvalidTemplate', "'none' does not exist"],
  ["[parameters('list')[9]]", 'InvalidTemplate', 'index 9'],
  ['[newGuid()]', 'InvalidTemplate', 'default values'],
  ['[utcNow()]', 'InvalidTemplate', 'default values'],
  ['[copyIndex()]', 'InvalidTemplate', 'copy loop'],
  ['[div(1, 0)]', 'InvalidTemplate', 'other than 0'],
  ["[int('x')]", 'InvalidTemplate', 'whole number'],
  ["[json('{')]", 'InvalidTemplate', 'JSON'],
  ["[substring('abc', 2, 9)]", 'InvalidTemplate', 'within'],
  ["[resourceId('Microsoft.X/a/b', 'n')]", 'InvalidTemplate', 'needs 2 names'],
  ["[resourceId('nothing', 'n')]", 'InvalidTemplate', 'type of resource'],
  ['[mul(9007199254740991, 2)]', 'InvalidTemplate', 'too large'],
  ["[padLeft('a', 99999999)]", 'InvalidTemplate', 'at most'],
  ['[range(0, 99999)]', 'InvalidTemplate', 'between'],
  ['[other.twice(1)]', 'InvalidTemplate', 'not defined'],
  ['[own.twice()]', 'InvalidTemplate', 'takes 1 arguments'],
  [`[${'not('.repeat(100)}true()${')'.repeat(100)}]`, 'InvalidTemplate', 'deeper'],
];

test.each(refusals)('refuses %s', (expression, code, text) => {
  const trouble = thrownBy(() => value(expression));
  expect(trouble.code).toBe(code);
  expect(trouble.message).toContain(text);
  expect(trouble.remedy).toBeDefined();
});

test('values that share parts do not grow without limit', () => {
  const variables: Record<string, Json> = { v0: 'abcdefghij' };
  for (let i = 1; i < 60; i += 1) variables[`v${i}`] = `[createArray(variables('v${i - 1}'), variables('v${i - 1}'))]`;
  expect(thrownBy(() => planned({ variables })).message).toMatch(/too many steps|deeper/);
  const texts: JsonObject = {
    a: 'x'.repeat(1000),
    b: `[concat(${Array.from({ length: 200 }, () => "variables('a')").join(', ')})]`,
    c: `[concat(${Array.from({ length: 200 }, () => "variables('b')").join(', ')})]`,
  };
  expect(thrownBy(() => planned({ variables: texts })).message).toMatch(/longer than|too many steps/);
});

function thrownBy(work: () => unknown): Fault {
  try {
    work();
  } catch (error) {
    if (error instanceof Fault) return error;
    throw error;
  }
  return expect.fail('nothing was refused');
}
