import { Option, type Command } from 'commander';
import type { Terminal } from '../terminal.ts';
import { dataOption } from '../up/up-options.ts';
import { formats, type Format } from './result-format.ts';

interface SqlOptions {
  readonly pool?: string;
  readonly file?: string;
  readonly data: string;
  readonly format: Format;
}

/** Adds `isthmus sql`. */
export function addSql(program: Command, terminal: Terminal): void {
  program
    .command('sql')
    .description(
      "Query a pool in DuckDB's SQL, also while a link or isthmus up fills it. It asks the pool on this host. Clients of SQL Server reach pools of isthmus up over TDS, in T-SQL: sqlEndpoint of the pool says where.",
    )
    .argument('<sql>', "one statement that reads, in DuckDB's SQL; - reads it from standard input")
    .option('--pool <name>', 'the pool of that name in the data folder, or workspace/name; without it: the only one')
    .option('--file <file>', 'a pool file, as isthmus link --to names it')
    .addOption(dataOption())
    .addOption(new Option('-o, --format <format>', 'how the result is written').choices(formats).default('table'))
    .action(async (sql: string, { pool, file, data, format }: SqlOptions) => {
      const { sqlCommand } = await import('./sql-command.ts');
      await sqlCommand({ sql, pool, file, data, format }, { input: terminal.input, write: terminal.write }, terminal.interrupted);
    });
}
