import {
  BIGINT,
  DuckDBDataChunk,
  DuckDBDecimalValue,
  DuckDBStructValue,
  DECIMAL,
  type DuckDBResult,
  type DuckDBType,
  type DuckDBValue,
  INTEGER,
  SMALLINT,
  StatementType,
  STRUCT,
  TIMESTAMPTZ,
  VARCHAR,
} from '@duckdb/node-api';
import { poolFault } from '../../engines/duckdb/faults.ts';
import { textOf } from '../../value-text.ts';
import { sqlError } from '../sql-error.ts';
import type { ResultColumn, SqlParameter } from '../session.ts';
import { duckDbTypeOf, momentsType, tsqlTypeOf } from '../translate/duckdb-type.ts';
import { refusedPart } from './duckdb-wall.ts';
import { type Called, type Calling, textParameter, wentWell } from './calling.ts';

interface Shown {
  readonly column: ResultColumn;
  readonly type: DuckDBType;
  /** Undefined: values go as they are. */
  readonly convert: ((value: DuckDBValue) => DuckDBValue) | undefined;
}

/** `sp_duckdb N'…'`: one reading statement in DuckDB's own SQL, for what T-SQL has no word for. Errors: 40510 (it is no reading one), 50000. */
export async function duckDb(calling: Calling, parameters: readonly SqlParameter[]): Promise<Called> {
  const { core, frame } = calling;
  const sql = textParameter(parameters, 0, 'statement') ?? '';
  const rows = await core.admitted('read', frame.signal, async (signal) => {
    const result = await started(calling, sql, signal);
    const shown = result.columnTypes().map((type, place) => shownAs(result.columnName(place), type));
    frame.sink.columns(shown.map(({ column }) => column));
    let count = 0n;
    for (let chunk = await core.connection.next(result, signal); chunk; chunk = await core.connection.next(result, signal)) {
      count += BigInt(chunk.rowCount);
      await core.forClient(frame.sink.rows(converted(chunk, shown)));
    }
    return count;
  });
  core.rowCount = rows;
  frame.sink.done({ command: 'select', rows: core.options.flags.get('NOCOUNT') === true ? undefined : rows });
  return wentWell;
}

async function started({ core, line }: Calling, sql: string, signal: AbortSignal): Promise<DuckDBResult> {
  try {
    return await core.connection.during(signal, async (connection) => {
      const refused = await refusedPart(connection, sql);
      if (refused !== undefined)
        throw sqlError(40_510, `sp_duckdb takes one SELECT in the SQL of DuckDB that reads rows of the pool, and not ${refused}.`, {
          kind: 'unsupported',
          place: { line },
        });
      const statements = await connection.extractStatements(sql);
      const statement = statements.count === 1 ? await statements.prepare(0) : undefined;
      if (statement?.statementType === StatementType.SELECT) return statement.stream();
      throw sqlError(40_510, 'sp_duckdb takes one SELECT in the SQL of DuckDB, and nothing else. It reads; write with T-SQL.', {
        kind: 'unsupported',
        place: { line },
      });
    });
  } catch (error) {
    const known = poolFault(error);
    if (known.kind !== 'bug') throw known;
    // It is the asker's own text.
    const text = error instanceof Error ? error.message.split('\n', 1)[0]!.slice(0, 500) : known.message;
    throw sqlError(50_000, `DuckDB refused the statement: ${text}`, { place: { line } });
  }
}

const offsetMoment = STRUCT({ utc: TIMESTAMPTZ, offset_minutes: SMALLINT });

function shownAs(name: string, engineType: DuckDBType): Shown {
  const written = String(engineType).replaceAll('"', '');
  const type = tsqlTypeOf(written);
  const column: ResultColumn = { name, type, nullable: true };
  if (duckDbTypeOf(type) === written) return { column, type: engineType, convert: undefined };
  if (written === momentsType) return { column, type: offsetMoment, convert: (utc) => new DuckDBStructValue({ utc, offset_minutes: 0 }) };
  if (type.name === 'decimal') {
    const { precision } = type;
    const convert = (value: DuckDBValue): DuckDBValue => new DuckDBDecimalValue(value as bigint, precision, 0);
    return { column, type: DECIMAL(precision, 0), convert };
  }
  if (type.name === 'bigint') return { column, type: BIGINT, convert: (value) => BigInt(value as number) };
  if (type.name === 'int') return { column, type: INTEGER, convert: (value) => value };
  if (type.name === 'smallint') return { column, type: SMALLINT, convert: (value) => value };
  const text = textOf(engineType.typeId);
  const asText: ResultColumn = { name, type: { name: 'nvarchar', length: 'max' }, nullable: true };
  return { column: asText, type: VARCHAR, convert: (value) => (value === null ? null : text(value)) };
}

function converted(chunk: DuckDBDataChunk, shown: readonly Shown[]): DuckDBDataChunk {
  if (shown.every(({ convert }) => convert === undefined)) return chunk;
  const made = DuckDBDataChunk.create(
    shown.map(({ type }) => type),
    chunk.rowCount,
  );
  for (const [place, { convert }] of shown.entries()) {
    const values = chunk.getColumnValues(place);
    made.setColumnValues(place, convert ? values.map((value) => (value === null ? null : convert(value))) : values);
  }
  return made;
}
