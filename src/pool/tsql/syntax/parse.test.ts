import { describe, expect, it } from 'vitest';
import { toFault } from '#base/fault.ts';
import { sqlMessageOf } from '../sql-error.ts';
import { parseBatch } from './parse.ts';

const parse = (sql: string) => parseBatch(sql, { quotedIdentifier: true });

function refused(sql: string): { number: number; line: number; text: string } {
  try {
    parse(sql);
  } catch (error) {
    const { number, line, text } = sqlMessageOf(toFault(error));
    return { number, line, text };
  }
  throw new Error(`was read: ${sql}`);
}

describe('batches', () => {
  it('needs no semicolons', () => {
    const sql =
      'SELECT @@MAX_PRECISION SET TRANSACTION ISOLATION LEVEL READ COMMITTED SET IMPLICIT_TRANSACTIONS OFF SET TEXTSIZE 2147483647';
    expect(parse(sql).map((statement) => statement.kind)).toEqual(['query', 'set-option', 'set-option', 'set-option']);
  });

  it('calls a procedure by a bare first word, and only there', () => {
    expect(parse('sp_datatype_info_100 2,3')[0]).toMatchObject({ kind: 'execute', procedure: { parts: ['sp_datatype_info_100'] } });
    expect(refused('SELECT 1; sp_who').number).toBe(102);
  });

  it.each([
    ['SELECT\n\nFROM t', 156, 3, "Incorrect syntax near the keyword 'FROM'."],
    ['SELECT * FROM', 102, 1, "Incorrect syntax near 'FROM'."],
    ["SELECT\n'abc", 105, 2, 'Unclosed quotation mark after the character string.'],
    ['SELECT 1 /* /* */', 113, 1, "Missing end comment mark '*/'."],
    ['SELECT (1 > 2)', 102, 1, "Incorrect syntax near '>'."],
  ])('%s: %i in line %i', (sql, number, line, text) => {
    expect(refused(sql)).toEqual({ number, line, text });
  });

  it('refuses what is nested too deeply, however', () => {
    for (const sql of [
      `SELECT ${'('.repeat(10_000)}`,
      `SELECT 1${'+1'.repeat(10_000)}`,
      'BEGIN '.repeat(10_000),
      'IF 1=1 '.repeat(10_000),
    ]) {
      expect(refused(sql).number).toBe(191);
    }
  });
});
