import { wordOf } from '#arm/client-answer.ts';
import { fault } from '#base/fault.ts';
import type { JsonObject } from '#arm/resource.ts';
import { asJson, asTable, type Column } from './output.ts';
import type { Session } from './session.ts';

const recordsPath = '/providers/Isthmus.Audit/records';
const verifyPath = '/providers/Isthmus.Audit/verify';

export interface AuditRequest {
  /** ISO 8601, or how long ago: `30m`, `12h`, `7d`. */
  readonly since: string | undefined;
  readonly verify: boolean;
  readonly output: 'table' | 'json';
}

/** Shows the audit log, or verifies its chain. Faults: `AuditBroken` (corrupt), `BadTime`. */
export async function auditCommand({ since, verify, output }: AuditRequest, { arm, terminal }: Session): Promise<void> {
  if (verify) {
    const verdict = await arm.post(verifyPath);
    if (verdict['valid'] !== true) throw broken(verdict);
    return terminal.write(output === 'json' ? asJson(verdict) : `The audit log is whole: ${wordOf(verdict['records'])} records.\n`);
  }
  const query = since === undefined ? '' : `?$since=${encodeURIComponent(sinceTime(since, Date.now()))}`;
  const records = await arm.list(`${recordsPath}${query}`);
  await terminal.write(output === 'json' ? asJson(records) : asTable(columns, records));
}

const text = (name: string) => (row: JsonObject) =>
  typeof row[name] === 'string' || typeof row[name] === 'number' ? String(row[name]) : undefined;
const columns: readonly Column<JsonObject>[] = [
  { title: 'NO', of: text('sequence') },
  { title: 'TIME', of: (row) => text('time')(row) ?? text('at')(row) },
  { title: 'WHO', of: (row) => text('principalName')(row) ?? text('principal')(row) },
  { title: 'ACTION', of: text('action') },
  { title: 'OUTCOME', of: (row) => [text('outcome')(row), text('code')(row)].filter((word) => word !== undefined).join(' ') },
  { title: 'SCOPE', of: text('scope') },
  {
    title: 'CHANGED',
    of: ({ changes }) =>
      Array.isArray(changes) ? (changes as readonly JsonObject[]).map((one) => wordOf(one['name'])).join(' ') : undefined,
  },
];

const unitsMs: Readonly<Record<string, number>> = Object.freeze({ s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 });

/** As ISO 8601, UTC. */
function sinceTime(since: string, nowMs: number): string {
  const [, count, unit] = /^(\d{1,6})([smhd])$/.exec(since) ?? [];
  const ms = count === undefined ? Date.parse(since) : nowMs - Number(count) * unitsMs[unit!]!;
  if (Number.isFinite(ms)) return new Date(ms).toISOString();
  throw fault('invalid', 'BadTime', `'${since}' is not a time.`, {
    target: '--since',
    remedy: 'Give 2026-11-22T06:00:00Z, or 30m, 12h, 7d.',
  });
}

function broken({ firstBad, reason, records }: JsonObject): Error {
  const where = firstBad === undefined ? '' : ` at record ${wordOf(firstBad)}`;
  const why = typeof reason === 'string' ? `: ${reason}` : '.';
  return fault('corrupt', 'AuditBroken', `The audit log is broken${where} of ${wordOf(records)}${why}`, {
    target: recordsPath,
    remedy: 'Compare it with a copy from before; whoever changed it could write to the data folder.',
  });
}
