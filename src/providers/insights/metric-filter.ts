import { fault, type Fault } from '#base/fault.ts';
import { keyOf } from '#arm/resource-id.ts';

/** Which values of dimensions are asked for, by the dimension's name in lower case. `*`: all, one by one. */
export type DimensionFilter = ReadonlyMap<string, readonly string[]>;

const word = /\s*(?:(and|or)\b|([A-Za-z_]\w*)\s+eq\s+'((?:[^']|'')*)')/iy;
const mostTerms = 100;

/**
 * `$filter` of metrics: `LinkConnectionName eq 'shop' or LinkConnectionName eq 'stock' and EventType eq '*'`. `or` stands between values of one
 * dimension, `and` between dimensions. Fault: `InvalidMetricFilter` (invalid).
 */
export function parseDimensionFilter(text: string | undefined): DimensionFilter | undefined {
  if (text === undefined || text.trim() === '') return undefined;
  const found = new Map<string, string[]>();
  let before: string | undefined;
  let joint: string | undefined;
  word.lastIndex = 0;
  for (let terms = 0; word.lastIndex < text.trimEnd().length; terms += 1) {
    const at = word.lastIndex;
    const [, joins, name, value] = word.exec(text) ?? [];
    if (terms > 2 * mostTerms) throw badFilter('it is too long');
    if (joins !== undefined) {
      if (before === undefined || joint !== undefined) throw badFilter(`'${joins}' was not expected`);
      joint = joins.toLowerCase();
      continue;
    }
    if (name === undefined || value === undefined) throw badFilter(`it cannot be read from character ${at} on`);
    const key = keyOf(name);
    if (before !== undefined && joint === undefined) throw badFilter(`'and' or 'or' is missing before '${name}'`);
    if (joint === 'or' && key !== before) throw badFilter("'or' stands between values of one dimension only");
    if (joint === 'and' && found.has(key)) throw badFilter(`'and' stands between dimensions, and '${name}' is there before`);
    found.set(key, [...(found.get(key) ?? []), value.replaceAll("''", "'")]);
    before = key;
    joint = undefined;
  }
  if (joint !== undefined) throw badFilter('it ends too early');
  return found;
}

/** Whether a value is asked for. Compared without regard to case. */
export function isWanted(values: readonly string[], value: string | undefined): boolean {
  if (value === undefined) return false;
  return values.some((one) => one === '*' || keyOf(one) === keyOf(value));
}

export function badFilter(why: string): Fault {
  return fault('invalid', 'InvalidMetricFilter', `The $filter of metrics cannot be used: ${why}.`, {
    target: '$filter',
    remedy: "Write it like: LinkConnectionName eq 'shop' or LinkConnectionName eq 'stock'. The value '*' is any of them, one by one.",
  });
}
