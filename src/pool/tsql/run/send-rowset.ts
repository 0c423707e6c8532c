import { columnsOf, queryOf, type Rowset } from '../catalogue/rowset.ts';
import type { Snapshot } from '../catalogue/snapshot.ts';
import type { Calling } from './calling.ts';

/** Sends rows of the catalogue as one result, with the DONE of a SELECT. */
export async function sendRowset({ core, frame }: Calling, make: (snapshot: Snapshot) => Rowset): Promise<void> {
  const rows = await core.admitted('read', frame.signal, async (signal) => {
    const rowset = make(core.snapshot);
    const result = await core.connection.stream(queryOf(rowset), signal);
    frame.sink.columns(columnsOf(rowset));
    for (let chunk = await core.connection.next(result, signal); chunk; chunk = await core.connection.next(result, signal))
      await core.forClient(frame.sink.rows(chunk));
    return BigInt(rowset.rows.length);
  });
  core.rowCount = rows;
  core.error = 0;
  frame.sink.done({ command: 'select', rows: core.options.flags.get('NOCOUNT') === true ? undefined : rows });
}
