"""What pymssql (DB-Library) sees of a SQL pool, as one line of JSON for each step.

The connection's parts come as JSON on standard input; the arguments are the steps.
"""
import datetime
import decimal
import json
import sys
import uuid

import pymssql

place = json.loads(sys.stdin.readline())


def connect(**more):
    return pymssql.connect(
        server=place["host"],
        port=str(place["port"]),
        user=place["user"],
        password=place["password"],
        database=place["database"],
        tds_version=place.get("version", "7.3"),
        charset="UTF-8",
        login_timeout=20,
        **more,
    )


def shown(value):
    if isinstance(value, (datetime.datetime, datetime.date, datetime.time)):
        return value.isoformat()
    if isinstance(value, (decimal.Decimal, uuid.UUID)):
        return str(value)
    if isinstance(value, (bytes, bytearray)):
        return bytes(value).hex()
    return value


def rows(cursor):
    return [[shown(value) for value in row] for row in cursor.fetchall()]


def kinds():
    cursor = connect().cursor()
    cursor.execute(place["select"])
    return {"columns": [one[0] for one in cursor.description], "rows": rows(cursor)}


def parameters():
    cursor = connect().cursor()
    cursor.execute("SELECT %d AS a, %s AS b, %s AS c, %s AS d", (7, "Zürich €", "it's", None))
    return rows(cursor)


def transactions():
    connection = connect()
    cursor = connection.cursor()
    cursor.execute("INSERT INTO dbo.pymssql_notes VALUES (1, N'kept')")
    connection.commit()
    cursor.execute("INSERT INTO dbo.pymssql_notes VALUES (2, N'given up')")
    connection.rollback()
    cursor.execute("SELECT id, note FROM dbo.pymssql_notes ORDER BY id")
    return rows(cursor)


def bulk():
    connection = connect()
    connection.autocommit(True)
    cursor = connection.cursor()
    cursor.executemany("INSERT INTO dbo.pymssql_notes VALUES (%d, %s)", [(number, f"note {number}") for number in range(100, 150)])
    cursor.execute("SELECT COUNT(*), MIN(id), MAX(note) FROM dbo.pymssql_notes WHERE id >= 100")
    return rows(cursor)


def procedures():
    cursor = connect().cursor()
    cursor.callproc("sp_executesql", ("SELECT 41 + 1 AS answer",))
    return rows(cursor)


def errors():
    connection = connect()
    said = []
    for sql in ("SELECT * FROM dbo.nowhere", "SELECT 1/0", "SELEC 1"):
        cursor = connection.cursor()
        try:
            cursor.execute(sql)
            cursor.fetchall()
            said.append("finished")
        except pymssql.Error as error:
            said.append(error.args[0])
    return {"said": said, "after": rows_of(connection, "SELECT 3")}


def rows_of(connection, sql):
    cursor = connection.cursor()
    cursor.execute(sql)
    return rows(cursor)


steps = {one.__name__: one for one in (kinds, parameters, transactions, bulk, procedures, errors)}
for name in sys.argv[1:]:
    print(json.dumps({name: steps[name]()}), flush=True)
