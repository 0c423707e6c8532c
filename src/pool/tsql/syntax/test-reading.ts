import { fault, toFault } from '#base/fault.ts';
import { sqlMessageOf } from '../sql-error.ts';
import { parseBatch } from './parse.ts';
import type { Statement } from './statement.ts';

/** The batch's statements without the places of their parts, for tests. */
export function read(sql: string, quotedIdentifier = true): Statement[] {
  return placeless(parseBatch(sql, { quotedIdentifier })) as Statement[];
}

/** A tree without its places. */
export function placeless(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(placeless);
  if (typeof node !== 'object' || node === null) return node;
  const kept = Object.entries(node).filter(([key, value]) => key !== 'at' && key !== 'line' && value !== undefined);
  return Object.fromEntries(kept.map(([key, value]) => [key, placeless(value)]));
}

/** What a batch is refused with. */
export function refusal(sql: string): { number: number; line: number; text: string } {
  try {
    parseBatch(sql, { quotedIdentifier: true });
  } catch (error) {
    const { number, line, text } = sqlMessageOf(toFault(error));
    return { number, line, text };
  }
  throw fault('bug', 'WasRead', 'What should be refused was read.', { remedy: 'See which test asks.' });
}
