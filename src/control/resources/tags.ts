import { fault, type Fault } from '#base/fault.ts';
import type { Json } from '#arm/resource.ts';
import { clip } from './places.ts';
import { isObject } from './json.ts';

/** Rule: https://learn.microsoft.com/azure/azure-resource-manager/management/tag-resources#limitations */
const limits = { count: 50, name: 512, value: 256 };
const forbidden = /[<>%&\\?/\p{Cc}]/u;

/**
 * Tags as sent. Names are compared without regard to case. Faults (invalid): `InvalidTags`, `InvalidTagCount`, `InvalidTagName`,
 * `InvalidTagNameLength`, `InvalidTagValue`, `InvalidTagValueLength`.
 */
export function readTags(given: Json | undefined): Readonly<Record<string, string>> {
  if (given === undefined) return {};
  if (!isObject(given)) throw wrong('InvalidTags', 'Tags must be an object of texts.', 'Write tags as {"name": "value"}.');
  const names = Object.keys(given);
  if (names.length > limits.count) {
    throw wrong('InvalidTagCount', `There are ${names.length} tags.`, `A resource has at most ${limits.count} tags.`);
  }
  const seen = new Set<string>();
  const tags: Record<string, string> = {};
  for (const name of names) {
    checkTagName(name, seen);
    tags[name] = checkTagValue(name, given[name]!);
  }
  return tags;
}

function checkTagName(name: string, seen: Set<string>): void {
  const key = name.toLowerCase();
  if (name.length === 0 || name.length > limits.name) {
    throw wrong(
      'InvalidTagNameLength',
      `The tag name '${clip(name, 60)}' has ${name.length} characters.`,
      `A tag name has 1 to ${limits.name}.`,
    );
  }
  if (forbidden.test(name)) {
    throw wrong(
      'InvalidTagName',
      `The tag name '${clip(name, 60)}' has a character that is not allowed.`,
      'Leave out <, >, %, &, \\, ?, / and control characters.',
    );
  }
  if (seen.has(key)) {
    throw wrong('InvalidTagName', `The tag '${clip(name, 60)}' is given twice.`, 'Tag names that differ in case only are the same.');
  }
  seen.add(key);
}

function checkTagValue(name: string, value: Json): string {
  if (typeof value !== 'string') {
    throw wrong('InvalidTagValue', `The value of the tag '${clip(name, 60)}' is not a text.`, 'Put it in quotes.');
  }
  if (value.length <= limits.value) return value;
  throw wrong(
    'InvalidTagValueLength',
    `The value of the tag '${clip(name, 60)}' has ${value.length} characters.`,
    `A tag's value has at most ${limits.value}.`,
  );
}

function wrong(code: string, message: string, remedy: string): Fault {
  return fault('invalid', code, message, { target: 'tags', remedy });
}
