import { z } from 'zod';
import type { Json, JsonObject } from '#arm/resource.ts';
import type { OnExisting } from '#replication/schema.ts';
import type { Capture } from '#replication/sources/sqlserver/place.ts';
import { linkTable, type LinkTableAsked, mostTables } from './link-table-shape.ts';

export interface LinkedServiceReference {
  readonly referenceName: string;
  readonly type: 'LinkedServiceReference';
  readonly parameters?: Readonly<Record<string, Json>> | undefined;
}

/** What is asked of a link connection. */
export interface LinkProperties {
  readonly sourceDatabase: {
    readonly linkedService: LinkedServiceReference;
    readonly typeProperties?: { readonly resourceId?: string | undefined; readonly principalId?: string | undefined } | undefined;
  };
  readonly targetDatabase: {
    readonly linkedService: LinkedServiceReference;
    readonly typeProperties?:
      | {
          readonly crossTableTransaction?: boolean | undefined;
          readonly dropExistingTargetTableOnStart?: boolean | undefined;
          readonly actionOnExistingTargetTable?: string | undefined;
        }
      | undefined;
  };
  readonly landingZone?: JsonObject | undefined;
  readonly compute?:
    | {
        readonly coreCount?: number | undefined;
        readonly computeType?: string | undefined;
        /** Absent or 0: changes are followed all the time. */
        readonly dataProcessIntervalMinutes?: number | undefined;
      }
    | undefined;
  /** Changed by `edittables`. A PUT without it leaves them as they are. */
  readonly linkTables?: readonly LinkTableAsked[] | undefined;
  readonly isthmus?:
    | {
        readonly logBudget?: Partial<LogBudget> | undefined;
        /** SQL Server: how changes are told. */
        readonly capture?: Capture | undefined;
      }
    | undefined;
}

/** How much of its log a source may be made to keep. */
export interface LogBudget {
  /** From here on it is said. */
  readonly warnBytes: number;
  /** From here on the link gives its place up, so that the source gets its log back. */
  readonly mostBytes: number;
  /** What follows then: `pause` waits for a human, `reseed` copies everything anew by itself. */
  readonly whenExceeded: 'pause' | 'reseed';
}

const gibibyte = 1024 ** 3;
const usualBudget: LogBudget = { warnBytes: 4 * gibibyte, mostBytes: 16 * gibibyte, whenExceeded: 'pause' };

/** With the defaults where nothing is asked: a warning comes at a quarter of what is the most. */
export function budgetOf({ isthmus }: Pick<LinkProperties, 'isthmus'>): LogBudget {
  const given = isthmus?.logBudget ?? {};
  const mostBytes = given.mostBytes ?? Math.max(usualBudget.mostBytes, given.warnBytes ?? 0);
  return {
    mostBytes,
    warnBytes: given.warnBytes ?? Math.ceil(mostBytes / 4),
    whenExceeded: given.whenExceeded ?? usualBudget.whenExceeded,
  };
}

export function captureOf({ isthmus }: Pick<LinkProperties, 'isthmus'>): Capture {
  return isthmus?.capture ?? 'change-tracking';
}

const reference = z.object({
  referenceName: z.string().min(1).max(260),
  type: z.literal('LinkedServiceReference').default('LinkedServiceReference'),
  parameters: z.record(z.string().max(260), z.json()).optional(),
});

const short = z.string().max(2_000);
const onExistingWords: readonly (readonly [OnExisting, RegExp])[] = [
  ['drop', /^drop(?:and)?re?create/],
  ['fail-if-not-empty', /^failon(?:non|not)empty/],
  ['merge', /^merge/],
];

/** Azure's words are not documented; any spelling of the three that its Studio offers is understood. Undefined: none of them. */
export function onExistingOf(text: string): OnExisting | undefined {
  const plain = text.toLowerCase().replaceAll(/[^a-z]/g, '');
  return onExistingWords.find(([, form]) => form.test(plain))?.[0];
}

/** What becomes of tables that are in the pool already. Nothing that is asked for: they are not touched unless they are empty. */
export function onExistingAsked({ targetDatabase: { typeProperties } }: Pick<LinkProperties, 'targetDatabase'>): OnExisting {
  const word = typeProperties?.actionOnExistingTargetTable;
  if (word !== undefined) return onExistingOf(word) ?? 'fail-if-not-empty';
  return typeProperties?.dropExistingTargetTableOnStart === true ? 'drop' : 'fail-if-not-empty';
}

const bytes = z.int().min(1_048_576, 'must be a whole number of bytes, at least 1048576');

const logBudget = z
  .object({ warnBytes: bytes.optional(), mostBytes: bytes.optional(), whenExceeded: z.enum(['pause', 'reseed']).optional() })
  .refine(({ warnBytes, mostBytes }) => warnBytes === undefined || mostBytes === undefined || warnBytes <= mostBytes, {
    message: 'must not be more than mostBytes',
    path: ['warnBytes'],
  });

/** Rule: https://learn.microsoft.com/rest/api/synapse/data-plane/link-connection/create-or-update */
export const linkProperties: z.ZodType<LinkProperties> = z.object({
  sourceDatabase: z.object({
    linkedService: reference,
    typeProperties: z.object({ resourceId: short.optional(), principalId: short.optional() }).optional(),
  }),
  targetDatabase: z.object({
    linkedService: reference,
    typeProperties: z
      .object({
        crossTableTransaction: z.boolean().optional(),
        dropExistingTargetTableOnStart: z.boolean().optional(),
        actionOnExistingTargetTable: z
          .string()
          .max(100)
          .refine((text) => onExistingOf(text) !== undefined, 'must be DropAndRecreate, FailOnNonEmpty or Merge')
          .optional(),
      })
      .optional(),
  }),
  landingZone: z
    .object({
      linkedService: reference.optional(),
      fileSystem: short.optional(),
      folderPath: short.optional(),
      sasToken: z.union([z.string().max(10_000), z.looseObject({})]).optional(),
    })
    .optional(),
  compute: z
    .object({
      coreCount: z.int().min(1).max(1_024).optional(),
      computeType: z.string().max(100).optional(),
      dataProcessIntervalMinutes: z
        .int()
        .min(0)
        .max(7 * 24 * 60, 'must be at most 10080, a week')
        .optional(),
    })
    .optional(),
  linkTables: z.array(linkTable).max(mostTables).optional(),
  isthmus: z.object({ logBudget: logBudget.optional(), capture: z.enum(['change-tracking', 'cdc']).optional() }).optional(),
}) as unknown as z.ZodType<LinkProperties>;
