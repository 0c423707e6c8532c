/** A table with a column of each type, a row with each at an edge, and a row of nothing but nulls. */
export const kindsTable = `
CREATE TABLE dbo.kinds (
  id int NOT NULL, b bit, ti tinyint, si smallint, bi bigint, d decimal(38,10), m money, f float, r real,
  dt date, t time(6), dt2 datetime2(6), dtm datetime, sdt smalldatetime, dto datetimeoffset(6), u uniqueidentifier,
  nv nvarchar(50), v varchar(50), c char(5), vm nvarchar(max), vb varbinary(20)
);
INSERT INTO dbo.kinds VALUES (
  1, 1, 255, -32768, -9223372036854775808, 1234567890123456789012345678.1234567891, -922337203685477.5808, 1.5e300, 0.25,
  '2024-02-29', '23:59:59.123456', '9999-12-31 23:59:59.999999', '2024-02-29 10:11:12.123', '2024-02-29 10:11:00',
  '2024-02-29 15:41:12.123456 +05:30', '6F9619FF-8B86-D011-B42D-00C04FC964FF',
  N'Zürich €😀', 'é', 'ab', REPLICATE(CAST(N'x' AS nvarchar(max)), 10000), 0x00FF10
);
INSERT INTO dbo.kinds (id) VALUES (2);`;

/** Beside it: a table with a key, and one for each client to write to. */
export const otherTables = `
CREATE TABLE dbo.keyed (id int NOT NULL, name nvarchar(20) NOT NULL, CONSTRAINT pk_keyed PRIMARY KEY NONCLUSTERED (id) NOT ENFORCED);
INSERT INTO dbo.keyed VALUES (1, N'one'), (2, N'two'), (3, N'three');
CREATE TABLE dbo.odbc_notes (id int NOT NULL, note nvarchar(40));
CREATE TABLE dbo.pymssql_notes (id int NOT NULL, note nvarchar(40));
CREATE TABLE dbo.jtds_notes (id int NOT NULL, note nvarchar(40));
CREATE TABLE dbo.tedious_notes (id int NOT NULL, note nvarchar(40), at datetime2(3), amount decimal(10,2));
CREATE TABLE dbo.mssql_notes (id int NOT NULL, note nvarchar(40));
CREATE TABLE dbo.bcp_notes (id int NOT NULL, note nvarchar(40), amount decimal(10,2));`;

/** Runs for minutes, in little memory. */
export const heavyQuery =
  'SELECT COUNT_BIG(*) FROM (SELECT a.id FROM dbo.many a CROSS JOIN dbo.many b CROSS JOIN dbo.many c) x WHERE x.id % 7 = 3';

/** Enough rows that all of them with each other take for ever. */
export const manyTable = `
CREATE TABLE dbo.many (id int NOT NULL);
INSERT INTO dbo.many SELECT value FROM GENERATE_SERIES(1, 5000);`;
