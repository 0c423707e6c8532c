import { fault } from '#base/fault.ts';

/** One condition of a `$filter`: `roleName eq 'Owner'`, `atScope()`, `assignedTo('…')`; names in lower case. */
export type Term =
  | { readonly kind: 'equals'; readonly name: string; readonly value: string }
  | { readonly kind: 'call'; readonly name: string; readonly value: string | undefined };

const term =
  /^(?:(?<member>[a-z]+)\s+eq\s+'(?<equal>(?:[^']|'')*)'|(?<call>[a-z]+)\(\s*(?:'(?<argument>(?:[^']|'')*)')?\s*\))(?:\s+and\s+(?<rest>\S.*))?$/is;

/**
 * The conditions, all of which must hold. `known`: names that the collection understands, in lower case; functions with their brackets.
 * Fault: `InvalidFilter`.
 */
export function parseFilter(filter: string | undefined, known: readonly string[]): readonly Term[] {
  const terms: Term[] = [];
  for (let rest = filter?.trim(); rest;) {
    const { member, equal = '', call, argument, rest: more } = term.exec(rest)?.groups ?? {};
    const name = (member ?? call)?.toLowerCase();
    if (name === undefined || !known.includes(member === undefined ? `${name}()` : name)) throw badFilter(filter!, known);
    if (member !== undefined) terms.push({ kind: 'equals', name, value: equal.replaceAll("''", "'") });
    else terms.push({ kind: 'call', name, value: argument?.replaceAll("''", "'") });
    rest = more?.trim();
  }
  return terms;
}

function badFilter(filter: string, known: readonly string[]): Error {
  return fault('invalid', 'InvalidFilter', `The filter '${filter.slice(0, 200)}' is not understood here.`, {
    target: '$filter',
    remedy: `Join conditions with 'and'. There are: ${known.map((name) => (name.endsWith(')') ? name : `${name} eq '…'`)).join(', ')}.`,
  });
}
