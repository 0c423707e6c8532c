import { Fault, toFault } from '#base/fault.ts';
import { poolFault } from '../../engines/duckdb/faults.ts';
import type { SqlMessage } from '../session.ts';
import { sqlError, sqlMessageOf } from '../sql-error.ts';
import { sqlErrorOfEngine } from '../translate/engine-errors.ts';

type Reading = readonly [RegExp, (found: RegExpExecArray) => readonly [number, string]];

const conflict = 'Another transaction changed the same rows or table since this one began. Run the transaction again.';

/** What DuckDB says of constraints, transactions and conversions, and SQL Server's number and words for it. Values are not repeated. */
const readings: readonly Reading[] = [
  [
    /^Constraint Error: NOT NULL constraint failed: (.+)\.([^.]+)$/m,
    (found) => [
      515,
      `Cannot insert the value NULL into column '${found[2]}', table '${found[1]}'; column does not allow nulls. The statement fails.`,
    ],
  ],
  [
    /^Constraint Error: Duplicate key .* violates primary key/m,
    () => [2627, 'Violation of PRIMARY KEY constraint. Cannot insert duplicate key. The statement has been terminated.'],
  ],
  [
    /^Constraint Error: (?:Duplicate key|PRIMARY KEY or UNIQUE)/m,
    () => [2627, 'Violation of UNIQUE KEY constraint. Cannot insert duplicate key. The statement has been terminated.'],
  ],
  [
    /^Constraint Error: CHECK constraint failed on table (\S+)/m,
    (found) => [547, `The statement conflicted with a CHECK constraint of table "${found[1]}". The statement has been terminated.`],
  ],
  [
    /^Constraint Error: .*foreign key/im,
    () => [547, 'The statement conflicted with a FOREIGN KEY constraint. The statement has been terminated.'],
  ],
  [
    /Catalog write-write conflict/i,
    () => [3961, `Snapshot isolation transaction failed: an object is being changed by DDL of another transaction. ${conflict}`],
  ],
  [
    /^TransactionContext Error: .*(?:another transaction has altered|altered by another|dropped by another)/im,
    () => [3961, `Snapshot isolation transaction failed: a table was changed by DDL of another transaction. ${conflict}`],
  ],
  [
    /^Transaction(?:Context)? Error: .*[Cc]onflict/m,
    () => [3960, `Snapshot isolation transaction aborted due to update conflict. ${conflict}`],
  ],
  [
    /Current transaction is aborted/i,
    () => [
      111_233,
      '111233;The current transaction has aborted, and any pending changes have been rolled back. Execute a ROLLBACK statement to go on.',
    ],
  ],
  [/transaction is launched in read-only mode/i, () => [3906, 'Failed to update the database because this session may only read it.']],
  [
    /^Conversion Error: .*(?:date|timestamp|time field)/im,
    () => [241, 'Conversion failed when converting date and/or time from character string.'],
  ],
  [
    /^Conversion Error: Could not convert string .* to (?:UUID|INT128)/m,
    () => [8169, 'Conversion failed when converting from a character string to uniqueidentifier.'],
  ],
  [/^Conversion Error: Could not convert string .* to DECIMAL/m, () => [8114, 'Error converting data type varchar to numeric.']],
  [/^Conversion Error: Could not convert string .* to (?:FLOAT|DOUBLE)/m, () => [8114, 'Error converting data type varchar to float.']],
  [
    /^Conversion Error: Could not convert string .* to U?INT/m,
    () => [245, 'Conversion failed when converting the varchar value to data type int.'],
  ],
  [/^Out of Range Error: cannot take/m, () => [3623, 'An invalid floating point operation occurred.']],
  [/^Out of Range Error/m, () => [8115, 'Arithmetic overflow error converting expression.']],
  [/^Conversion Error/m, () => [8114, 'Error converting data type.']],
];

/** Whatever stopped a statement, as a fault with SQL Server's message in it. What is cancelled, and what the session cannot go on after, stays what it is. */
export function statementFault(error: unknown): Fault {
  if (error instanceof Fault) return error;
  const read = sqlErrorOfEngine(error) ?? ownReading(error);
  if (read) return sqlError(read.number, read.text, { severity: read.severity, state: read.state });
  const known = poolFault(error);
  if (known.code === 'PoolOutOfMemory')
    return sqlError(
      701,
      'There is insufficient memory to run this statement. Ask for less at a time, or raise the memory limit of the pool.',
      {
        severity: 17,
        kind: 'throttled',
      },
    );
  if (known.kind !== 'bug') return known;
  // The engine refused what it was told: a gap of the translation, which must not pass for an answer.
  return sqlError(8624, `Internal Query Processor Error: the engine refused the statement as it was translated. ${known.message}`, {
    kind: 'bug',
  });
}

function ownReading(error: unknown): SqlMessage | undefined {
  if (!(error instanceof Error)) return undefined;
  for (const [pattern, read] of readings) {
    const found = pattern.exec(error.message);
    if (!found) continue;
    const [number, text] = read(found);
    return { number, severity: 16, state: 1, text, line: 1 };
  }
  return undefined;
}

/** Errors after which the rest of the batch does not run, as SQL Server has it: names that are not found, conversions, conflicts. */
const endBatch: ReadonlySet<number> = new Set([
  102, 105, 111, 113, 137, 156, 207, 208, 209, 230, 235, 241, 242, 244, 245, 248, 257, 206, 295, 296, 402, 529, 701, 1205, 3930, 3960, 3961,
  4104, 4121, 8114, 8169, 8624,
]);
/** Errors of names, which a statement's own TRY does not catch: SQL Server finds them when it compiles, outside of it. */
const ofCompiling: ReadonlySet<number> = new Set([102, 137, 156, 195, 207, 208, 209, 4104, 4121, 40_510]);

export function endsBatch({ number, severity }: SqlMessage): boolean {
  return severity >= 17 || endBatch.has(number);
}

export function isOfCompiling({ number }: SqlMessage): boolean {
  return ofCompiling.has(number);
}

/** The message of what a statement ended with; its line is the statement's where it says none of its own. */
export function messageOf(error: unknown, line: number, procedure: string | undefined): SqlMessage {
  const message = sqlMessageOf(toFault(error));
  return { ...message, line: Math.max(message.line, line), procedure: message.procedure ?? procedure };
}
