import { type CaseArea, error, holds, rows, rowsAfter, value } from '../tsql-case.ts';

const at = (part: string): string => `CAST('2024-02-01T10:11:12.${part}' AS datetime)`;
const two = (part: string, scale = 7): string => `CAST('2024-02-01T10:11:12.${part}' AS datetime2(${scale}))`;

/** A datetime is a number of 1/300 seconds, as compatibility level 130 and later have it: .003 is .0033333. */
export const ticksOfDatetime: CaseArea = {
  area: 'datetime: 1/300 seconds',
  cases: [
    value(`CAST(${at('003')} AS datetime2(3))`, '2024-02-01 10:11:12.003'),
    value(`CAST(${at('003')} AS datetime2(4))`, '2024-02-01 10:11:12.0033'),
    value(`CAST(${at('007')} AS datetime2(4))`, '2024-02-01 10:11:12.0067'),
    value(`CAST(${at('003')} AS datetime2(6))`, '2024-02-01 10:11:12.003333'),
    value(`CAST(${at('997')} AS datetime2(6))`, '2024-02-01 10:11:12.996667'),
    value(`CAST(${at('997')} AS time(5))`, '10:11:12.99667'),
    value(`CAST(${at('123')} AS datetimeoffset(6))`, '2024-02-01 10:11:12.123333 +00:00'),
    value("CAST(CAST('1899-12-31T23:59:59.997' AS datetime) AS datetime2(6))", '1899-12-31 23:59:59.996667'),
    value(`CAST(${at('120')} AS datetime2)`, '2024-02-01 10:11:12.1200000', 'datetime2(7)'),
    error(40_510, `SELECT CAST(${at('123')} AS datetime2)`),
    value(`CAST(CAST(${at('003')} AS datetime2(6)) AS datetime)`, '2024-02-01 10:11:12.003'),
    value("CAST(CAST('1900-01-01T00:00:00.003' AS datetime) AS float)", '3.858024691358025e-8'),
    value("CAST(CAST('1900-01-01T12:00:00' AS datetime) AS float)", '0.5'),
    value("CAST(CAST('1900-01-02T00:00:00.007' AS datetime) AS decimal(20,12))", '1.000000077160'),
    // Compared as what it is, and not as what it shows.
    holds(`${at('003')} = ${two('003')}`, false),
    holds(`${at('003')} > ${two('003')}`, true),
    holds(`${at('003')} > ${two('003333')}`, true),
    holds(`${at('003')} = ${two('003333')}`, false),
    holds(`${at('003')} < ${two('003334')}`, true),
    holds(`${at('007')} < ${two('007')}`, true),
    holds(`${at('007')} < ${two('006667')}`, true),
    holds(`${at('007')} <= ${two('006666')}`, false),
    holds(`${at('007')} >= ${two('006667')}`, false),
    holds(`${two('006667')} > ${at('007')}`, true),
    holds(`${two('003333')} >= ${at('003')}`, false),
    holds(`${two('003333')} <> ${at('003')}`, true),
    holds(`${at('120')} = ${two('12')}`, true),
    holds(`${at('120')} >= ${two('12')}`, true),
    holds(`${at('003')} IN (${two('003')}, ${two('0033')})`, false),
    holds(`${at('120')} IN (${two('003')}, ${two('12')})`, true),
    holds(`${at('003')} BETWEEN ${two('0033')} AND ${two('003334')}`, true),
    holds(`${at('003')} = CAST('2024-02-01 10:11:12.003 +00:00' AS datetimeoffset)`, false),
    holds(`${at('003')} > CAST('2024-02-01 12:11:12.003 +02:00' AS datetimeoffset)`, true),
    holds(`${at('003')} = '2024-02-01T10:11:12.003'`, true),
    holds(`${at('003')} = CAST(NULL AS datetime2)`, null),
    rowsAfter(
      [
        'CREATE TABLE #t (a datetime, b datetime2(6))',
        "INSERT INTO #t VALUES ('2024-02-01T10:11:12.003', '2024-02-01T10:11:12.003'), ('2024-02-01T10:11:12.120', '2024-02-01T10:11:12.12')",
      ],
      'SELECT a FROM #t WHERE a IN (SELECT b FROM #t)',
      ['2024-02-01 10:11:12.120'],
    ),
    rowsAfter(
      ['CREATE TABLE #t (a datetime, b datetime2(6))', "INSERT INTO #t (a) VALUES ('2024-02-01T10:11:12.003')", 'UPDATE #t SET b = a'],
      'SELECT b FROM #t',
      ['2024-02-01 10:11:12.003333'],
    ),
    // A statement's own moment is a whole hundredth, which every type has.
    rows('SELECT CASE WHEN CAST(GETDATE() AS datetime2(7)) = GETDATE() THEN 1 ELSE 0 END', ['1']),
    rowsAfter(['CREATE TABLE #g (a datetime2 DEFAULT GETDATE(), b int)', 'INSERT INTO #g (b) VALUES (1)'], 'SELECT COUNT(a) FROM #g', [
      '1',
    ]),
    value(`DATEADD(millisecond, 1, ${at('000')})`, '2024-02-01 10:11:12.000', 'datetime'),
    value(`DATEADD(millisecond, 2, ${at('000')})`, '2024-02-01 10:11:12.003'),
    value(`DATEADD(millisecond, -3, ${at('000')})`, '2024-02-01 10:11:11.997'),
    error(40_510, `SELECT DATEPART(microsecond, ${at('003')})`),
    value(`DATEPART(microsecond, CAST(${at('003')} AS datetime2(6)))`, '3333'),
    error(40_510, `SELECT DATEDIFF(microsecond, ${at('003')}, ${at('007')})`),
    error(9810, `SELECT DATEADD(microsecond, 1, ${at('003')})`),
  ],
};
