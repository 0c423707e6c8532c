import type { Names, TableFacts } from '../query/plan.ts';
import type { Snapshot } from './snapshot.ts';
import { systemTable } from './system-tables.ts';
import type { Asker } from './system-view.ts';
import { tableKey } from './table-key.ts';

/** The session's part in what names mean. */
export interface NamesOfSession {
  readonly temporaries: ReadonlyMap<string, TableFacts>;
  readonly asker: Asker;
}

/** What names mean for the next statement of a session. */
export function sessionNames(session: NamesOfSession, snapshot: Snapshot): Names {
  return {
    database: session.asker.database,
    defaultSchema: 'dbo',
    table(schema, name) {
      if (schema === '') return session.temporaries.get(name.toLowerCase());
      return snapshot.tables.get(tableKey(schema, name))?.facts ?? systemTable(session.asker, snapshot, { schema, name });
    },
    schema: (name) => snapshot.schemas.get(name.toLowerCase())?.name,
  };
}
