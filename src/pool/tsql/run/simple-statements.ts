import { setTimeout as pause } from 'node:timers/promises';
import { notSupported, sqlError } from '../sql-error.ts';
import type { SqlMessage, SqlValue } from '../session.ts';
import type { Statement } from '../syntax/statement.ts';
import type { Place } from '../syntax/ast.ts';
import { typeOfName } from '../translate/type-name.ts';
import { assign, evaluate } from './evaluate.ts';
import type { Flow, Frame } from './frame.ts';
import { next } from './frame.ts';
import { formatMessage } from './message-format.ts';
import type { SessionCore } from './session-core.ts';
import { withOption } from './set-options.ts';

type Of<K extends Statement['kind']> = Extract<Statement, { readonly kind: K }>;

/** What PRINT and RAISERROR say at most. */
const mostCharacters = 8000;

export async function declare(statement: Of<'declare'>, core: SessionCore, frame: Frame): Promise<void> {
  for (const { name, type, value } of statement.variables) {
    const key = name.toLowerCase();
    // A loop comes by its declarations again: the value stays.
    const known = frame.variables.get(key);
    if (!known) frame.variables.set(key, { name, type: typeOfName(type), value: null });
    if (value) await assign({ name, operator: '=', place: statement }, value, core, frame);
  }
}

export async function runSimple(
  statement: Of<'print' | 'set-option' | 'use' | 'begin-transaction' | 'commit' | 'rollback' | 'save-transaction'>,
  core: SessionCore,
  frame: Frame,
): Promise<void> {
  const { transaction } = core;
  switch (statement.kind) {
    case 'print':
      await print(statement, core, frame);
      break;
    case 'set-option':
      await setOption(statement, core, frame);
      break;
    case 'use':
      use(statement.database, core, frame, statement);
      break;
    case 'begin-transaction':
      transaction.begin(nameOf(statement.name, frame), frame.sink);
      break;
    case 'commit':
      await transaction.commit(frame.sink, { place: statement });
      break;
    case 'rollback':
      await transaction.rollback(nameOf(statement.name, frame), frame.sink, { place: statement });
      break;
    case 'save-transaction':
      throw noSavepoints(statement);
    default:
      return statement satisfies never;
  }
  core.error = 0;
  core.rowCount = 0n;
}

export function noSavepoints(place: Pick<Place, 'line'>): Error {
  return notSupported('SAVE TRANSACTION', place, 'The engine has no savepoints: a transaction is kept or rolled back as a whole.');
}

/** A transaction's name may be in a variable. */
function nameOf(name: string | undefined, frame: Frame): string {
  if (name?.startsWith('@') !== true) return name ?? '';
  const value = frame.variables.get(name.toLowerCase())?.value;
  return typeof value === 'string' ? value : '';
}

async function print(statement: Of<'print'>, core: SessionCore, frame: Frame): Promise<void> {
  const { value } = await evaluate(statement.value, core, frame);
  const text = textOf(value).slice(0, mostCharacters);
  frame.sink.message({ number: 0, severity: 0, state: 1, text, line: statement.line, procedure: frame.procedure });
}

function textOf(value: SqlValue): string {
  if (value === null) return ' ';
  if (typeof value === 'boolean') return value ? '1' : '0';
  return value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : String(value);
}

async function setOption(statement: Of<'set-option'>, core: SessionCore, frame: Frame): Promise<void> {
  const { value } = statement;
  const given = typeof value === 'string' ? value : await evaluate(value, core, frame).then((worth) => worth.value);
  for (const name of statement.names) {
    if (name === 'CONTEXT_INFO') {
      if (!(given instanceof Uint8Array) || given.length > 128)
        throw sqlError(2755, 'SET CONTEXT_INFO option requires varbinary (128) NOT NULL parameter.', { place: statement });
      core.options = { ...core.options, contextInfo: given };
      continue;
    }
    if (name === 'IDENTITY_INSERT' && 'table' in statement && statement.table !== undefined) {
      setIdentityInsert(statement.table as { readonly parts: readonly string[] }, given === 'ON', core);
      continue;
    }
    core.options = withOption(core.options, name, textOf(given), statement);
  }
}

function setIdentityInsert(table: { readonly parts: readonly string[] }, on: boolean, core: SessionCore): void {
  const name = table.parts.at(-1) ?? '';
  const identityInsert = { schema: name.startsWith('#') ? '' : table.parts.at(-2) || 'dbo', name };
  core.options = { ...core.options, identityInsert: on ? identityInsert : undefined };
}

