import { objectOf } from '#arm/client-answer.ts';
import type { EgressRecord, EgressReport } from '#arm/egress-report.ts';
import type { JsonObject } from '#arm/resource.ts';

export type EgressMode = 'open' | 'report' | 'enforce';

/** What `GET {network}/egressReport` answers. */
export interface ShownReport extends EgressReport {
  readonly mode: EgressMode;
}

export const egressModes: readonly { readonly mode: EgressMode; readonly text: string }[] = [
  { mode: 'open', text: 'Open: everything is let out, and what is let out is kept' },
  { mode: 'report', text: 'Report: everything is let out, and what enforcing would break is told' },
  { mode: 'enforce', text: 'Enforce: only what approved endpoints lead to is let out' },
];

const tag = 'hidden-egress-mode';

/** The body that changes a home's mode: its other tags stay, which a write of tags would take away. */
export function modeBody(tags: Readonly<Record<string, string>>, mode: EgressMode): JsonObject {
  const others = Object.fromEntries(Object.entries(tags).filter(([name]) => name.toLowerCase() !== tag));
  return { tags: { ...others, [tag]: mode } };
}

/** What changing the mode would do, with what is known to be let out now. */
export function modeConsequence(mode: EgressMode, { wouldBreak, mode: now }: Pick<ShownReport, 'wouldBreak' | 'mode'>): string {
  if (mode !== 'enforce') return 'Everything is let out of the managed network from then on, and what is let out is kept.';
  if (now === 'enforce') return 'It is so already.';
  if (now === 'open' && wouldBreak.length === 0)
    return 'Nothing is known that would break. In the mode Report it is watched for what would, before anything is refused.';
  if (wouldBreak.length === 0) return 'Nothing that was seen would break.';
  return `${wouldBreak.length === 1 ? 'One way' : `${wouldBreak.length} ways`} out that ${wouldBreak.length === 1 ? 'was' : 'were'} used would be refused: ${wouldBreak
    .slice(0, 5)
    .map(({ host, port }) => `${host}:${port}`)
    .join(', ')}${wouldBreak.length > 5 ? ' and others' : ''}.`;
}

/** A home's protection that was decided at its creation. */
export function isProtected(properties: JsonObject): boolean {
  return objectOf(properties['managedVirtualNetworkSettings'])['preventDataExfiltration'] === true;
}

export function recordKey({ host, port, asker, code }: EgressRecord): string {
  return `${host}:${port} ${asker ?? ''} ${code ?? ''}`;
}

/** The last two words of an id; a host as it is. */
export function ruleWord(rule: string | undefined): string {
  return rule === undefined ? '' : rule.split('/').slice(-2).join('/');
}
