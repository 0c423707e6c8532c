import { z } from 'zod';
import type { FaultText } from '#base/fault-text.ts';
import { policies, type FaultKind } from '#base/fault.ts';
import type { FromWorker } from '../channel.ts';
import type { JobEvent, JobFinding } from '../job.ts';

// What a worker may say, checked by whoever hears it: a worker is not to be trusted. Sizes are bounded here, and as a whole by the longest line.

const mostTables = 50_000;
const mostColumns = 2_000;
const mostFindings = 10_000;

const word = z.string().max(300);
/** Names of tables and columns; sources have shorter ones. */
const name = z.string().max(1_000);
const sentence = z.string().max(8_000);
const digits = z.string().regex(/^-?\d{1,30}$/);
const count = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);

const faultText: z.ZodType<FaultText> = z
  .object({
    kind: z.enum(Object.keys(policies) as [FaultKind, ...FaultKind[]]),
    code: z.string().regex(/^[A-Za-z0-9_]{1,100}$/),
    message: sentence,
    target: sentence.optional(),
    remedy: sentence.optional(),
  })
  .transform(({ target, remedy, ...rest }) => ({ ...rest, target, remedy }));

const finding: z.ZodType<JobFinding> = z.object({
  severity: z.enum(['error', 'warning', 'info']),
  code: word,
  message: sentence,
  target: sentence.nullable(),
  remedy: sentence.nullable(),
});

const findings = z.array(finding).max(mostFindings);
const tableName = { schema: name, name };
const columnName = { name, sourceType: name };

const events: { readonly [Kind in JobEvent['kind']]: z.ZodType<Extract<JobEvent, { readonly kind: Kind }>> } = {
  begun: z.object({ kind: z.literal('begun') }),
  step: z.object({
    kind: z.literal('step'),
    step: z.object({
      name: z.enum(['TCP', 'TLS', 'login', 'connection policy', 'rights']),
      ok: z.boolean(),
      ms: z.number().min(0),
      detail: sentence,
      fault: faultText.nullable(),
      errorNumber: z.int().optional(),
    }),
  }),
  tables: z.object({
    kind: z.literal('tables'),
    tables: z
      .array(z.object({ ...tableName, estimatedRows: z.number().min(0).nullable(), hasKey: z.boolean(), refusal: finding.nullable() }))
      .max(mostTables),
  }),
  rows: z.object({
    kind: z.literal('rows'),
    columns: z.array(z.object(columnName)).max(mostColumns),
    rows: z.array(z.array(z.string().nullable()).max(mostColumns)).max(10_000),
  }),
  checked: z.object({
    kind: z.literal('checked'),
    findings,
    tables: z
      .array(
        z.object({
          ...tableName,
          columns: z
            .array(z.object({ ...columnName, fidelity: z.enum(['exact', 'widened', 'text', 'refused']), reason: sentence.nullable() }))
            .max(mostColumns),
        }),
      )
      .max(mostTables),
    held: z.object({ heldBytes: digits, headroomBytes: digits.nullable() }).nullable(),
  }),
  link: z.object({
    kind: z.literal('link'),
    report: z.object({
      following: z.boolean(),
      tables: z
        .array(
          z.object({
            ...tableName,
            state: z.enum(['Waiting', 'Snapshotting', 'Replicating', 'Suspended', 'Failed']),
            rowsCopied: count,
            estimatedRows: z.number().min(0).nullable(),
            fault: faultText.nullable(),
          }),
        )
        .max(mostTables),
      position: word.nullable(),
      heldBytes: digits.nullable(),
      headroomBytes: digits.nullable(),
      findings,
      trouble: faultText.nullable(),
      heardMs: z.number().nullable(),
      recopies: z.object({ asked: count, open: z.array(z.object(tableName)).max(mostTables) }),
    }),
  }),
  moved: z.object({ kind: z.literal('moved'), moved: z.object({ sent: count, received: count }), last: z.literal(true).optional() }),
  done: z.object({ kind: z.literal('done') }),
  failed: z.object({ kind: z.literal('failed'), fault: faultText }),
};

function eventShape(value: unknown): z.ZodType<JobEvent> | undefined {
  const kind = (value as { readonly kind?: unknown } | null | undefined)?.kind;
  return typeof kind === 'string' && Object.hasOwn(events, kind) ? events[kind as JobEvent['kind']] : undefined;
}

/** What a line of a worker says; a text: what is wrong with it, without any of its values. */
export function readFromWorker(line: Buffer): FromWorker | string {
  let value: { readonly kind?: unknown; readonly event?: unknown } | null;
  try {
    value = JSON.parse(line.toString('utf8')) as typeof value;
  } catch {
    return 'a line that is no JSON';
  }
  const kind = value?.kind;
  if (kind === 'ready' || kind === 'why') return { kind };
  if (kind !== 'event') return 'a message of no known kind';
  const shape = eventShape(value?.event);
  if (shape === undefined) return 'an event of no known kind';
  const read = shape.safeParse(value?.event);
  if (read.success) return { kind, event: read.data };
  const [issue] = read.error.issues;
  return `an event whose ${issue?.path.map(String).join('.') ?? 'content'} is wrong`;
}