function use(database: string, core: SessionCore, frame: Frame, place: Pick<Place, 'line'>): void {
  const own = core.pool.options.database;
  const wanted = [own, 'master', 'tempdb'].find((name) => name.toLowerCase() === database.toLowerCase());
  if (wanted === undefined || wanted === 'tempdb')
    throw sqlError(
      911,
      `Database '${database}' does not exist. Make sure that the name is entered correctly. The pool's database is '${own}'.`,
      {
        place,
        kind: 'missing',
      },
    );
  const changed = core.database !== wanted;
  core.database = wanted;
  if (changed) frame.sink.changed({ kind: 'database', now: wanted });
  frame.sink.message({ number: 5701, severity: 0, state: 1, text: `Changed database context to '${wanted}'.`, line: place.line });
}

/** A message with no number of its own says 50000. Severity above 10 is an error; 20 and more would end the session, and is refused. */
export async function raise(statement: Of<'raiserror'>, core: SessionCore, frame: Frame): Promise<void> {
  const message = (await evaluate(statement.message, core, frame)).value;
  const severity = Number((await evaluate(statement.severity, core, frame)).value ?? 0);
  const state = Number((await evaluate(statement.state, core, frame)).value ?? 1);
  if (severity > 18)
    throw sqlError(
      2754,
      'Error severity levels greater than 18 can only be specified by members of the sysadmin role, using the WITH LOG option.',
      {
        place: statement,
      },
    );
  if (typeof message === 'bigint')
    throw sqlError(
      18_054,
      `Error ${message}, severity ${severity}, state ${state} was raised, but no message with that error number was found.`,
      {
        place: statement,
      },
    );
  const values: SqlValue[] = [];
  for (const argument of statement.arguments) values.push((await evaluate(argument, core, frame)).value);
  const text = formatMessage(textOf(message), values);
  const shownState = state < 0 ? 1 : Math.min(state, 255);
  if (severity > 10) throw sqlError(50_000, text, { severity, state: shownState, place: statement, procedure: frame.procedure });
  frame.sink.message({ number: 50_000, severity: 0, state: shownState, text, line: statement.line, procedure: frame.procedure });
  core.error = 0;
  core.rowCount = 0n;
}

export async function throwError(statement: Of<'throw'>, core: SessionCore, frame: Frame): Promise<Flow> {
  if (!statement.error) {
    const caught = frame.caught.at(-1);
    if (!caught)
      throw sqlError(
        10_704,
        'To rethrow an error, a THROW statement must be used inside a CATCH block. Insert the THROW statement inside a CATCH block, or add error parameters to the THROW statement.',
        {
          place: statement,
          severity: 15,
        },
      );
    throw rethrown(caught);
  }
  const number = (await evaluate(statement.error.number, core, frame)).value;
  const message = (await evaluate(statement.error.message, core, frame)).value;
  const state = (await evaluate(statement.error.state, core, frame)).value;
  const code = Number(number ?? 0);
  if (!(code >= 50_000 && code <= 2_147_483_647))
    throw sqlError(
      35_100,
      `Error number ${code} in the THROW statement is outside the valid range. Specify an error number in the valid range of 50000 to 2147483647.`,
      {
        place: statement,
      },
    );
  throw sqlError(code, textOf(message).slice(0, 2048), {
    state: Number(BigInt.asUintN(8, typeof state === 'bigint' ? state : 1n)),
    place: statement,
    procedure: frame.procedure,
  });
}

function rethrown({ number, text, severity, state, line, procedure }: SqlMessage): Error {
  return sqlError(number, text, { severity, state, place: { line }, procedure });
}

export async function returnWith(statement: Of<'return'>, core: SessionCore, frame: Frame): Promise<Flow> {
  if (!statement.value) return { kind: 'return', status: 0 };
  if (frame.level === 0)
    throw sqlError(178, 'A RETURN statement with a return value cannot be used in this context.', { place: statement, severity: 15 });
  const { value } = await evaluate(statement.value, core, frame);
  return { kind: 'return', status: Number(value ?? 0) };
}

/** At most a day, as `WAITFOR DELAY` has it. */
export async function waitFor(statement: Of<'wait-for'>, core: SessionCore, frame: Frame): Promise<Flow> {
  const { value } = await evaluate(statement.value, core, frame);
  const found = /^(?:1900-01-01 )?(\d{1,2}):(\d{2})(?::(\d{2})(?:[.:](\d{1,3}))?)?\d*$/.exec(textOf(value));
  if (!found || Number(found[1]) > 23)
    throw sqlError(148, `Incorrect time syntax in time string used with WAITFOR.`, { place: statement, severity: 15 });
  const [hours, minutes, seconds] = found.slice(1, 4).map((part) => Number(part ?? 0));
  const wantedMs = ((hours! * 60 + minutes!) * 60 + seconds!) * 1000 + (found[4] === undefined ? 0 : Number(found[4].padEnd(3, '0')));
  const dayMs = 86_400_000;
  const ms = statement.what === 'DELAY' ? wantedMs : (wantedMs - (core.pool.options.now() % dayMs) + dayMs) % dayMs;
  await pause(ms, undefined, { signal: frame.signal });
  return next;
}
