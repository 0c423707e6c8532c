import type { TdsType, TdsValue } from '#wire/tds/types/tds-type.ts';
import type { DatabaseDouble, DatabaseState } from './database.ts';
import type { DoubleLogin } from './logins.ts';

/** An error as SQL Server has it. */
export interface DoubleError {
  readonly number: number;
  readonly text: string;
  readonly severity?: number;
  readonly state?: number;
}

/** Thrown where a statement fails. */
export class StatementError extends Error {
  readonly told: DoubleError;

  constructor(told: DoubleError) {
    super(`${told.number}: ${told.text}`);
    this.told = told;
  }
}

export interface AnswerColumn {
  readonly name: string;
  readonly type: TdsType;
}

/** What a statement answers. */
export interface StatementAnswer {
  readonly columns: readonly AnswerColumn[];
  readonly rows: readonly (readonly TdsValue[])[];
}

/** Where a statement is answered: who asks, and what of the database it sees. */
export interface Asking {
  readonly database: DatabaseDouble;
  /** As they are now: rights and editions may change under an open session. */
  readonly server: () => ServerFacts;
  readonly login: () => DoubleLogin;
  /** What rows are read from: the moment of a SNAPSHOT transaction, or the last commit. */
  readonly seen: () => DatabaseState;
  /** Values of the parameters, by their names with `@`. */
  readonly parameters: ReadonlyMap<string, TdsValue>;
}

export interface ServerFacts {
  /** 3 Enterprise, 5 Azure SQL Database, 8 Managed Instance. */
  readonly engineEdition: number;
  readonly productVersion: string;
  readonly edition: string;
}
