import { z } from 'zod';
import { fault } from '#base/fault.ts';
import type { Asked, JsonObject } from '#arm/resource.ts';

/** What is asked of a SQL pool. */
export interface SqlPoolProperties {
  readonly collation: string;
  readonly maxSizeBytes?: number | undefined;
  readonly createMode?: string | undefined;
  readonly storageAccountType?: string | undefined;
  /** Written by `pause` and `resume` only. */
  readonly paused?: boolean | undefined;
}

const engineTag = 'hidden-engine';
const memoryTag = 'hidden-memory-mb';

/** Rule: https://learn.microsoft.com/azure/synapse-analytics/sql-data-warehouse/memory-concurrency-limits (service levels) */
const levels = [100, 200, 300, 400, 500, 1_000, 1_500, 2_000, 2_500, 3_000, 5_000, 6_000, 7_500, 10_000, 15_000, 30_000];
const usualLevel = 'DW100c';
const megabytesPerUnit = 5.12;
const leastMegabytes = 256;

/** Rule: https://learn.microsoft.com/rest/api/synapse/resourcemanager/sql-pools/create */
export const sqlPoolProperties: z.ZodType<SqlPoolProperties> = z.object({
  collation: z
    .string()
    .max(128)
    .regex(/^\w+$/, 'must be the name of a collation, such as SQL_Latin1_General_CP1_CI_AS')
    .default('SQL_Latin1_General_CP1_CI_AS'),
  maxSizeBytes: z.int().min(1).optional(),
  createMode: z.enum(['Default'], 'must be Default: pools are not made of backups or other pools').optional(),
  storageAccountType: z.string().max(20).optional(),
}) as unknown as z.ZodType<SqlPoolProperties>;

export const sqlPoolEnvelope: z.ZodType<JsonObject> = z.object({
  sku: z
    .object({
      name: z
        .string()
        .transform((name) => levels.map((level) => `DW${level}c`).find((known) => known.toLowerCase() === name.toLowerCase()) ?? name)
        .refine((name) => /^DW\d+c$/.test(name), `must be one of ${levels.map((level) => `DW${level}c`).join(', ')}`),
      tier: z.string().max(40).optional(),
      capacity: z.int().min(0).optional(),
    })
    .default({ name: usualLevel }),
}) as unknown as z.ZodType<JsonObject>;

/** Faults (unsupported) `SqlPoolEngineNotSupported`; (invalid) `InvalidSqlPoolMemory`, `InvalidSqlPoolSku`. */
export function checkPool({ tags, envelope }: Pick<Asked<unknown>, 'tags' | 'envelope'>): void {
  const engine = (tagOf(tags, engineTag) ?? 'duckdb').trim().toLowerCase();
  if (engine.startsWith('clickhouse'))
    throw fault('unsupported', 'SqlPoolEngineNotSupported', 'SQL pools on ClickHouse are not served yet.', {
      target: `tags.${engineTag}`,
      remedy: 'Leave the tag out, or write duckdb.',
    });
  if (engine !== 'duckdb')
    throw fault('invalid', 'SqlPoolEngineNotSupported', `The tag ${engineTag} says '${engine.slice(0, 40)}', which is no engine.`, {
      target: `tags.${engineTag}`,
      remedy: 'Leave the tag out, or write duckdb.',
    });
  const memory = tagOf(tags, memoryTag);
  if (memory !== undefined && (!/^\d{3,7}$/.test(memory) || Number(memory) < leastMegabytes))
    throw fault('invalid', 'InvalidSqlPoolMemory', `The tag ${memoryTag} is no amount of memory.`, {
      target: `tags.${memoryTag}`,
      remedy: `Write megabytes, at least ${leastMegabytes}: 2048.`,
    });
  if (!levels.includes(unitsOf(envelope)))
    throw fault('invalid', 'InvalidSqlPoolSku', `There is no service level of ${unitsOf(envelope)} units.`, {
      target: 'sku.name',
      remedy: `There are ${levels.map((level) => `DW${level}c`).join(', ')}.`,
    });
}

/** What the pool's process may use: the tag, or by the service level; never more than three quarters of the machine's, of which others live too. */
export function memoryOf({ tags, envelope }: Pick<Asked<unknown>, 'tags' | 'envelope'>, hostMemoryMb: number): number {
  const most = Math.max(leastMegabytes, Math.floor((hostMemoryMb * 3) / 4));
  const asked = Number(tagOf(tags, memoryTag) ?? Math.round(unitsOf(envelope) * megabytesPerUnit));
  return Math.min(most, Math.max(leastMegabytes, asked));
}

function unitsOf(envelope: JsonObject): number {
  const name = (envelope['sku'] as JsonObject | undefined)?.['name'];
  return Number(/\d+/.exec(typeof name === 'string' ? name : usualLevel)?.[0] ?? 0);
}

function tagOf(tags: Readonly<Record<string, string>>, name: string): string | undefined {
  return Object.entries(tags).find(([key]) => key.toLowerCase() === name)?.[1];
}
