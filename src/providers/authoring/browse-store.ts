import { z } from 'zod';
import { fault, type Fault } from '#base/fault.ts';
import type { Json, JsonObject } from '#arm/resource.ts';
import type { BrowsedTable, JobEvent, RuntimeJob } from '#runtime/job.ts';
import { type AskedService, askedAccess, askedService } from './asked-service.ts';
import type { HomeAction, HomeCall } from './home-action.ts';
import type { AuthoringHome } from './home.ts';
import type { AuthoringOptions } from './options.ts';
import type { StoreAccess } from './store-access.ts';

interface BrowseInput {
  readonly linkedService: AskedService;
}

interface PreviewInput extends BrowseInput {
  readonly table: { readonly schemaName?: string | undefined; readonly tableName: string };
  readonly mostRows: number;
}

const timeoutMs = 30_000;
const usualRows = 10;
const mostRows = 100;
/** Where a table is named without its schema. */
const usualSchema: Readonly<Record<StoreAccess['login']['kind'], string | undefined>> = {
  sqlserver: 'dbo',
  postgresql: 'public',
  mysql: undefined,
};

/**
 * Ours: `POST {home}/browse` tells which tables the login of a linked service sees, and why some of them cannot be linked. Faults: as of
 * `testConnectivity`, and `StoreNotReached` (conflict), with a detail that says at which hop and what to do.
 */
export function browse(home: AuthoringHome, options: AuthoringOptions): HomeAction<BrowseInput> {
  return {
    behindRoot: true,
    summary: 'Tables of a data store that can be chosen, and why others cannot',
    input: z.object({ linkedService: askedService }),
    run: async (call) => {
      const access = await ready(home, call, options);
      const events = await asked(
        { access, what: 'browsing', job: { kind: 'browse', store: access.login, timeoutMs } },
        options,
        call.signal,
      );
      const tables = events.flatMap((event) => (event.kind === 'tables' ? event.tables : []));
      return { body: { value: tables.map(tableShown) } };
    },
  };
}

/** Ours: `POST {home}/preview` tells the first rows of a table, as exact texts. Faults: as of `browse`, `TableMissing` among the details. */
export function preview(home: AuthoringHome, options: AuthoringOptions): HomeAction<PreviewInput> {
  return {
    behindRoot: true,
    summary: 'The first rows of a table of a data store',
    input: z.object({
      linkedService: askedService,
      table: z.object({ schemaName: z.string().min(1).max(128).optional(), tableName: z.string().min(1).max(128) }),
      mostRows: z.int().min(1).max(mostRows).default(usualRows),
    }),
    run: async (call) => {
      const access = await ready(home, call, options);
      const { login } = access;
      const { table, mostRows: most } = call.input;
      const schema = table.schemaName ?? usualSchema[login.kind] ?? login.database;
      const job = { kind: 'preview', store: login, table: { schema, name: table.tableName }, mostRows: most, timeoutMs } as const;
      const events = await asked({ access, what: 'preview', job }, options, call.signal);
      const found = events.find((event) => event.kind === 'rows');
      if (found?.kind !== 'rows') throw fault('unreachable', 'WorkerLost', 'The worker ended without a word.', { remedy: 'Try again.' });
      const columns = found.columns.map(({ name, sourceType }) => ({ name, sourceType }));
      return { body: { columns, rows: found.rows.slice(0, most) as readonly Json[] } };
    },
  };
}

/** The store, on a runtime whose interactive authoring this use renews. */
async function ready(
  home: AuthoringHome,
  call: Omit<HomeCall<BrowseInput>, 'signal'>,
  { sealer, interactive }: AuthoringOptions,
): Promise<StoreAccess> {
  const access = await askedAccess(home, call, sealer);
  await interactive.use(access.runtime);
  return access;
}

interface Asking {
  readonly access: StoreAccess;
  readonly what: string;
  readonly job: RuntimeJob & { readonly timeoutMs: number };
}

async function asked(
  { access: { segment, login }, what, job }: Asking,
  { explain, jobs }: AuthoringOptions,
  signal: AbortSignal,
): Promise<readonly JobEvent[]> {
  const name = `${what} of ${login.host}`;
  const { denied } = await explain({ segment, host: login.host, port: login.port, asker: name });
  if (denied !== undefined) throw notReached(denied, login);
  const { events, failed } = await jobs.run({ segment, name, job }, signal);
  if (failed !== undefined) throw notReached(failed, login);
  return events;
}

/** The store's refusal is not one of ours: a wrong password there does not make this request an unauthenticated one. */
function notReached(because: Fault, { host, port }: StoreAccess['login']): Fault {
  return fault('conflict', 'StoreNotReached', `The data store ${host},${port} does not answer this: ${because.message}`, {
    target: 'linkedService',
    remedy: because.remedy ?? 'Test the connection: it says at which hop it ends.',
    details: [because],
  });
}

function tableShown({ schema, name, estimatedRows, hasKey, refusal }: BrowsedTable): JsonObject {
  return {
    schemaName: schema,
    tableName: name,
    estimatedRows,
    hasKey,
    refusal: refusal && { code: refusal.code, message: refusal.message, remedy: refusal.remedy },
  };
}
