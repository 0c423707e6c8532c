import { Fault, type FaultKind, fault } from '#base/fault.ts';

interface Known {
  readonly pattern: RegExp;
  readonly kind: FaultKind;
  readonly code: string;
  readonly message: string;
  readonly remedy: string;
}

const outOfSpace = /no space left|disk quota|file too large|ENOSPC|EDQUOT|EFBIG|max_temp_directory_size/i;

/** What DuckDB says, in the order in which it is looked for. Its own texts may hold values of rows, so only the listed ones are passed on. */
const known: readonly Known[] = [
  {
    pattern: outOfSpace,
    kind: 'unreachable',
    code: 'PoolFull',
    message: 'The pool has no room left to write.',
    remedy: 'Free space on the disk of the pool file, or move the file to a larger one. The link goes on by itself; nothing was lost.',
  },
  {
    pattern: /^Out of Memory Error|std::bad_alloc/i,
    kind: 'unreachable',
    code: 'PoolOutOfMemory',
    message: 'The pool needed more memory than its limit allows.',
    remedy: "Raise the pool's memory limit, or run fewer and smaller queries beside the link. The transaction is tried again.",
  },
  {
    pattern: /Could not set lock on file|being used by another process/i,
    kind: 'conflict',
    code: 'PoolInUse',
    message: 'Another process holds the pool file.',
    remedy: 'Stop the other process, or query through the running link with `isthmus sql`.',
  },
  {
    pattern: /version number \d+, but we can only read|created with (a )?newer (storage )?version|storage version/i,
    kind: 'conflict',
    code: 'PoolNewer',
    message: 'The pool file was written by a newer version.',
    remedy: 'Upgrade Isthmus to at least the version that wrote the file.',
  },
  {
    pattern: /Permission denied|Read-only file system|EACCES|EROFS/i,
    kind: 'denied',
    code: 'PoolNotWritable',
    message: 'The pool file may not be opened.',
    remedy: 'Give this user read and write rights on the pool file and its folder.',
  },
  {
    pattern: /Is a directory/i,
    kind: 'invalid',
    code: 'PoolIsFolder',
    message: 'The path of the pool is a folder.',
    remedy: 'Give the path of a file; it is made if it does not exist.',
  },
  {
    pattern: /No such file or directory|database does not exist/i,
    kind: 'missing',
    code: 'PoolMissing',
    message: 'The pool file, or the folder for it, does not exist.',
    remedy: 'Create the folder, or correct the path.',
  },
  {
    pattern:
      /not a valid DuckDB database|checksum|corrupt|replaying WAL|Serialization Error|read enough bytes|Could not read|truncated|Failed to deserialize/i,
    kind: 'corrupt',
    code: 'PoolCorrupt',
    message: 'The pool file is damaged or is not a pool.',
    remedy: 'Check the disk, move the file away and start the link anew: the tables are copied again.',
  },
  {
    pattern: /^Transaction(?:Context)? Error: .*(?:conflict|another transaction has altered)|write-write conflict/i,
    kind: 'unreachable',
    code: 'PoolBusy',
    message: 'Another transaction of the pool is changing the same table, or one of the same name.',
    remedy: 'It is tried again. If it stays, end the SQL session whose transaction is open.',
  },
  { pattern: /^INTERRUPT|Interrupted/i, kind: 'cancelled', code: 'Canceled', message: 'The work was cancelled.', remedy: 'Run it again.' },
];

const quotable =
  /^(Binder|Catalog|Parser|TransactionContext|Transaction|Internal|IO|FATAL|Not implemented|Dependency|Permission|Syntax) Error/i;

/** An error of DuckDB as a fault that quotes no values. */
export function poolFault(error: unknown, target?: string): Fault {
  if (error instanceof Fault) return error;
  const text = error instanceof Error ? error.message : String(error);
  for (const row of known) {
    if (!row.pattern.test(text)) continue;
    const holder = row.code === 'PoolInUse' ? /PID (\d+)/.exec(text)?.[1] : undefined;
    return fault(row.kind, row.code, holder ? `Process ${holder} holds the pool file.` : row.message, {
      remedy: row.remedy,
      target,
    });
  }
  const firstLine = text.split('\n', 1)[0]!;
  const shown = quotable.test(firstLine) ? firstLine : firstLine.slice(0, firstLine.indexOf(':') + 1 || 40);
  return fault('bug', 'PoolFailed', `The pool refused a statement: ${shown}`, { target });
}

/** True where DuckDB gives up the whole instance: it must be closed and opened again. */
export function isFatal(error: unknown): boolean {
  const text = error instanceof Error ? error.message : String(error);
  return /^FATAL Error|database has been invalidated|^INTERNAL Error/i.test(text);
}
