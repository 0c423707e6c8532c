import type { Condition, Expression, Place, Query, SelectItem } from '../syntax/ast.ts';
import type { PlannedStatement } from '../query/statement.ts';

/** `SELECT item, …`, as if it had been written there. */
export function selecting(items: readonly SelectItem[], place: Place): PlannedStatement {
  const { at, line } = place;
  const query: Query = {
    at,
    line,
    with: [],
    body: {
      at,
      line,
      kind: 'select',
      distinct: false,
      top: undefined,
      items,
      into: undefined,
      from: [],
      where: undefined,
      group: undefined,
      having: undefined,
      windows: [],
    },
    order: [],
    offset: undefined,
    fetch: undefined,
    for: undefined,
    options: [],
  };
  return { at, line, kind: 'query', query };
}

export function itemOf(value: Expression): SelectItem {
  return { at: value.at, line: value.line, kind: 'expression', value, alias: undefined };
}

/** 1 where the condition is true, 0 where it is false or unknown. */
export function truthOf(condition: Condition): Expression {
  const { at, line } = condition;
  const digit = (text: string): Expression => ({ at, line, kind: 'integer', text });
  // oxlint-disable-next-line unicorn/no-thenable -- a part of the tree, nothing to wait for
  const branches = [{ when: condition, then: digit('1') }];
  return { at, line, kind: 'case', operand: undefined, branches, otherwise: digit('0') };
}

/** Does anything in it look into a table? */
export function readsTables(node: unknown): boolean {
  if (Array.isArray(node)) return node.some(readsTables);
  if (typeof node !== 'object' || node === null) return false;
  if ('from' in node && Array.isArray(node.from) && node.from.length > 0) return true;
  if ('kind' in node && node.kind === 'call' && 'name' in node && isOfObjects(node.name)) return true;
  return Object.values(node).some(readsTables);
}

/** Functions that are answered from the catalogue. */
function isOfObjects(name: unknown): boolean {
  if (typeof name !== 'object' || name === null || !('parts' in name) || !Array.isArray(name.parts)) return false;
  return /^(?:object|col|index|schema|type|columnproperty|has_perms|stats)/i.test(String(name.parts.at(-1)));
}
