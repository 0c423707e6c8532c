import { quoteLiteral } from '#replication/schema.ts';
import type { TableFacts } from '../query/plan.ts';
import type { SessionCore } from './session-core.ts';

const never = new AbortController().signal;

/** Takes the rows of table variables through a ROLLBACK, which does not touch them in T-SQL and would in the engine. */
export async function carryVariables(core: SessionCore): Promise<() => Promise<void>> {
  const { connection } = core;
  const carried: { readonly table: TableFacts; readonly kept: string }[] = [];
  for (const [name, table] of core.temporaries) {
    if (table.kind !== 'table-variable') continue;
    const kept = quoteLiteral(`isthmus ${name}`);
    // Variables of the engine are no part of its transactions.
    await connection.run(`SET VARIABLE ${variable(kept)} = (SELECT list(t) FROM ${table.reference} AS t)`, never);
    carried.push({ table, kept });
  }
  return async () => {
    for (const { table, kept } of carried) {
      // One that was declared within the transaction is gone with it.
      if (!core.temporaries.has(table.name.toLowerCase())) continue;
      const rows = `SELECT unnest(getvariable(${kept}), recursive := true)`;
      await connection.run(
        `DELETE FROM ${table.reference}; INSERT INTO ${table.reference} ${rows}; RESET VARIABLE ${variable(kept)}`,
        never,
      );
    }
  };
}

function variable(literal: string): string {
  return `"${literal.slice(1, -1)}"`;
}
