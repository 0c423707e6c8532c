import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Fault } from '#base/fault.ts';
import { parseBatch } from './parse.ts';
import { isReserved } from './reserved.ts';
import { refusal } from './test-reading.ts';

/** Whether it is statements, or a numbered refusal in a line that the text has. */
function isAnswered(sql: string): boolean {
  try {
    return parseBatch(sql, { quotedIdentifier: true }).length >= 0;
  } catch (error) {
    if (!(error instanceof Fault) || !/^Sql\d+$/.test(error.code)) throw error;
    const { line } = error.cause as { line: number };
    return line > 0 && line <= sql.split('\n').length;
  }
}

const words = fc.constantFrom(
  ...`SELECT FROM WHERE GROUP BY ORDER HAVING UNION ALL EXCEPT INTERSECT INSERT INTO VALUES UPDATE SET DELETE MERGE USING WHEN MATCHED THEN NOT
  WITH AS ( ) ( ) , , . ; = <> + - * / % ~ CASE ELSE END BEGIN TRY CATCH IF WHILE EXEC DECLARE @a @t TABLE int varchar (max) 1 1.5 1e3 $1 0x1 'x' N'y'
  [z] "q" a b c t TOP PERCENT DISTINCT JOIN LEFT ON CROSS APPLY PIVOT FOR IN IS NULL LIKE BETWEEN AND OR EXISTS CAST CONVERT IIF OVER PARTITION ROWS
  CREATE VIEW DROP ALTER ADD COLUMN CONSTRAINT PRIMARY KEY INDEX OUTPUT DEFAULT TRAN COMMIT ROLLBACK PRINT RETURN { } fn call :: OPTION JSON PATH
  OFFSET FETCH NEXT ONLY GROUPING SETS ROLLUP CUBE WINDOW COLLATE AT TIME ZONE TRIM DATEADD GO`.split(/\s+/),
);

const anyText = fc
  .array(fc.oneof(fc.integer({ min: 0, max: 127 }), fc.integer({ min: 0, max: 0xffff })), { maxLength: 80 })
  .map((units) => String.fromCharCode(...units));

describe('whatever is sent', () => {
  it('is read or refused, never more: words in any order', () => {
    fc.assert(
      fc.property(fc.array(words, { maxLength: 60 }), fc.constantFrom(' ', '\n', ''), (soup, blank) => {
        expect(isAnswered(soup.join(blank))).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  it('is read or refused, never more: any text', () => {
    fc.assert(
      fc.property(anyText, (sql) => {
        expect(isAnswered(sql)).toBe(true);
      }),
      { numRuns: 200 },
    );
  });

  it('is read in time that grows with its length', () => {
    for (const piece of [
      '(',
      'a.',
      '/*',
      "''",
      '[x]',
      '((SELECT 1) UNION ',
      'SELECT 1 ',
      'CASE WHEN ',
      '-',
      'a,',
      '1e',
      'SET QUOTED_IDENTIFIER OFF "x" ',
    ]) {
      expect(isAnswered(`SELECT ${piece.repeat(5000)}`)).toBe(true);
    }
  });

  it('is refused by 191 where it is nested too deeply', () => {
    for (const piece of ['(', '((SELECT ', 'CASE WHEN 1=1 THEN ', 'f(', '- ', '~', '1+', 'a UNION SELECT ', 'NOT ']) {
      expect([191, 102, 156]).toContain(refusal(`SELECT ${piece.repeat(3000)}`).number);
    }
    for (const piece of ['BEGIN ', 'IF 1=1 ', 'WHILE 1=1 ', 'BEGIN TRY ']) expect(refusal(piece.repeat(3000)).number).toBe(191);
    expect(refusal(`SELECT * FROM ${'('.repeat(3000)}`).number).toBe(191);
    expect(refusal(`SELECT * FROM ${'a JOIN '.repeat(3000)}`).number).toBe(191);
    expect(refusal(`SELECT ${'(SELECT '.repeat(13)}1${')'.repeat(13)}`).number).toBe(191);
    expect(refusal(`SELECT 1 WHERE ${'EXISTS (SELECT 1 WHERE '.repeat(13)}1 = 1${')'.repeat(13)}`).number).toBe(191);
    expect(refusal(`SELECT 1 WHERE ${'NOT '.repeat(3000)}`).number).toBe(191);
  });
});

describe('keywords', () => {
  it('are no names without brackets', () => {
    for (const word of ['SELECT', 'USER', 'PLAN', 'FILE', 'PUBLIC']) {
      expect(isReserved(word)).toBe(true);
      expect(refusal(`SELECT 1 AS ${word}`).number).toBe(156);
      expect(isAnswered(`SELECT 1 AS [${word}]`)).toBe(true);
    }
    for (const word of ['GO', 'OFFSET', 'AT', 'THROW', 'FIRST', 'VALUE', 'DATE']) expect(isReserved(word)).toBe(false);
  });
});
