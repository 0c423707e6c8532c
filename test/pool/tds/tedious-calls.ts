import { Connection, Request, type ConnectionConfiguration } from 'tedious';

/** One result of a request. */
export interface Answer {
  readonly columns: readonly string[];
  readonly types: readonly string[];
  readonly rows: readonly (readonly unknown[])[];
}

export function connectTedious(config: ConnectionConfiguration): Promise<Connection> {
  return new Promise((done, failed) => {
    const connection = new Connection(config);
    connection.once('connect', (error) => (error ? failed(error) : done(connection)));
    connection.on('error', () => undefined);
    connection.connect();
  });
}

export interface Asked {
  readonly prepare?: ((request: Request) => void) | undefined;
  /** As a batch, without `sp_executesql`. */
  readonly batch?: boolean | undefined;
}

/** Asks and reads everything; the results in order, and the rows that it counted. */
export function askTedious(
  connection: Connection,
  sql: string,
  { prepare, batch = false }: Asked = {},
): Promise<{ readonly answers: readonly Answer[]; readonly rowCount: number }> {
  return new Promise((done, failed) => {
    const answers: { columns: string[]; types: string[]; rows: unknown[][] }[] = [];
    const request = new Request(sql, (error, rowCount) => (error ? failed(error) : done({ answers, rowCount: rowCount ?? 0 })));
    request.on('columnMetadata', (columns) => {
      const list = Array.isArray(columns) ? columns : Object.values(columns);
      answers.push({ columns: list.map((one) => one.colName), types: list.map((one) => one.type.name), rows: [] });
    });
    request.on('row', (row: { value: unknown }[]) => answers.at(-1)?.rows.push(row.map((one) => one.value)));
    prepare?.(request);
    if (batch) connection.execSqlBatch(request);
    else connection.execSql(request);
  });
}
