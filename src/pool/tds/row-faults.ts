import { fault, type Fault } from '#base/fault.ts';
import { sqlError } from '../tsql/sql-error.ts';
import { tsqlTypeText, type TsqlType } from '../tsql/tsql-type.ts';

/** A row holds what the column's type has no value for: the statement ends with it. `what` says no value. */
export function notHeld(type: TsqlType, what: string): Fault {
  return sqlError(8115, `Arithmetic overflow error converting expression to data type ${tsqlTypeText(type)}: a row holds ${what}.`, {
    state: 2,
    remedy: 'Leave such rows out, or cast the column to another type.',
  });
}

export function tooLong(type: TsqlType): Fault {
  return sqlError(8152, `String or binary data would be truncated: a row holds a value that is longer than ${tsqlTypeText(type)}.`, {
    state: 10,
    remedy: 'Cast the column to a longer type, or to one of (max).',
  });
}

export function notTold(type: TsqlType, stored: string): Fault {
  return fault('bug', 'ColumnNotOfType', `A column was told as ${tsqlTypeText(type)}, and lies as ${stored}.`, {
    remedy: 'Report it with the statement that it came of; a CAST of the column avoids it.',
  });
}
