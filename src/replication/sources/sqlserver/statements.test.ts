import fc from 'fast-check';
import { expect, test } from 'vitest';
import { quoteName, quoteText } from './names.ts';
import { changesStatement, columnsStatement, pageStatement, rowStatement, type StatementTable } from './statements.ts';
import { planType, type SqlServerType, type TypePlan } from './types.ts';

const type = (name: string, rest: Partial<SqlServerType> = {}): SqlServerType => ({
  name,
  maxLength: 4,
  precision: 0,
  scale: 0,
  collation: undefined,
  ...rest,
});
const plan = (of: SqlServerType): TypePlan => planType(of) as TypePlan;
const int = plan(type('int'));
const code = plan(type('varchar', { maxLength: 10, collation: 'Cyrillic_General_CI_AS' }));

const table: StatementTable = {
  schema: 'sales',
  name: 'odd ] name',
  columns: [
    { name: 'id', select: int.select },
    { name: 'code', select: code.select },
    { name: 'amount', select: plan(type('decimal', { precision: 18, scale: 4 })).select },
  ],
  key: [
    { name: 'code', select: code.select, parse: code.parse!, descending: false },
    { name: 'id', select: int.select, parse: int.parse!, descending: true },
  ],
};

test('a quoted name ends where its bracket does, whatever is in it', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (name) => {
      const quoted = quoteName(name);
      expect(/^\[(?:[^\]]|\]\])*\]$/.test(quoted)).toBe(true);
      expect(quoted.slice(1, -1).replaceAll(']]', ']')).toBe(name);
      const text = quoteText(name);
      expect(/^N'(?:[^']|'')*'$/.test(text)).toBe(true);
    }),
  );
});

test('changes are joined to the rows as they are now', () => {
  expect(changesStatement(table)).toBe(
    'SELECT CT.SYS_CHANGE_VERSION, CT.SYS_CHANGE_OPERATION, CASE WHEN T.[code] IS NULL THEN 0 ELSE 1 END, CONVERT(nvarchar(max), CT.[code]), CT.[id], T.[id], CONVERT(nvarchar(max), T.[code]), CONVERT(varchar(41), T.[amount])' +
      ' FROM CHANGETABLE(CHANGES [sales].[odd ]] name], @from) AS CT LEFT JOIN [sales].[odd ]] name] AS T ON T.[code] = CT.[code] AND T.[id] = CT.[id] ORDER BY CT.SYS_CHANGE_VERSION',
  );
});

test('a page goes on behind a key of several columns, in the direction of its index', () => {
  const [k0, k1] = ['CONVERT(varchar(10), @k0 COLLATE Cyrillic_General_CI_AS)', 'CONVERT(int, @k1)'];
  const rows =
    'SELECT TOP (@rows) T.[id], CONVERT(nvarchar(max), T.[code]), CONVERT(varchar(41), T.[amount]) FROM [sales].[odd ]] name] AS T';
  expect(pageStatement(table, false)).toBe(`${rows} ORDER BY T.[code], T.[id] DESC`);
  expect(pageStatement(table, true)).toBe(
    `${rows} WHERE T.[code] >= ${k0} AND ((T.[code] > ${k0}) OR (T.[code] = ${k0} AND T.[id] < ${k1})) ORDER BY T.[code], T.[id] DESC`,
  );
  expect(rowStatement(table)).toMatch(`WHERE T.[code] = ${k0} AND T.[id] = ${k1}`);
});

test('only whole numbers come to stand in a statement', () => {
  expect(columnsStatement([7, 8.5])).toMatch('WHERE c.object_id IN (7, 8) ORDER BY');
});
