"""What pyodbc over FreeTDS's ODBC driver sees of a SQL pool, as one line of JSON for each step.

The connection's parts come as JSON on standard input; the arguments are the steps.
"""
import datetime
import decimal
import json
import sys
import threading
import uuid

import pyodbc

place = json.loads(sys.stdin.readline())


def connect(autocommit=True, **more):
    parts = {
        "DRIVER": "libtdsodbc.so",
        "SERVER": place["host"],
        "PORT": place["port"],
        "DATABASE": place["database"],
        "UID": place["user"],
        "PWD": place["password"],
        "TDS_Version": place.get("version", "7.4"),
        "ClientCharset": "UTF-8",
        "Encryption": place.get("encryption", "request"),
        **more,
    }
    return pyodbc.connect(";".join(f"{key}={value}" for key, value in parts.items()), autocommit=autocommit, timeout=20)


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
    return {"columns": [[one[0], one[1].__name__] for one in cursor.description], "rows": rows(cursor)}


def parameters():
    cursor = connect().cursor()
    cursor.execute("SELECT ? AS a, ? AS b, ? AS c, ? AS d", 7, "Zürich €", decimal.Decimal("12.50"), None)
    first = rows(cursor)
    # The same text twice: prepared once.
    seen = []
    for wanted in (1, 2, 99):
        cursor.execute("SELECT COUNT(*) FROM dbo.kinds WHERE id = ?", wanted)
        seen.append(rows(cursor)[0][0])
    return {"first": first, "prepared": seen}


def transactions():
    connection = connect(autocommit=False)
    cursor = connection.cursor()
    cursor.execute("INSERT INTO dbo.odbc_notes VALUES (1, N'kept')")
    connection.commit()
    cursor.execute("INSERT INTO dbo.odbc_notes VALUES (2, N'given up')")
    connection.rollback()
    cursor.execute("SELECT id, note FROM dbo.odbc_notes ORDER BY id")
    found = rows(cursor)
    connection.commit()
    return found


def many():
    connection = connect(autocommit=False)
    cursor = connection.cursor()
    cursor.executemany("INSERT INTO dbo.odbc_notes VALUES (?, ?)", [(number, f"note {number}") for number in range(100, 200)])
    connection.commit()
    cursor.execute("SELECT COUNT(*), MIN(id), MAX(note) FROM dbo.odbc_notes WHERE id >= 100")
    return rows(cursor)


def cancel():
    connection = connect()
    cursor = connection.cursor()
    threading.Timer(1.0, cursor.cancel).start()
    try:
        cursor.execute(place["heavy"])
        cursor.fetchall()
        outcome = "finished"
    except pyodbc.Error as error:
        outcome = error.args[0]
    after = connection.cursor().execute("SELECT 1").fetchone()[0]
    return {"outcome": outcome, "after": after}


def timeout():
    connection = connect()
    connection.timeout = 1
    try:
        connection.cursor().execute(place["heavy"]).fetchall()
        outcome = "finished"
    except pyodbc.Error as error:
        outcome = error.args[0]
    connection.timeout = 0
    return {"outcome": outcome, "after": connection.cursor().execute("SELECT 2").fetchone()[0]}


def catalogue():
    cursor = connect().cursor()
    tables = [[one.table_schem, one.table_name, one.table_type] for one in cursor.tables(table="kinds")]
    columns = [[one.column_name, one.type_name, one.column_size, one.nullable] for one in cursor.columns(table="kinds", schema="dbo")]
    keys = [[one.column_name] for one in cursor.primaryKeys(table="keyed", schema="dbo")]
    types = sorted({one[0] for one in cursor.getTypeInfo()})
    return {"tables": tables, "columns": columns, "keys": keys, "types": types}


def errors():
    connection = connect()
    said = []
    for sql in ("SELECT * FROM dbo.nowhere", "SELECT 1/0", "SELEC 1"):
        try:
            connection.cursor().execute(sql).fetchall()
            said.append("finished")
        except pyodbc.Error as error:
            said.append(error.args)
    return {"said": said, "after": connection.cursor().execute("SELECT 3").fetchone()[0]}


steps = {one.__name__: one for one in (kinds, parameters, transactions, many, cancel, timeout, catalogue, errors)}
for name in sys.argv[1:]:
    print(json.dumps({name: steps[name]()}), flush=True)
