import { expect, test } from 'vitest';
import { z } from 'zod';
import { jsonSchema, markedAt, withDefinitionsAtRoot } from './json-schema.ts';

test('definitions from several places stand at the root, under names of their own', () => {
  const any = jsonSchema(z.object({ value: z.json() }));
  const whole = withDefinitionsAtRoot({ type: 'object', properties: { a: any, b: { type: 'array', items: any }, c: { type: 'string' } } });
  const text = JSON.stringify(whole);
  const names = Object.keys(whole['$defs'] as object);
  expect(names).toHaveLength(2);
  for (const [, to] of text.matchAll(/"\$ref":"#\/\$defs\/([^"]*)"/g)) expect(names).toContain(to);
  expect(text.match(/"\$defs"/g)).toHaveLength(1);
  expect(withDefinitionsAtRoot({ type: 'string' })).toEqual({ type: 'string' });
});

test('what stands at a path is marked, in every branch, and nothing else', () => {
  const text = { type: 'string' };
  const schema = {
    anyOf: [
      { type: 'object', properties: { list: { type: 'array', items: { type: 'object', properties: { key: text, other: text } } } } },
      { type: 'object', properties: { list: text } },
    ],
  };
  expect(markedAt(schema, ['list', '[]', 'key'], { writeOnly: true })).toEqual({
    anyOf: [
      {
        type: 'object',
        properties: { list: { type: 'array', items: { type: 'object', properties: { key: { ...text, writeOnly: true }, other: text } } } },
      },
      { type: 'object', properties: { list: text } },
    ],
  });
  const each = { type: 'object', properties: { a: text, b: text } };
  expect(markedAt(each, ['*'], { writeOnly: true })).toEqual({
    type: 'object',
    properties: { a: { ...text, writeOnly: true }, b: { ...text, writeOnly: true } },
  });
});
