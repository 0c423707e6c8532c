import type { Condition, Expression, Place, WithTable } from './ast.ts';
import {
  begin,
  declare,
  endTransaction,
  ifStatement,
  kill,
  leaveLoop,
  print,
  raiserror,
  returnStatement,
  saveTransaction,
  throwStatement,
  use,
  waitFor,
  whileStatement,
} from './control.ts';
import { alter, create, drop, rename, truncate, updateStatistics } from './ddl.ts';
import { insert, remove, update } from './dml.ts';
import { execute, odbcCall, procedure } from './execute.ts';
import { condition, expression, expressionOrCondition } from './expression.ts';
import { lex } from './lexer.ts';
import { merge } from './merge.ts';
import { isName, refuseGo } from './names.ts';
import { query, queryAfter, queryFrom, withTables } from './query.ts';
import { Reader, type Grammar } from './reader.ts';
import { set } from './set-option.ts';
import type { Statement } from './statement.ts';
import { statementsUntil } from './statements.ts';

export interface ParseOptions {
  /** `SET QUOTED_IDENTIFIER`, as it stands when the batch begins: whether double quotes enclose names. */
  readonly quotedIdentifier: boolean;
}

type Rule = (p: Reader) => Statement;
type QueryRule = (p: Reader, place: Place, tables: readonly WithTable[]) => Statement;

/** Statements that may begin with `WITH`. */
const queryRules: Readonly<Record<string, QueryRule>> = {
  SELECT: selectStatement,
  '(': selectStatement,
  INSERT: insert,
  UPDATE: update,
  DELETE: remove,
  MERGE: merge,
};

const rules: Readonly<Record<string, Rule>> = {
  ALTER: alter,
  BEGIN: begin,
  BREAK: leaveLoop,
  COMMIT: endTransaction,
  CONTINUE: leaveLoop,
  CREATE: create,
  DECLARE: declare,
  DROP: drop,
  EXEC: execute,
  EXECUTE: execute,
  IF: ifStatement,
  KILL: kill,
  PRINT: print,
  RAISERROR: raiserror,
  RETURN: returnStatement,
  ROLLBACK: endTransaction,
  SAVE: saveTransaction,
  SET: set,
  TRUNCATE: truncate,
  USE: use,
  WAITFOR: waitFor,
  WHILE: whileStatement,
  '{': odbcCall,
};

/** Words that begin statements without being keywords, by what must follow them. */
const wordRules: Readonly<Record<string, Rule>> = {
  RENAME: rename,
  THROW: throwStatement,
};

/** Keywords that begin statements which are not supported. */
const refused: ReadonlySet<string> = new Set(
  `ADD BACKUP BULK CHECKPOINT CLOSE DBCC DEALLOCATE DENY DISK DUMP FETCH GOTO GRANT LINENO LOAD OPEN READTEXT RECONFIGURE RESTORE REVERT REVOKE
  SETUSER SHUTDOWN UPDATETEXT WRITETEXT`.split(/\s+/),
);
/** Such statements that begin with a word which is no keyword: with what follows it. */
const refusedPairs: Readonly<Record<string, readonly string[]>> = {
  COPY: ['INTO'],
  DISABLE: ['TRIGGER'],
  ENABLE: ['TRIGGER'],
  EXPLAIN: ['SELECT', 'WITH', 'INSERT', 'UPDATE', 'DELETE', 'CREATE', 'WITH_RECOMMENDATIONS'],
  GET: ['CONVERSATION'],
  MOVE: ['CONVERSATION'],
  RECEIVE: ['TOP', '*'],
  SEND: ['ON'],
};
/** Of which the second word tells what it is. */
const twoWords: ReadonlySet<string> = new Set(['ADD', 'BACKUP', 'BULK', 'DISK', 'RESTORE']);

/** Words that statements begin with, for docs/tsql.md: those that are read, and those that are known and refused as a whole. */
export function statementWords(): { readonly read: readonly string[]; readonly refused: readonly string[] } {
  const read = [...Object.keys(queryRules), ...Object.keys(rules), ...Object.keys(wordRules), 'WITH'].filter((word) => /[A-Z]/.test(word));
  return { read, refused: [...refused, ...Object.keys(refusedPairs)] };
}

function selectStatement(p: Reader, place: Place, tables: readonly WithTable[]): Statement {
  return { ...place, kind: 'query', query: queryAfter(p, place, tables) };
}

function statement(p: Reader): Statement {
  const outer = p.enter();
  p.startsBatch = p.isAtFirstWord;
  const made = statementInside(p);
  p.leave(outer);
  return made;
}

function statementInside(p: Reader): Statement {
  const token = p.peek();
  const { upper } = token;
  if (upper === 'UPDATE' && p.is('STATISTICS', 1)) return updateStatistics(p);
  if (upper === 'WITH') return withStatement(p);
  const ofQuery = queryRules[upper];
  if (ofQuery !== undefined) return ofQuery(p, p.place(), []);
  const rule = rules[upper];
  if (rule !== undefined) return rule(p);
  if (refused.has(upper)) throw p.refuse(twoWords.has(upper) ? `${upper} ${p.peek(1).upper}`.trim() : upper);
  if (!isName(token)) throw p.unexpected();
  return wordStatement(p);
}

function withStatement(p: Reader): Statement {
  const place = p.place();
  const tables = withTables(p);
  const rule = queryRules[p.peek().upper];
  if (rule === undefined) throw p.unexpected();
  return rule(p, place, tables);
}

function wordStatement(p: Reader): Statement {
  const token = p.peek();
  const { upper } = token;
  refuseGo(p, token);
  if (p.is(':', 1)) throw p.refuse('A label');
  if (refusedPairs[upper]?.includes(p.peek(1).upper) === true) throw p.refuse(`${upper} ${p.peek(1).upper}`);
  const rule = wordRules[upper];
  if (rule !== undefined && (upper !== 'RENAME' || p.is('OBJECT', 1) || p.is('COLUMN', 1))) return rule(p);
  if (p.startsBatch) return procedure(p, p.place());
  throw p.unexpected();
}

const grammar: Grammar = { expression, condition, expressionOrCondition, query, queryFrom, statement };
const never: ReadonlySet<string> = new Set();

/**
 * A batch's statements. One that is known and not supported comes alone, as kind `unsupported`, wherever it stands: nothing of such a batch may run.
 * Faults as `sqlError` makes them, with SQL Server's numbers for what it cannot read: 102, 105, 113, 156, 191, 319, 336, 10753, …; 40510 for parts
 * of statements that are known and not supported.
 */
export function parseBatch(sql: string, options: ParseOptions): readonly Statement[] {
  const p = new Reader(sql, lex(sql, options), grammar, options.quotedIdentifier);
  try {
    const statements = statementsUntil(p, never);
    return statements;
  } catch (error) {
    if (p.refusal !== undefined) return [p.refusal];
    throw error;
  }
}

/** A value that stands alone: a parameter's default, a computed column. Faults as of `parseBatch`. */
export function parseExpression(sql: string, options: ParseOptions = { quotedIdentifier: true }): Expression {
  return whole(sql, options, expression);
}

/** A condition that stands alone. */
export function parseCondition(sql: string, options: ParseOptions = { quotedIdentifier: true }): Condition {
  return whole(sql, options, condition);
}

function whole<T>(sql: string, options: ParseOptions, rule: (p: Reader) => T): T {
  const p = new Reader(sql, lex(sql, options), grammar, options.quotedIdentifier);
  const made = rule(p);
  if (!p.atEnd) throw p.unexpected();
  return made;
}
