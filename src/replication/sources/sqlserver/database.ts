import { fault, toFault, type Fault } from '#base/fault.ts';
import { errorNumberOf } from '../error-number.ts';
import type { SqlServerSession } from './session.ts';
import { recoveryForkStatement, serverStatement } from './statements.ts';

/** The server and the database that a session stands in. */
export interface SqlServerDatabase {
  readonly edition: string;
  readonly isAzure: boolean;
  /** `16.0.1000.6` */
  readonly version: string;
  readonly readOnly: boolean;
  readonly name: string;
  /** Whether transactions may see one moment. */
  readonly snapshots: 'off' | 'on' | 'changing';
  readonly capturesChanges: boolean;
  /** Undefined: changes are not tracked. */
  readonly tracking: { readonly cleansUp: boolean; readonly retentionMinutes: number } | undefined;
  /** The user sees masked values as they are. */
  readonly unmasked: boolean;
  readonly identity: DatabaseIdentity;
}

/** Which database this is, and which history of it. */
export interface DatabaseIdentity {
  /** Lasts as long as the database, in its backups too. */
  readonly guid: string;
  /** When this copy of it came to this server. */
  readonly created: string;
  /** Which history: a restore begins another. Undefined: it cannot be seen. */
  readonly fork: string | undefined;
}

const azureEditions: ReadonlySet<number> = new Set([5, 8]);
/** What a server that does not tell its histories answers. */
const untold: ReadonlySet<number> = new Set([208, 229, 297, 300, 371, 40_515]);

export async function readDatabase(session: SqlServerSession): Promise<SqlServerDatabase> {
  const [row] = await session.query(serverStatement);
  if (row === undefined) throw strange();
  const [engine, version, edition, updateability, name, snapshots, cdc, guid, created, cleansUp, retention, unmasked] = row;
  return {
    edition: textOr(edition, 'of unknown edition'),
    isAzure: azureEditions.has(Number(engine)),
    version: textOr(version, '0'),
    readOnly: updateability === 'READ_ONLY',
    name: textOr(name, ''),
    snapshots: snapshots === 0 ? 'off' : snapshots === 1 ? 'on' : 'changing',
    capturesChanges: cdc === true,
    tracking: typeof retention === 'number' ? { cleansUp: cleansUp === true, retentionMinutes: retention } : undefined,
    unmasked: unmasked === 1,
    identity: { guid: textOr(guid, ''), created: textOr(created, ''), fork: await readFork(session) },
  };
}

function textOr(value: unknown, otherwise: string): string {
  return typeof value === 'string' ? value : otherwise;
}

async function readFork(session: SqlServerSession): Promise<string | undefined> {
  try {
    const [row] = await session.query(recoveryForkStatement);
    return typeof row?.[0] === 'string' ? row[0] : undefined;
  } catch (error) {
    const number = errorNumberOf(toFault(error));
    if (number !== undefined && untold.has(number)) return undefined;
    throw error;
  }
}

/** The same database in the same history? Where the server tells no histories, a copy that came later counts as another. */
export function sameDatabase(a: DatabaseIdentity, b: DatabaseIdentity): boolean {
  if (a.guid !== b.guid) return false;
  return a.fork !== undefined && b.fork !== undefined ? a.fork === b.fork : a.created === b.created;
}

/** As a part of a position. */
export function identityText({ guid, created, fork }: DatabaseIdentity): string {
  return [guid, created, fork ?? ''].map((part) => part.replaceAll(/[^A-Za-z0-9:.-]/g, '')).join('~');
}

export function parseIdentity(text: string): DatabaseIdentity | undefined {
  const [guid, created, fork, ...rest] = text.split('~');
  if (guid === undefined || created === undefined || fork === undefined || rest.length > 0) return undefined;
  return { guid, created, fork: fork === '' ? undefined : fork };
}

export function strange(): Fault {
  return fault('corrupt', 'UnexpectedMessage', 'The server answers another question than the one asked.', {
    remedy: 'Check what stands between: something answers in the place of the server.',
  });
}
