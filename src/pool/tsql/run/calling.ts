import { sqlError } from '../sql-error.ts';
import type { SqlParameter, SqlValue } from '../session.ts';
import type { TsqlType } from '../tsql-type.ts';
import { type Flow, type Frame, next } from './frame.ts';
import type { SessionCore } from './session-core.ts';

/** A call of a procedure. */
export interface Calling {
  readonly core: SessionCore;
  readonly frame: Frame;
  readonly line: number;
}

/** An output parameter's value after the call, by its place among the parameters. */
export interface Output {
  readonly place: number;
  readonly parameter: Pick<SqlParameter, 'type' | 'value'>;
}

export interface Called {
  readonly status: number;
  readonly outputs: readonly Output[];
  readonly flow: Flow;
}

export type Procedure = (calling: Calling, parameters: readonly SqlParameter[]) => Promise<Called>;

export const wentWell: Called = { status: 0, outputs: [], flow: next };

/** A parameter by its name or, where it has none, its place. */
function parameterOf(parameters: readonly SqlParameter[], place: number, name: string): SqlParameter | undefined {
  const named = parameters.find((parameter) => parameter.name.toLowerCase() === `@${name}`);
  const placed = parameters[place];
  return named ?? (placed?.name === '' ? placed : undefined);
}

/** Its text; undefined: it was not given, or is NULL. Error 214. */
export function textParameter(parameters: readonly SqlParameter[], place: number, name: string): string | undefined {
  const value: SqlValue | undefined = parameterOf(parameters, place, name)?.value;
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'string') throw sqlError(214, `Procedure expects parameter '@${name}' of type 'ntext/nchar/nvarchar'.`);
  return value;
}

export function intParameter(parameters: readonly SqlParameter[], place: number, name: string): number | undefined {
  const value = parameterOf(parameters, place, name)?.value;
  if (typeof value === 'bigint') return Number(value);
  return typeof value === 'boolean' ? Number(value) : undefined;
}

export const intType: TsqlType = { name: 'int' };
