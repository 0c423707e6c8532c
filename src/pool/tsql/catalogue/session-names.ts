import type { Names, TableFacts } from '../query/plan.ts';
import type { Snapshot } from './snapshot.ts';
import { systemTable } from './system-tables.ts';
import type { Asker } from './system-view.ts';
import { tableKey } from './table-key.ts';

/** The session's part in what names mean. */
export interface NamesOfSession {
  readonly temporaries: ReadonlyMap<string, TableFacts>;
  readonly asker: Asker;
  /** Hears of a system view that is not here. */
  missing(schema: string, name: string): void;
}

/** What names mean for the next statement of a session. */
export function sessionNames(session: NamesOfSession, snapshot: Snapshot): Names {
  return {
    database: session.asker.database,
    defaultSchema: 'dbo',
    table(schema, name) {
      if (schema === '') return session.temporaries.get(name.toLowerCase());
      const found = snapshot.tables.get(tableKey(schema, name))?.facts ?? systemTable(session.asker, snapshot, { schema, name });
      if (!found && ['sys', 'information_schema'].includes(schema.toLowerCase())) session.missing(schema.toLowerCase(), name);
      return found;
    },
    schema: (name) => snapshot.schemas.get(name.toLowerCase())?.name,
  };
}
