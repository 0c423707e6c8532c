import { fault } from '#base/fault.ts';
import { copyAnew } from '#replication/copy-anew.ts';
import { identityOf, makePosition, placeOf } from '#replication/position.ts';
import type { Position } from '#replication/segment.ts';
import { identityText, parseIdentity, sameDatabase, type DatabaseIdentity } from './database.ts';

/**
 * Positions: `mssql/IDENTITY/VERSION` with the version of change tracking in 20 decimal digits; `mssqlcdc/IDENTITY/LSN` with the place in the log
 * in 20 hex digits. Both sort as text.
 */
export type Capture = 'change-tracking' | 'cdc';

const prefixes: Readonly<Record<Capture, string>> = { 'change-tracking': 'mssql', cdc: 'mssqlcdc' };
const versionDigits = 20;

export function versionPosition(identity: DatabaseIdentity, version: bigint): Position {
  return makePosition(`${prefixes['change-tracking']}/${identityText(identity)}`, version.toString().padStart(versionDigits, '0'));
}

export function lsnPosition(identity: DatabaseIdentity, lsn: string): Position {
  return makePosition(`${prefixes.cdc}/${identityText(identity)}`, lsn);
}

export function versionOf(position: Position): bigint {
  return BigInt(placeOf(position));
}

export function lsnOf(position: Position): string {
  return placeOf(position);
}

/** Fault: `lost-history`, where `from` speaks of another database, another history of it, or another way of capturing. */
export function verifyIdentity(from: Position, capture: Capture, now: DatabaseIdentity): void {
  const [prefix, text = ''] = identityOf(from).split('/', 2);
  const then = parseIdentity(text);
  if (prefix !== prefixes[capture])
    throw fault(
      'lost-history',
      'CaptureChanged',
      'The link followed its source in another way: by change tracking, by CDC, or another kind of source.',
      {
        remedy: copyAnew,
      },
    );
  if (then === undefined || !sameDatabase(then, now))
    throw fault(
      'lost-history',
      'OtherDatabase',
      'The database at the source was restored, copied or created anew: it is not the one that was followed.',
      {
        remedy: copyAnew,
      },
    );
}

/** The source is at an older moment than the pool. */
export function olderSource(): ReturnType<typeof fault> {
  return fault(
    'lost-history',
    'SourceOlder',
    'The database at the source was set back to an older moment than the one that was followed to.',
    {
      remedy: copyAnew,
    },
  );
}
