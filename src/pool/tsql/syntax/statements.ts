import type { Reader } from './reader.ts';
import type { Statement } from './statement.ts';

/** Statements, with semicolons or without, up to a word or the batch's end. */
export function statementsUntil(p: Reader, until: ReadonlySet<string>): Statement[] {
  const statements: Statement[] = [];
  for (;;) {
    while (p.accept(';'));
    if (p.atEnd || p.isAny(until)) return statements;
    if (p.is('WITH') && statements.length > 0 && p.previous.upper !== ';') {
      throw p.error(
        319,
        "Incorrect syntax near the keyword 'with'. If this statement is a common table expression, an xmlnamespaces clause or a change tracking context clause, the previous statement must be terminated with a semicolon.",
      );
    }
    statements.push(p.statement());
  }
}
