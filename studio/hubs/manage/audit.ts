import { textOf, wordOf } from '#arm/client-answer.ts';
import type { JsonObject } from '#arm/resource.ts';
import { keyOf } from '#arm/resource-id.ts';

/** One record of the audit log, as it is answered. */
export interface AuditRecord {
  readonly sequence: number;
  readonly time: string;
  readonly action: string;
  readonly scope: string;
  readonly principal: string;
  readonly principalName: string;
  readonly outcome: 'succeeded' | 'refused';
  readonly code?: string;
  readonly correlationId: string;
  readonly changes: readonly { readonly name: string; readonly before?: string; readonly after?: string }[];
}

export const auditPeriods: readonly { readonly value: string; readonly text: string; readonly ms: number | undefined }[] = [
  { value: '1h', text: 'The last hour', ms: 3_600_000 },
  { value: '24h', text: 'The last day', ms: 86_400_000 },
  { value: '7d', text: 'The last 7 days', ms: 604_800_000 },
  { value: 'all', text: 'All', ms: undefined },
];

/** The address of the records. Times are cut to minutes, so that the same page asks the same. */
export function auditPath(scope: string, period: string, nowMs: number): string {
  const ms = auditPeriods.find(({ value }) => value === period)?.ms;
  const since = ms === undefined ? '' : `?$since=${encodeURIComponent(new Date(Math.floor((nowMs - ms) / 60_000) * 60_000).toISOString())}`;
  return `${scope.replace(/\/+$/, '')}/providers/Isthmus.Audit/records${since}`;
}

export interface AuditFilter {
  /** Empty: any. */
  readonly outcome: string;
  readonly text: string;
}

/** Records that match, the latest first. */
export function matching(records: readonly AuditRecord[], { outcome, text }: AuditFilter): readonly AuditRecord[] {
  const words = keyOf(text).split(/\s+/).filter(Boolean);
  return records
    .filter((one) => {
      if (outcome !== '' && one.outcome !== outcome) return false;
      const said = keyOf(`${one.action} ${one.scope} ${one.principal} ${one.principalName} ${one.code ?? ''} ${one.correlationId}`);
      return words.every((word) => said.includes(word));
    })
    .toSorted((a, b) => b.sequence - a.sequence);
}

/** What a verification found, as a sentence. */
export function verdictWord({ valid, records, firstBad, reason }: JsonObject): string {
  if (valid === true) return `The log is whole: ${wordOf(records)} records, each sealed by the next.`;
  return `The log was tampered with at record ${wordOf(firstBad)}: ${textOf(reason) ?? 'its chain is broken.'}`;
}
