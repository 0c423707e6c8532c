import { type Fault, fault } from '#base/fault.ts';
import { quoteIdentifier } from '#replication/schema.ts';

/** `table.column`, as it is written after `--as-text`. */
export function columnTarget(table: string, column: string): string {
  return `${table}.${/^[a-z_][a-z0-9_$]*$/.test(column) ? column : quoteIdentifier(column)}`;
}

/** A value that the source may hold but the column type cannot, such as NaN in a decimal. `what` names the kind of value, never the value. */
export function valueOutOfRange(target: string, what: string): Fault {
  return fault('unsupported', 'ValueOutOfRange', `${target} has ${what}, which its column type cannot hold.`, {
    target,
    remedy: `Change such values at the source and copy the table anew; with isthmus link, copy the column as text: --as-text ${target}`,
  });
}

/** Bytes that are not what the source's protocol says. */
export function corruptStream(target: string, what: string): Fault {
  return fault('corrupt', 'ValueUnreadable', `${target}: ${what}.`, {
    target,
    remedy: 'Check that nothing between here and the source rewrites the stream, and that the source is PostgreSQL 13 to 18.',
  });
}
