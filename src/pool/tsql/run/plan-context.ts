import type { PlanContext } from '../query/plan.ts';
import { sqlError } from '../sql-error.ts';
import { parseBatch, parseExpression } from '../syntax/parse.ts';
import type { Frame } from './frame.ts';
import { globalVariable } from './global-variables.ts';
import type { SessionCore } from './session-core.ts';
import { sessionFunction } from './session-functions.ts';
import { literalOf } from './values.ts';

/** What a statement of a frame is planned in. Made anew for each: it says what is so now. */
export function planContext(core: SessionCore, frame: Frame): PlanContext {
  const { options } = core;
  const quotedIdentifier = options.flags.get('QUOTED_IDENTIFIER') === true;
  return {
    names: core.names,
    variable(name, place) {
      const variable = frame.variables.get(name.toLowerCase());
      if (!variable) throw sqlError(137, `Must declare the scalar variable "${name}".`, { place, severity: 15 });
      return { sql: literalOf(variable.value, variable.type), type: variable.type, nullable: true };
    },
    global: (name) => globalVariable(core, name),
    sessionFunction: (name, args, place) => sessionFunction({ core, frame, place }, name, args),
    settings: { dateFirst: options.dateFirst, dateFormat: options.dateFormat, now: { utc: utcText(core.pool.options.now()) } },
    identityInsert: options.identityInsert,
    rowCount: options.rowCount === 0n ? undefined : String(options.rowCount),
    parseQuery(text) {
      const [statement] = parseBatch(text, { quotedIdentifier: true });
      if (statement?.kind !== 'query') throw sqlError(4413, 'A view could not be read: its text is no query.');
      return statement.query;
    },
    parseExpression: (text) => parseExpression(text, { quotedIdentifier }),
  };
}

/** `2024-02-01 10:11:12.123`. */
function utcText(ms: number): string {
  return new Date(ms).toISOString().replace('T', ' ').replace('Z', '');
}
