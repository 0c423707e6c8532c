import type { DuckDBDataChunk } from '@duckdb/node-api';
import { notSupported, sqlError } from '../sql-error.ts';
import type { ResultColumn } from '../session.ts';
import type { Statement } from '../syntax/statement.ts';
import type { Flow, Frame } from './frame.ts';
import type { SessionCore } from './session-core.ts';
import { stageChunks, type StagedRows } from './staged-rows.ts';

/** Rows that `INSERT … EXECUTE` holds while its procedure runs. */
const mostRows = 1_000_000;

type Run = (statements: readonly Statement[], core: SessionCore, frame: Frame) => Promise<Flow>;

/** Runs the procedure of an `INSERT … EXECUTE` and keeps its results, which must all have the same columns. Errors: 213, 8164. */
export async function stageExecuted(statement: Statement, core: SessionCore, frame: Frame, run: Run): Promise<StagedRows> {
  const chunks: DuckDBDataChunk[] = [];
  let columns: readonly ResultColumn[] | undefined;
  let rows = 0;
  const sink: Frame['sink'] = {
    columns(next) {
      if (columns && columns.length !== next.length)
        throw sqlError(213, 'Column name or number of supplied values does not match table definition.', { place: statement });
      if (columns && next.some(({ type }, place) => JSON.stringify(type) !== JSON.stringify(columns?.[place]?.type)))
        throw notSupported('INSERT … EXECUTE of results of different types', statement, 'Insert the results one by one.');
      columns ??= next;
    },
    rows: async (chunk) => {
      chunks.push(chunk);
      rows += chunk.rowCount;
      if (rows > mostRows) throw notSupported(`INSERT … EXECUTE of more than ${mostRows} rows`, statement, 'Use INSERT … SELECT.');
    },
    // What it counts is not the statement's; what it says is.
    done: () => undefined,
    message: (message) => frame.sink.message(message),
    changed: (change) => frame.sink.changed(change),
    returnValue: () => undefined,
    returnStatus: () => undefined,
  };
  // What fails within it fails the INSERT.
  const flow = await run([statement], core, { ...frame, sink, tries: 0, isTriedOutside: true });
  if (flow.kind === 'failed') {
    const { number, text, severity, state, line, procedure } = flow.message;
    throw sqlError(number, text, { severity, state, place: { line }, procedure });
  }
  if (!columns) throw sqlError(213, 'The procedure gave no rows to insert.', { place: statement });
  return stageChunks(core.connection, { columns, chunks }, frame.signal);
}
